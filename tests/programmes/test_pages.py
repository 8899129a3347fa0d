"""The pages of the programmes room: who opens which, what a form saves, what it says of nonsense."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from indicators.models import Objective, Partner, Programme, ProgrammeIndicator, ReportingUnit, SignOff
from indicators.programmes.actions import start_design_version
from tests.factories import (
    AT,
    make_admin,
    make_indicator,
    make_partner,
    make_programme,
    make_unit,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return make_programme("NMI", partners=[make_partner("IRQ")])


@pytest.fixture
def admin(client):
    person = make_admin("admin")
    client.force_login(person)
    return person


def text(response):
    return response.content.decode()


def facts(**given):
    defaults = {
        "code": "ICI-RC",
        "name": "Regional centre",
        "summary": "It gives courses.",
        "framework": "ICI-RC",
        "partners": [make_partner("KWT").pk],
        "starts_on": "2024-01-01",
        "ends_on": "2026-12-31",
        "time_zone": "Asia/Kuwait",
        "fiscal_year_start_month": "1",
        "grace_days": "15",
        "validation_days": "20",
        "approval_days": "25",
    }
    return defaults | given


def plan(**given):
    defaults = {
        "rationale": "The posts are what the partner asked for.",
        "frequency": "quarterly",
        "weight": "1",
        "marking": "NATO UNCLASSIFIED",
        "baseline": "20",
        "baseline_on": "2024-01-01",
        "baseline_source": "Joint inspection",
        "target": "80",
        "target_on": "2026-12-31",
        "trajectory": "linear",
        "on_track_from": "0.90",
        "at_risk_from": "0.75",
        "milestones-TOTAL_FORMS": "4",
        "milestones-INITIAL_FORMS": "0",
    }
    return defaults | given


# --- Who opens what ----------------------------------------------------------------------------------------

READ = ["programme-design", "unit-list", "course-list", "member-list"]
WRITE = [
    "programme-edit",
    "design-start",
    "unit-new",
    "course-new",
    "member-new",
]


@pytest.mark.parametrize("name", [*READ, *WRITE])
def test_a_stranger_finds_nothing(client, programme, name):
    client.force_login(make_user(programme=make_programme()))

    assert client.get(reverse(name, args=["NMI"])).status_code == 404


@pytest.mark.parametrize("name", READ)
def test_a_member_reads(client, programme, name):
    client.force_login(make_user(programme=programme))

    page = client.get(reverse(name, args=["NMI"]))

    assert page.status_code == 200
    assert "/new/" not in text(page)


@pytest.mark.parametrize("name", WRITE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_member_does_not_write(client, programme, name, method):
    client.force_login(make_user(programme=programme))

    assert getattr(client, method)(reverse(name, args=["NMI"])).status_code == 403


def test_a_member_does_not_pick_from_the_library_for_it(client, programme):
    client.force_login(make_user(programme=programme))

    assert client.get(reverse("indicator-add", args=["NMI"])).status_code == 403


@pytest.mark.parametrize("name", [*READ, *WRITE, "indicator-add"])
def test_an_administrator_opens_everything(client, admin, programme, name):
    assert client.get(reverse(name, args=["NMI"])).status_code == 200


def test_registering_is_for_administrators(client, programme):
    client.force_login(make_user(programme=programme))

    assert client.get(reverse("programme-new")).status_code == 403
    assert client.post(reverse("programme-new"), facts()).status_code == 403
    assert Programme.objects.count() == 1


def test_a_partner_viewer_does_not_read_who_works_here(client, programme):
    client.force_login(make_user(global_role="partner_viewer", partner=make_partner("IRQ")))

    assert client.get(reverse("member-list", args=["NMI"])).status_code == 403


def test_a_partner_viewer_sees_only_what_is_released(client, programme):
    shown, hidden = make_indicator(programme), make_indicator(programme)
    shown.releasable_to.add(make_partner("IRQ"))
    client.force_login(make_user(global_role="partner_viewer", partner=make_partner("IRQ")))

    page = text(client.get(reverse("programme-design", args=["NMI"])))

    assert shown.definition.code in page
    assert hidden.definition.code not in page
    assert reverse("indicator-sign-off", args=["NMI", shown.pk]) in page
    assert reverse("member-list", args=["NMI"]) not in page


# --- The list ----------------------------------------------------------------------------------------------


def test_the_list_shows_only_what_one_sees(client, programme):
    make_programme("OTHER")
    client.force_login(make_user(programme=programme))

    page = client.get(reverse("programme-list"))

    assert [row.code for row in page.context["page"]] == ["NMI"]
    assert "/programmes/OTHER/" not in text(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?framework=NMI", ["NMI"]),
        ("?partner=KWT", ["RC"]),
        ("?state=ended", ["OLD"]),
        ("?q=old", ["OLD"]),
        ("?framework=nonsense&partner=%25&state=x", ["NMI", "OLD", "RC"]),
        ("?page=999", ["NMI", "OLD", "RC"]),
    ],
)
def test_the_list_is_filtered(client, admin, programme, query, found):
    make_programme("RC", framework="ICI-RC", partners=[make_partner("KWT")])
    make_programme("OLD", framework="MD", starts_on=date(2019, 1, 1), ends_on=date(2020, 1, 1))

    page = client.get(reverse("programme-list") + query)

    assert [row.code for row in page.context["page"]] == found


@pytest.mark.parametrize("n", [1, 20])
def test_the_list_costs_the_same_for_one_and_for_twenty(client, admin, django_assert_num_queries, n):
    for number in range(n):
        make_indicator(make_programme(f"P{number:02}", partners=[make_partner("IRQ"), make_partner("KWT")]))

    client.get(reverse("my-account"))  # the first request of a session stores its beginning
    with django_assert_num_queries(8):
        # session, user, menu, partners of the filter, count, rows, partners, designs
        client.get(reverse("programme-list"))


@pytest.mark.parametrize("n", [1, 20])
def test_the_design_costs_the_same_for_one_and_for_twenty(
    client, admin, programme, django_assert_num_queries, n
):
    design = programme.designs.get()
    for number in range(n):
        Objective.objects.create(design=design, code=f"OP{number}", level="output", statement="x")
        make_indicator(programme, partner=make_partner("IRQ"))

    client.get(reverse("my-account"))  # the first request of a session stores its beginning
    with django_assert_num_queries(10):
        # session, user, menu, programme, designs, indicators, sign-offs, statuses, objectives, assumptions
        client.get(reverse("programme-design", args=["NMI"]))


@pytest.mark.parametrize("name", ["unit-list", "member-list", "course-list"])
def test_the_lists_inside_cost_the_same_for_one_and_for_twenty(client, admin, programme, name):
    client.get(reverse("my-account"))  # the first request of a session stores its beginning
    counts = []
    for n in (1, 19):
        for _number in range(n):
            make_unit(programme, partner=make_partner("IRQ"))
            make_user(programme=programme)
            course = programme.courses.create(code=f"C{programme.courses.count()}", title="x", topic="cyber")
            course.runs.create(
                code="1",
                starts_on=date(2025, 1, 1),
                ends_on=date(2025, 1, 2),
                seats=3,
                unit=make_unit(programme),
            )
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(reverse(name, args=["NMI"]))
        counts.append(len(caught))

    assert counts[0] == counts[1]


# --- Registering -------------------------------------------------------------------------------------------


def test_an_administrator_registers_a_programme(client, admin):
    answer = client.post(reverse("programme-new"), facts())

    assert answer.status_code == 302
    assert answer.url == reverse("programme-design", args=["ICI-RC"])
    assert [p.code for p in Programme.objects.get().partners.all()] == ["KWT"]


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("code", "ici rc", "capitals"),
        ("code", "", "Empty"),
        ("name", "x" * 201, "200"),
        ("framework", "NATO", "“NATO” is not one of the choices"),
        ("partners", ["999999"], "“999999” is not one of the choices"),
        ("partners", ["NA"], "“NA” is not one of the choices"),
        ("starts_on", "1/2/2024", "“1/2/2024” is not a day; expected year-month-day"),
        ("starts_on", "2024-02-30", "“2024-02-30” is not a day"),
        ("ends_on", "9999-12-31", "expected a day from 1950 to 2100"),
        ("time_zone", "Baghdad", "“Baghdad” is not a time zone"),
        ("fiscal_year_start_month", "13", "“13” is not one of the choices"),
        ("grace_days", "ten", "“ten” is not a whole number"),
        ("grace_days", "-1", "0"),
        ("name", "a\x00b", "Null"),
    ],
)
def test_nonsense_is_answered_at_its_field(client, admin, field, given, words):
    answer = client.post(reverse("programme-new"), facts(**{field: given}))

    assert answer.status_code == 200
    assert words in answer.context["form"].errors[field][0]
    assert not Programme.objects.exists()


def test_a_stale_form_says_who_was_quicker(client, admin, programme):
    given = facts(code="NMI", partners=[p.pk for p in programme.partners.all()], version="1")
    assert client.post(reverse("programme-edit", args=["NMI"]), given).status_code == 302

    answer = client.post(reverse("programme-edit", args=["NMI"]), given | {"name": "Mine"})

    assert "Admin changed" in text(answer)
    programme.refresh_from_db()
    assert programme.name == "Regional centre"


# --- Design ------------------------------------------------------------------------------------------------


def test_a_design_is_drafted_and_put_in_force(client, admin, programme):
    client.post(reverse("design-start", args=["NMI"]), {"reason": "The context changed."})
    client.post(reverse("scope-edit", args=["NMI"]), {"scope": "The border only."})
    client.post(
        reverse("objective-new", args=["NMI"]),
        {"code": "IM1", "level": "impact", "statement": "Safer.", "position": ""},
    )
    client.post(
        reverse("assumption-new", args=["NMI"]),
        {"kind": "risk", "statement": "Staff leave.", "likelihood": "high", "impact": "low", "response": ""},
    )
    page = text(client.get(reverse("programme-design", args=["NMI"]) + "?version=2"))
    answer = client.post(reverse("design-force", args=["NMI"]), {"in_force_from": ""})

    assert all(words in page for words in ("The border only.", "Safer.", "Staff leave."))
    assert answer.status_code == 302
    assert programme.designs.get(state="in_force").number == 2


def test_without_a_draft_there_is_nothing_to_edit(client, admin, programme):
    objective = programme.designs.get().objectives.get()

    assert client.get(reverse("objective-new", args=["NMI"])).status_code == 404
    assert client.get(reverse("objective-edit", args=["NMI", objective.pk])).status_code == 404


def test_an_objective_of_another_programme_is_no_parent(client, admin, programme):
    start_design_version(programme=programme, reason="x", by=admin, at=AT)
    stranger = make_programme().designs.get().objectives.get()

    answer = client.post(
        reverse("objective-new", args=["NMI"]),
        {"code": "OP1", "level": "output", "statement": "x", "parent": stranger.pk},
    )

    assert f"“{stranger.pk}” is not one of the choices" in answer.context["form"].errors["parent"][0]


def test_removing_asks_first_and_says_why_not(client, admin, programme):
    design = start_design_version(programme=programme, reason="x", by=admin, at=AT)
    parent = design.objectives.get()
    design.objectives.create(code="OP1", level="output", statement="x", parent=parent)
    url = reverse("objective-remove", args=["NMI", parent.pk])

    assert client.get(url).status_code == 200
    assert "OP1 contribute" in text(client.post(url))
    assert design.objectives.count() == 2


# --- Units, courses, members -------------------------------------------------------------------------------


def test_a_unit_is_added_and_changed(client, admin, programme):
    client.post(
        reverse("unit-new", args=["NMI"]),
        {
            "code": "IRQ",
            "name": "Iraq",
            "kind": "country",
            "partner": make_partner("IRQ").pk,
            "is_active": "on",
        },
    )
    unit = ReportingUnit.objects.get()
    client.post(
        reverse("unit-edit", args=["NMI", unit.pk]), {"code": "IRQ", "name": "All of Iraq", "kind": "country"}
    )

    unit.refresh_from_db()
    assert (unit.name, unit.is_active) == ("All of Iraq", False)


def test_a_unit_of_another_programme_is_no_parent(client, admin, programme):
    stranger = make_unit(make_programme(), kind="country")

    answer = client.post(
        reverse("unit-new", args=["NMI"]), {"code": "A", "name": "A", "kind": "site", "parent": stranger.pk}
    )

    assert "parent" in answer.context["form"].errors
    assert client.get(reverse("unit-edit", args=["NMI", stranger.pk])).status_code == 404


def test_a_course_and_its_run_are_added(client, admin, programme):
    client.post(
        reverse("course-new", args=["NMI"]), {"code": "CYB", "title": "Cyber basics", "topic": "cyber"}
    )
    course = programme.courses.get()
    client.post(
        reverse("run-new", args=["NMI", course.pk]),
        {"code": "CYB-1", "starts_on": "2025-03-02", "ends_on": "2025-03-13", "seats": "24"},
    )

    assert course.runs.get().periods.count() == 1
    assert "CYB-1" in text(client.get(reverse("course-list", args=["NMI"])))


def test_a_role_is_given_and_ended(client, admin, programme):
    person = make_user("amal")
    client.post(reverse("member-new", args=["NMI"]), {"user": person.pk, "role": "officer"})
    membership = person.memberships.get()
    url = reverse("member-end", args=["NMI", membership.pk])

    assert "Amal" in text(client.get(url))
    assert client.post(url, {"ends_on": "2099-12-31"}).status_code == 302

    membership.refresh_from_db()
    assert membership.ends_on == date(2099, 12, 31)


# --- Tailoring ---------------------------------------------------------------------------------------------


def test_the_library_is_searched(client, admin, programme):
    make_version("BRD-01", name="Posts manned")
    make_version("CYB-01", name="Incidents reported")

    page = client.get(reverse("indicator-add", args=["NMI"]) + "?q=incid")

    assert [v.name for v in page.context["page"]] == ["Incidents reported"]


def test_an_indicator_is_tailored(client, admin, programme):
    make_version("BRD-01")
    units = [make_unit(programme), make_unit(programme)]
    given = plan(
        units=[u.pk for u in units],
        releasable_to=[make_partner("IRQ").pk],
        baseline="0",
        **{
            "milestones-0-due_on": "2025-06-30",
            "milestones-0-value": "40.5",
            "milestones-0-label": "Half way",
        },
    )

    answer = client.post(reverse("indicator-tailor", args=["NMI", "BRD-01"]), given)

    assert answer.status_code == 302
    indicator = ProgrammeIndicator.objects.get()
    assert (indicator.plan.baseline, indicator.plan.milestones.get().value) == (0, Decimal("40.5"))
    assert indicator.units.count() == 2


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("target", "80,5", "“80,5” has a comma"),
        ("target", "1e3", "“1e3” is not a number"),
        ("target", "NaN", "“NaN” is not a number"),
        ("target", "٨٠", "is not a number"),
        ("target", "1" * 30, "digits"),
        ("target", "10", "target 10 lies below baseline 20"),
        ("baseline_on", "yesterday", "“yesterday” is not a day"),
        ("rationale", "", "Empty"),
        ("rationale", "  ", "Empty"),
        ("weight", "-1", "expected 0 or more"),
        ("weight", "", "Empty"),
        ("frequency", "daily", "“daily” is not one of the choices"),
        ("marking", "NATO SECRET", "is not one of the choices"),
        ("objective", "424242", "“424242” is not one of the choices"),
        ("units", ["424242"], "“424242” is not one of the choices"),
        ("partner", "x", "is not one of the choices"),
        ("responsible", "424242", "is not one of the choices"),
        ("on_track_from", "0.5", "“on track from”, 0.5"),
    ],
)
def test_a_bad_figure_is_answered_at_its_field(client, admin, programme, field, given, words):
    make_version("BRD-01")

    answer = client.post(reverse("indicator-tailor", args=["NMI", "BRD-01"]), plan(**{field: given}))

    errors = answer.context["form"].errors
    assert any(words in error for found in errors.values() for error in found), errors
    assert field in errors or field == "on_track_from"
    assert not ProgrammeIndicator.objects.exists()


@pytest.mark.parametrize(
    "row",
    [
        {"milestones-0-due_on": "2025-06-30"},
        {"milestones-0-value": "4"},
        {"milestones-0-label": "Half way"},
        {"milestones-0-due_on": "soon", "milestones-0-value": "4"},
        {"milestones-TOTAL_FORMS": "x"},
    ],
)
def test_half_a_milestone_is_refused(client, admin, programme, row):
    make_version("BRD-01")

    answer = client.post(reverse("indicator-tailor", args=["NMI", "BRD-01"]), plan(**row))

    assert answer.status_code == 200
    assert not ProgrammeIndicator.objects.exists()


@pytest.mark.parametrize(
    "given", [{"direction": "range"}, {"result_level": "context"}, {"value_type": "text"}]
)
def test_the_form_asks_only_what_the_kind_knows(client, admin, programme, given):
    make_version("BRD-01", **given)

    page = client.get(reverse("indicator-tailor", args=["NMI", "BRD-01"]))

    assert page.status_code == 200
    assert "target" not in page.context["form"].fields


def test_how_it_is_used_is_changed(client, admin, programme):
    indicator = make_indicator(programme)
    url = reverse("indicator-edit", args=["NMI", indicator.pk])
    assert client.get(url).status_code == 200

    given = plan(local_name="Posts up to standard", row_version="1", is_active="on")
    assert client.post(url, given).status_code == 302

    indicator.refresh_from_db()
    assert indicator.name == "Posts up to standard"
    assert "Somebody changed" in text(client.post(url, given | {"local_name": "Again"}))


def test_a_target_is_revised_and_its_history_shown(client, admin, programme):
    programme.ends_on = date(2099, 12, 31)
    programme.save(update_fields=["ends_on"])
    indicator = make_indicator(programme)
    url = reverse("target-revise", args=["NMI", indicator.pk])

    answer = client.post(
        url, plan(target="60", reason_code="context", reason="Fewer posts are funded.", number="1")
    )

    assert answer.status_code == 302, answer.context["form"].errors
    page = text(client.get(url))
    assert "Fewer posts are funded." in page
    assert [(r.number, r.target) for r in indicator.revisions.all()] == [(1, 80), (2, 60)]


def test_an_indicator_of_another_programme_is_not_found_under_this_one(client, admin, programme):
    stranger = make_indicator(make_programme())

    for name in ("indicator-edit", "target-revise", "indicator-sign-off"):
        assert client.get(reverse(name, args=["NMI", stranger.pk])).status_code == 404


# --- Sign-off ----------------------------------------------------------------------------------------------


def test_a_partner_reads_and_signs(client, programme):
    indicator = make_indicator(programme)
    indicator.releasable_to.add(make_partner("IRQ"))
    client.force_login(make_user(global_role="partner_viewer", partner=make_partner("IRQ")))
    url = reverse("indicator-sign-off", args=["NMI", indicator.pk])
    assert indicator.rationale in text(client.get(url))

    assert "say why you decline" in text(client.post(url, {"decision": "declined", "number": "1"}))
    assert client.post(url, {"decision": "signed", "number": "1"}).status_code == 302

    assert SignOff.objects.get().partner == Partner.objects.get(code="IRQ")
    assert "Send the answer" not in text(client.get(url))


def test_another_nation_finds_nothing_and_staff_do_not_sign(client, programme):
    indicator = make_indicator(programme)
    indicator.releasable_to.add(make_partner("IRQ"))
    url = reverse("indicator-sign-off", args=["NMI", indicator.pk])

    client.force_login(make_user(global_role="partner_viewer", partner=make_partner("KWT")))
    assert client.get(url).status_code == 404
    client.force_login(make_user(programme=programme))
    assert client.post(url, {"decision": "signed", "number": "1"}).status_code == 403
    assert not SignOff.objects.exists()


def test_no_page_has_inline_style_or_script(client, admin, programme):
    make_version("BRD-01")
    indicator = make_indicator(programme)
    pages = [
        reverse("programme-list"),
        reverse("programme-new"),
        reverse("programme-design", args=["NMI"]),
        reverse("indicator-tailor", args=["NMI", "BRD-01"]),
        reverse("target-revise", args=["NMI", indicator.pk]),
    ]
    for url in pages:
        page = text(client.get(url))
        assert ' style="' not in page
        assert "onclick" not in page
