"""The entry form: every kind of value, zero and empty, warnings before saving, double sending, bad input."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from indicators.models import Evidence, Observation, State
from tests.entry.scenes import PDF, Scene, log_in
from tests.factories import make_observation, make_partner, make_unit, make_user, make_version

pytestmark = pytest.mark.django_db
LEVELS = [
    {"level": 0, "label": "None", "descriptor": "No plan exists."},
    {"level": 3, "label": "Practised", "descriptor": "The plan is exercised yearly."},
]


@pytest.fixture
def scene():
    return Scene()


def send(scene, client, step="submit", **given):
    log_in(client, scene.officer)
    answers = {
        "period": scene.q3.pk,
        "as_of": "2025-09-30",
        "reliability": "B",
        "credibility": "2",
        "marking": "NATO UNCLASSIFIED",
        "declaration": "on",
        "evidence_elsewhere": "Archive of the border police",
        "step": step,
    }
    return client.post(reverse("observation-new", args=[scene.indicator.pk]), answers | given)


VALUES = {
    "count": ({"value": "1234"}, ("value", Decimal(1234))),
    "number": ({"value": "-12.5"}, ("value", Decimal("-12.5"))),
    "ratio": ({"numerator": "30", "denominator": "60"}, ("numerator", Decimal(30))),
    "score": ({"value": "3.25", "sample_size": "40"}, ("sample_size", 40)),
    "index": ({"value": "0.613"}, ("value", Decimal("0.613"))),
    "ordinal": ({"value": "3"}, ("value", Decimal(3))),
    "binary": ({"value": "0"}, ("value", Decimal(0))),
    "milestone": ({"value": "1"}, ("value", Decimal(1))),
    "effect_size": ({"value": "0.4", "standard_error": "0.1", "sample_size": "63"}, ("standard_error", Decimal("0.1"))),
    "text": ({"text": "The ministry adopted the doctrine."}, ("text", "The ministry adopted the doctrine.")),
}  # fmt: skip


def scene_of(kind):
    return Scene(version=make_version(value_type=kind, scale=Decimal(1), levels=LEVELS, min_denominator=None))


@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_of_value_is_logged_submitted_and_shown(client, kind):
    given, (field, kept) = VALUES[kind]
    scene = scene_of(kind)

    answer = send(scene, client, **given)

    observation = Observation.objects.get()
    assert (getattr(observation, field), observation.state) == (kept, State.SUBMITTED)
    assert answer.url == reverse("observation-detail", args=[observation.pk])
    page = client.get(answer.url).content.decode()
    assert "Submitted" in page
    assert "Archive of the border police" in page


@pytest.mark.parametrize("kind", VALUES)
def test_the_form_of_every_kind_opens(client, kind):
    scene = scene_of(kind)
    log_in(client, scene.officer)

    page = client.get(reverse("observation-new", args=[scene.indicator.pk])).content.decode()

    assert "Baseline" in page
    if kind == "ordinal":
        assert "Practised — The plan is exercised yearly." in page
    if kind == "ratio":
        assert "Posts in the sector" in page
        assert 'id="computed"' in page


@pytest.mark.parametrize("kind", VALUES)
def test_a_reason_stands_in_for_any_kind_of_value(client, kind):
    scene = scene_of(kind)

    send(scene, client, missing_reason="not_collected")

    observation = Observation.objects.get()
    assert (observation.missing_reason, observation.value, observation.numerator) == (
        "not_collected",
        None,
        None,
    )


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in {"text"}])
def test_empty_is_refused_and_never_taken_for_zero(client, kind):
    scene = scene_of(kind)

    answer = send(scene, client)

    assert answer.status_code == 422
    assert "given" in answer.content.decode()
    assert not Observation.objects.exists()


def test_zero_is_kept_as_zero(client):
    scene = scene_of("count")

    send(scene, client, value="0")

    assert Observation.objects.get().value == 0


def test_a_draft_needs_no_declaration_and_a_submission_does(client, scene):
    figures = {"numerator": "30", "denominator": "60", "declaration": ""}

    assert send(scene, client, **figures).status_code == 422
    assert not Observation.objects.exists()

    send(scene, client, step="draft", **figures)
    assert Observation.objects.get().state == State.DRAFT


def test_a_warning_stops_the_first_submission_and_a_comment_lets_the_second_pass(client, scene):
    figures = {"numerator": "30", "denominator": "60", "evidence_elsewhere": ""}

    first = send(scene, client, **figures)
    assert (first.status_code, Observation.objects.count()) == (422, 0)
    assert "No evidence is given" in first.content.decode()
    assert 'value="30"' in first.content.decode()

    send(scene, client, comment="The sheet is on its way.", **figures)
    assert Observation.objects.get().state == State.SUBMITTED


def test_the_check_shows_warnings_and_saves_nothing(client, scene):
    for quarter, numerator in zip(scene.quarters[:6], (31, 32, 33, 32, 31, 33), strict=True):
        make_observation(scene.indicator, quarter, numerator=Decimal(numerator), denominator=Decimal(60))

    plain = send(scene, client, step="check", numerator="59", denominator="60")
    log_in(client, scene.officer)
    part = client.post(
        reverse("observation-new", args=[scene.indicator.pk]),
        {"period": scene.q3.pk, "as_of": "2025-09-30", "reliability": "B", "credibility": "2", "step": "check",
         "marking": "NATO UNCLASSIFIED", "numerator": "59", "denominator": "60"},
        headers={"HX-Request": "true"},
    )  # fmt: skip

    assert "far from the usual" in plain.content.decode()
    assert "far from the usual" in part.content.decode()
    assert "<h1" not in part.content.decode()
    assert not Observation.objects.filter(period=scene.q3).exists()


def test_the_same_form_sent_twice_keeps_one_figure_and_shows_it(client, scene):
    send(scene, client, numerator="30", denominator="60")
    again = send(scene, client, numerator="30", denominator="60")

    assert Observation.objects.count() == 1
    assert again.status_code == 422
    assert Observation.objects.get().get_absolute_url() in again.content.decode()


def test_before_a_unit_is_chosen_the_values_of_all_units_together_stand_beside_the_field(client, scene):
    units = [make_unit(scene.programme), make_unit(scene.programme)]
    scene.indicator.units.set(units)
    scene.approve(unit=units[0], numerator="30", denominator="60")
    scene.approve(unit=units[1], numerator="60", denominator="60")
    log_in(client, scene.officer)

    page = client.get(reverse("observation-new", args=[scene.indicator.pk])).content.decode()

    beside = page.partition('id="beside"')[2]
    assert "all units together" in beside
    assert "75\N{NO-BREAK SPACE}%" in beside


def test_a_declaration_is_remembered_when_the_form_comes_back(client, scene):
    page = send(scene, client, numerator="70", denominator="60")

    assert page.status_code == 422
    assert page.context["form"]["declaration"].value() is True


def test_last_values_target_and_baseline_stand_beside_the_field(client, scene):
    make_observation(scene.indicator, scene.quarters[5], numerator=Decimal(45), denominator=Decimal(60))
    log_in(client, scene.officer)

    page = client.get(
        reverse("observation-new", args=[scene.indicator.pk]), {"period": scene.q3.pk}
    ).content.decode()

    assert "45 of 60 = 75" in page
    assert "20\N{NO-BREAK SPACE}%" in page
    assert "80\N{NO-BREAK SPACE}%" in page


def test_the_address_chooses_period_unit_and_cell(client):
    version = make_version(
        disaggregations=[{"name": "sex", "label": "Sex", "categories": [{"code": "f", "label": "Women"}]}]
    )
    scene = Scene(version=version)
    basra, mosul = make_unit(scene.programme, "BSR"), make_unit(scene.programme, "NA")
    scene.indicator.units.set([basra, mosul])
    log_in(client, scene.officer)

    page = client.get(
        reverse("observation-new", args=[scene.indicator.pk]),
        {"period": scene.quarters[2].pk, "unit": mosul.pk, "cell": "sex=f"},
    ).content.decode()

    assert f'<option value="{scene.quarters[2].pk}" selected>' in page
    assert f'<option value="{mosul.pk}" selected>' in page
    assert '<option value="f" selected>' in page


def test_the_percent_is_computed_while_typing(client, scene):
    log_in(client, scene.officer)
    address = reverse("observation-computed", args=[scene.indicator.pk])

    assert (
        "50\N{NO-BREAK SPACE}%"
        in client.get(address, {"numerator": "30", "denominator": "60"}).content.decode()
    )
    assert client.get(address, {"numerator": "30", "denominator": ""}).content.decode().strip() == ""
    assert "1,5" in client.get(address, {"numerator": "1,5", "denominator": "60"}).content.decode()
    assert client.get(address, {"numerator": "30", "denominator": "0"}).content.decode().strip() == ""


def test_several_evidence_files_are_kept_with_their_hash(client, scene, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    send(
        scene, client, numerator="30", denominator="60", evidence_elsewhere="", evidence_link="https://example.org/a",
        evidence_files=[SimpleUploadedFile("sheet.pdf", PDF), SimpleUploadedFile("notes.txt", b"Ten posts.")],
    )  # fmt: skip

    assert sorted(Evidence.objects.values_list("name", flat=True)) == [
        "https://example.org/a", "notes.txt", "sheet.pdf",
    ]  # fmt: skip
    assert all(len(one.sha256) == 64 for one in Evidence.objects.filter(kind="file"))


def test_one_refused_file_keeps_nothing(client, scene, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    answer = send(
        scene, client, numerator="30", denominator="60",
        evidence_files=[SimpleUploadedFile("sheet.pdf", PDF), SimpleUploadedFile("x.svg", b"<svg></svg>")],
    )  # fmt: skip

    assert answer.status_code == 422
    assert "“x.svg” was refused" in answer.content.decode()
    assert not Observation.objects.exists()
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"as_of": "30/09/2025"}, "A date such as 2025-09-30"),
        ({"as_of": "0000-01-01"}, "A date such as"),
        ({"as_of": "2999-01-01"}, "in the future"),
        ({"period": "999999999999999999999"}, "Select a valid choice"),
        ({"period": "x"}, "Select a valid choice"),
        ({"numerator": "1e5"}, "without an exponent"),
        ({"numerator": "61"}, "larger than the denominator"),
        ({"reliability": "Z"}, "Z is not one of the available choices"),
        ({"comment": "Copied from a NATO SECRET cable about Basra"}, "above NATO UNCLASSIFIED"),
        ({"evidence_link": "javascript:alert(1)"}, "a web address such as"),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_nothing_is_kept(client, scene, given, words):
    answer = send(scene, client, **({"numerator": "30", "denominator": "60"} | given))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Observation.objects.exists()


def test_who_may_open_the_form(client, scene):
    address = reverse("observation-new", args=[scene.indicator.pk])
    cast = {
        scene.officer: 200,
        scene.approver: 200,
        make_user(programme=scene.programme, role="reader"): 403,
        make_user(global_role="auditor"): 403,
        Scene().officer: 404,
        make_user(global_role="partner_viewer", partner=make_partner("JOR", framework="MD")): 404,
    }
    for person, code in cast.items():
        log_in(client, person)
        assert client.get(address).status_code == code, person
        assert client.post(address, {}).status_code == (422 if code == 200 else code), person
    client.logout()
    assert client.get(address).status_code == 302


def test_the_form_asks_the_same_number_of_queries_however_long_the_history(
    client, scene, django_assert_max_num_queries
):
    log_in(client, scene.officer)
    address = reverse("observation-new", args=[scene.indicator.pk])
    client.get(address)  # the first request keeps the session's time
    counts = []
    for quarters in (scene.quarters[:1], scene.quarters[1:7]):
        for quarter in quarters:
            make_observation(scene.indicator, quarter)
        with django_assert_max_num_queries(25) as queries:
            client.get(address)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_default_day_is_the_last_of_the_period(client, scene):
    log_in(client, scene.officer)

    page = client.get(reverse("observation-new", args=[scene.indicator.pk]), {"period": scene.q3.pk})

    assert page.context["form"].initial["as_of"] == date(2025, 9, 30)
