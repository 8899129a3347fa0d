"""Due list, observation page, decision, correction, review queue: what is shown, to whom, with how many queries."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from indicators.entry import actions
from indicators.entry.due import Bucket, due_lines, due_progress
from indicators.entry.showing import load_status
from indicators.models import GlobalRole, IndicatorStatus, Observation, Role, State
from tests.entry.scenes import LATER, Scene, log_in
from tests.factories import (
    AT,
    make_indicator,
    make_partner,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 20)


@pytest.fixture
def scene():
    return Scene()


def lines_of(user, today=TODAY, **asked):
    return [
        (line.bucket.value, line.period_label, line.unit_name)
        for line in due_lines(user, today=today, **asked)
    ]


# --- Due ---------------------------------------------------------------------------------------------------------


def test_each_expected_figure_stands_in_the_bucket_of_its_state(scene):
    returned = actions.return_observation(
        observation=scene.submit(period=scene.quarters[0]),
        comment="Count again.",
        by=scene.approver,
        at=LATER,
    )
    scene.record(period=scene.quarters[1])
    scene.submit(period=scene.quarters[2])
    scene.approve(period=scene.quarters[3])

    found = lines_of(scene.officer, today=date(2025, 10, 10))

    assert found == [
        ("done", "2024 Q4", ""),
        ("draft", "2024 Q2", ""),
        ("due", "2025 Q3", ""),
        ("overdue", "2025 Q2", ""),
        ("overdue", "2025 Q1", ""),
        ("returned", "2024 Q1", ""),
        ("waiting", "2024 Q3", ""),
    ]
    (line,) = due_lines(scene.officer, today=TODAY, bucket=Bucket.RETURNED)
    assert (line.observation_id, line.decision_comment) == (returned.pk, "Count again.")


def test_a_rejected_figure_is_due_again(scene):
    actions.reject_observation(observation=scene.submit(), comment="Invented.", by=scene.approver, at=LATER)

    assert ("overdue", "2025 Q3", "") in lines_of(scene.officer)


def test_a_figure_is_due_until_the_last_day_and_overdue_after(scene):
    assert scene.q3.due_on == date(2025, 10, 15)
    assert ("due", "2025 Q3", "") in lines_of(scene.officer, today=date(2025, 10, 15))
    assert ("overdue", "2025 Q3", "") in lines_of(scene.officer, today=date(2025, 10, 16))
    assert not [one for one in lines_of(scene.officer, today=date(2025, 9, 30)) if one[1] == "2025 Q3"]


def test_every_unit_owes_its_own_figure(scene):
    units = [make_unit(scene.programme, code) for code in ("BSR", "MSL")]
    scene.indicator.units.set([*units, make_unit(scene.programme, "OLD", is_active=False)])
    scene.approve(unit=units[0])

    found = [one for one in lines_of(scene.officer) if one[1] == "2025 Q3"]

    assert found == [("done", "2025 Q3", "Site BSR"), ("overdue", "2025 Q3", "Site MSL")]


def test_what_is_reported_when_it_happens_is_never_due(scene):
    make_indicator(scene.programme, frequency="event")
    inactive = make_indicator(scene.programme, is_active=False)

    assert {line.indicator_id for line in due_lines(scene.officer, today=TODAY)} == {scene.indicator.pk}
    assert inactive.pk != scene.indicator.pk


def test_nothing_of_another_programme_is_due_from_me(scene):
    other = Scene()

    assert {line.indicator_id for line in due_lines(scene.officer, today=TODAY)} == {scene.indicator.pk}
    assert due_lines(make_user(programme=other.programme, role=Role.READER), today=TODAY) == []
    assert due_lines(make_user(), today=TODAY) == []
    assert [one.code for one in due_progress(other.officer, today=TODAY)] == [other.programme.code]


def test_progress_counts_what_is_handed_in(scene):
    scene.approve(period=scene.quarters[0])
    scene.submit(period=scene.quarters[1])
    scene.record(period=scene.quarters[2])

    (progress,) = due_progress(scene.officer, today=TODAY)

    assert (progress.answered, progress.expected) == (2, 7)


def test_the_due_page_links_each_line_to_its_form(client, scene):
    draft = scene.record(period=scene.quarters[0])
    log_in(client, scene.officer)

    page = client.get(reverse("due-list")).content.decode()

    new = reverse("observation-new", args=[scene.indicator.pk])
    assert f"{new}?period={scene.q3.pk}" in page
    assert reverse("observation-edit", args=[draft.pk]) in page
    assert "Posts that meet the standard" in page


def test_what_is_done_is_folded_until_it_is_asked_for(client, scene):
    scene.approve(period=scene.quarters[0])
    log_in(client, scene.officer)

    assert "<details" in client.get(reverse("due-list")).content.decode().partition('id="done"')[2]
    assert (
        "<details"
        not in client.get(reverse("due-list") + "?show=done").content.decode().partition('id="done"')[2]
    )


def test_the_due_page_of_somebody_with_nothing_due_says_so(client, scene):
    log_in(client, make_user())

    assert "Nothing is due from you" in client.get(reverse("due-list")).content.decode()


@pytest.mark.parametrize(
    "query", ["show=overdue", "show=overdue&page=2", "show=nonsense", "page=-1", "page=9999999999999999999999",
              "page=x", "mine=1", "mine=x", "programme=%F0%9F%92%A3", "programme=' OR 1=1 --", "show=done&page=00"]
)  # fmt: skip
def test_the_due_page_answers_any_address(client, scene, query):
    log_in(client, scene.officer)

    assert client.get(reverse("due-list") + "?" + query).status_code == 200


@pytest.mark.parametrize("n", [1, 20])
def test_the_due_page_asks_the_same_queries_for_one_indicator_as_for_twenty(
    client, scene, django_assert_num_queries, n
):
    for _ in range(n - 1):
        make_indicator(scene.programme)
    scene.submit()
    log_in(client, scene.officer)
    client.get(reverse("due-list"))

    # session, user, indicators twice, lines, progress, to review, menu
    with django_assert_num_queries(8):
        client.get(reverse("due-list"))


# --- One observation ---------------------------------------------------------------------------------------------


def test_after_approval_the_page_shows_the_new_status_and_explains_it(client, scene):
    submitted = scene.submit(numerator="36", denominator="60", period=scene.quarters[6])
    address = reverse("observation-detail", args=[submitted.pk])
    log_in(client, scene.approver)
    assert "No figure has been approved yet" in client.get(address).content.decode()

    client.post(reverse("observation-decide", args=[submitted.pk]), {"decision": "approve"})

    page = client.get(address).content.decode()
    assert IndicatorStatus.objects.get().value == 60
    assert Observation.objects.current().get() == submitted
    assert "36 of 60 = 60" in page
    assert "Explain this number" in page


def test_the_explanation_gives_every_step_with_its_numbers(scene):
    scene.approve(numerator="36", denominator="60")

    status = load_status(scene.indicator, today=TODAY)

    assert (status.status, status.value) == ("on_track", "60\N{NO-BREAK SPACE}%")
    assert len(status.steps) > 2
    assert any("60" in calculation for _what, calculation, _result in status.steps)
    assert "60" in status.sentence


def test_returning_without_a_comment_is_refused_on_the_page(client, scene):
    submitted = scene.submit()
    log_in(client, scene.approver)

    answer = client.post(
        reverse("observation-decide", args=[submitted.pk]), {"decision": "return", "comment": " "}
    )

    assert answer.status_code == 422
    assert "must learn what is wrong" in answer.content.decode()
    assert Observation.objects.get().state == State.SUBMITTED


@pytest.mark.parametrize("decision", ["", "nonsense", "approve\x01"])
def test_a_decision_that_is_none_changes_nothing(client, scene, decision):
    submitted = scene.submit()
    log_in(client, scene.approver)

    answer = client.post(reverse("observation-decide", args=[submitted.pk]), {"decision": decision})

    assert answer.status_code == 422
    assert Observation.objects.get().state == State.SUBMITTED


def test_the_second_to_decide_is_told_and_changes_nothing(client, scene):
    submitted = scene.submit()
    second = make_user(programme=scene.programme, role=Role.APPROVER)
    scene.approve(submitted)
    log_in(client, second)

    answer = client.post(reverse("observation-decide", args=[submitted.pk]), {"decision": "approve"})

    assert answer.status_code == 403
    assert Observation.objects.get().decided_by == scene.approver


def test_an_officer_is_told_why_the_own_figure_waits(client, scene):
    submitted = scene.submit()
    log_in(client, scene.officer)

    page = client.get(reverse("observation-detail", args=[submitted.pk])).content.decode()

    assert "Only approvers of this programme decide" in page
    assert reverse("observation-decide", args=[submitted.pk]) not in page


def test_a_correction_is_asked_for_its_reason_and_shows_the_old_figure(client, scene):
    old = scene.approve()
    log_in(client, scene.officer)
    address = reverse("observation-correct", args=[old.pk])
    figures = {
        "as_of": "2025-09-30", "reliability": "B", "credibility": "2", "marking": "NATO UNCLASSIFIED",
        "declaration": "on", "numerator": "28", "denominator": "60", "step": "submit",
    }  # fmt: skip

    assert "30 of 60 = 50" in client.get(address).content.decode()
    assert client.post(address, figures | {"reason": ""}).status_code == 422
    client.post(address, figures | {"reason": "Two were counted twice."})

    new = Observation.objects.get(corrects=old)
    assert (new.numerator, new.state) == (28, State.SUBMITTED)
    page = client.get(reverse("observation-detail", args=[new.pk])).content.decode()
    assert "Two were counted twice." in page
    assert "30 of 60 = 50" in page


def test_a_draft_is_changed_submitted_and_discarded_on_its_pages(client, scene):
    draft = scene.record()
    log_in(client, scene.officer)
    edit = reverse("observation-edit", args=[draft.pk])
    page = client.get(edit).content.decode()
    assert 'value="30"' in page

    figures = {
        "as_of": "2025-09-30", "reliability": "B", "credibility": "2", "marking": "NATO UNCLASSIFIED",
        "numerator": "31", "denominator": "60", "step": "draft", "version": "1",
    }  # fmt: skip
    client.post(edit, figures)
    assert Observation.objects.get().numerator == 31
    stale = client.post(edit, figures | {"numerator": "32"})
    assert stale.status_code == 422
    assert "Somebody changed this figure" in stale.content.decode()

    client.post(reverse("observation-submit", args=[draft.pk]), {"declaration": "on"})
    assert Observation.objects.get().state == State.SUBMITTED
    assert client.post(reverse("observation-discard", args=[draft.pk])).status_code == 403
    other = scene.record(period=scene.quarters[0])
    client.post(reverse("observation-discard", args=[other.pk]))
    assert Observation.objects.count() == 1


def test_submitting_a_draft_with_a_warning_leads_to_the_form(client, scene):
    draft = scene.record(source="form")
    log_in(client, scene.officer)

    answer = client.post(reverse("observation-submit", args=[draft.pk]), {"declaration": "on"}, follow=True)

    assert answer.redirect_chain[-1][0] == reverse("observation-edit", args=[draft.pk])
    assert "No evidence is given" in answer.content.decode()


def test_hostile_text_is_shown_as_text(client, scene):
    hostile = "<script>alert(1)</script>{{ 7*7 }}{% csrf_token %}"
    observation = scene.record(comment=hostile)
    log_in(client, scene.officer)

    for name in ("observation-detail", "observation-edit"):
        page = client.get(reverse(name, args=[observation.pk])).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}{% csrf_token %}" in page


PAGES = ["observation-detail", "observation-edit", "observation-correct"]
DEEDS = [
    "observation-submit",
    "observation-discard",
    "observation-decide",
    "observation-edit",
    "observation-correct",
]


def test_who_may_see_and_do_what_with_an_observation(client, scene):
    iraq = scene.programme.partners.get()
    scene.indicator.releasable_to.add(iraq)
    draft, approved = scene.record(), scene.approve(period=scene.quarters[0])
    cast = {
        "officer": (scene.officer, 200, 200),
        "reader": (make_user(programme=scene.programme, role=Role.READER), 200, 200),
        "evaluator": (make_user(programme=scene.programme, role=Role.EVALUATOR), 200, 200),
        "stranger": (Scene().officer, 404, 404),
        "admin": (make_user(global_role=GlobalRole.ADMIN), 200, 200),
        "auditor": (make_user(global_role=GlobalRole.AUDITOR), 200, 200),
        "partner": (make_user(global_role="partner_viewer", partner=iraq), 404, 200),
        "other partner": (make_user(global_role="partner_viewer", partner=make_partner("JOR")), 404, 404),
    }
    for name, (person, sees_draft, sees_approved) in cast.items():
        log_in(client, person)
        assert client.get(reverse("observation-detail", args=[draft.pk])).status_code == sees_draft, name
        page = client.get(reverse("observation-detail", args=[approved.pk]))
        assert page.status_code == sees_approved, name
        if name == "partner":
            assert "History" not in page.content.decode()
        if name != "officer":
            for deed in DEEDS:
                answer = client.post(reverse(deed, args=[draft.pk]), {"decision": "approve"})
                assert answer.status_code == (403 if sees_draft == 200 else 404), (name, deed)
    assert Observation.objects.get(pk=draft.pk).state == State.DRAFT


def test_what_does_not_exist_is_not_found(client, scene):
    log_in(client, scene.officer)

    for pk in ("0", "999999", "9" * 40):
        for name in (*PAGES, "evidence-download", "observation-new"):
            assert client.get(reverse(name, args=[int(pk)])).status_code == 404
        for name in DEEDS:
            assert client.post(reverse(name, args=[int(pk)])).status_code == 404


def test_asking_never_writes(client, scene):
    draft = scene.record()
    log_in(client, scene.officer)

    for name in ("observation-submit", "observation-discard", "observation-decide"):
        assert client.get(reverse(name, args=[draft.pk])).status_code == 405
    assert Observation.objects.get().version == 1


def test_the_observation_page_asks_the_same_queries_however_long_its_history(
    client, scene, django_assert_num_queries
):
    observation = scene.approve()
    log_in(client, scene.approver)
    address = reverse("observation-detail", args=[observation.pk])
    client.get(address)
    for _ in range(2):
        # session, user, observation, chain, trail, evidence, status, roles, whether the period is locked, menu,
        # comments, whom one can name
        with django_assert_num_queries(12):
            client.get(address)
        new = actions.correct_observation(
            observation=observation, reason="A.", by=scene.officer, at=LATER, numerator=28, denominator=60
        )
        actions.reject_observation(observation=new, comment="No.", by=scene.approver, at=LATER)


# --- Days --------------------------------------------------------------------------------------------------------


def test_figures_are_dated_in_the_zone_of_their_programme(scene):
    """At 22:00 UTC it is the next day in Baghdad."""
    late = AT.replace(hour=22)

    assert scene.record(as_of=date(2025, 10, 21), at=late).as_of == date(2025, 10, 21)
    west = Scene()
    type(west.programme).objects.filter(pk=west.programme.pk).update(time_zone="America/New_York")
    west.indicator.programme.refresh_from_db()
    with pytest.raises(ValidationError, match="future"):
        west.record(as_of=date(2025, 10, 21), at=late)


@pytest.mark.django_db
def test_nothing_is_due_for_the_time_before_an_indicator_was_agreed(client):
    from tests import factories as make

    programme = make.make_programme()
    make.make_quarters(programme, since=2024, until=2024)
    make.make_indicator(programme, plan={"effective_on": date(2024, 7, 1)})
    officer = make.make_user(programme=programme)

    lines = due_lines(officer, today=date(2025, 6, 1))

    assert [line.period_label for line in lines] == ["2024 Q4", "2024 Q3"]
