"""What if: the same assessment with other targets, thresholds, weights or figures says what a real one would say."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from indicators import derived
from indicators.assessment import running
from indicators.engine.codec import from_json, judgement_from_json
from indicators.engine.index import IndexScores
from indicators.models import AssessmentRun, Observation, TargetRevision
from indicators.programmes.actions import revise_index, revise_target
from indicators.programmes.recipes import Part
from indicators.reports import what_if
from indicators.reports.what_if_base import base_of_run, base_of_today
from indicators.reports.what_if_views import scratch_form
from tests import factories as make
from tests.assessment.cast import make_assessed, make_due, make_figures

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    """A programme with two indicators at 50 and 60 percent of 80 at the end of 2025 Q3, and an index of both."""
    programme, first = make_assessed("OWN")
    second = make.make_indicator(programme)
    make_figures(second, 12, 15, 18, 22, 26, 28, 36)
    return programme, first, second, make.make_index(programme, [first, second])


def assess(programme, **given):
    make_due(programme, **given)
    running.run_what_is_due()
    return AssessmentRun.objects.latest("pk")


def tried(user, run, **data):
    base = base_of_run(user, run)
    form = scratch_form(user, base, data)
    assert form.is_valid(), form.errors
    return what_if.compute(user, base, form.scratch())


def judgements(found):
    return {one.indicator.pk: one.now.judgement for one in found.outcomes if one.now}


def of_run(run):
    """The judgements that a real assessment stored; the achievement against the first plan included."""
    return {one.indicator_id: judgement_from_json(one.result) for one in run.verdicts.all()}


def revise(indicator, **plan):
    return revise_target(
        indicator=indicator,
        reason_code="context",
        reason="To see.",
        effective_on=date(2024, 1, 1),
        by=make.make_admin(),
        at=make.AT,
        **plan,
    )


@pytest.mark.parametrize(
    "plan",
    [
        {"target": Decimal(95)},
        {"target": Decimal("52.5"), "target_on": date(2026, 6, 30)},
        {"on_track_from": Decimal("1.20"), "at_risk_from": Decimal("0.95")},
        {"target": Decimal(10)},
    ],
)
def test_other_targets_and_thresholds_say_what_a_real_assessment_says(scene, plan):
    programme, first, _second, _index = scene
    run, admin = assess(programme), make.make_admin()

    found = tried(admin, run, **{f"{name}-{first.pk}": str(value) for name, value in plan.items()})

    if plan == {
        "target": Decimal(10)
    }:  # No agreement may say so; the row is written by hand to see the same refusal.
        TargetRevision.objects.create(
            indicator=first, number=2, baseline=20, baseline_on=date(2024, 1, 1), baseline_source="Joint inspection",
            target=10, target_on=date(2026, 12, 31), effective_on=date(2024, 1, 1), reason="To see.", created_by=admin,
        )  # fmt: skip
    else:
        revise(first, **plan)
    real = assess(programme, request=1)
    assert real != run
    assert judgements(found) == of_run(real)
    [touched] = [one for one in found.outcomes if one.is_touched]
    assert touched.indicator == first
    scores = from_json(IndexScores, real.index_results.get().result)
    assert found.indices[0].scores_now == scores


def test_a_flip_is_said_in_one_sentence_with_the_explanation_of_both(client, scene):
    programme, first, _second, _index = scene
    run = assess(programme)
    client.force_login(make.make_user(programme=programme, role="reader"))

    page = client.get(
        reverse("what-if", args=[run.pk]), {f"on_track_from-{first.pk}": "0.80"}
    ).content.decode()

    assert "1 verdict turns" in page
    assert f"{first} turns from “At risk” to “On track”: On track from 0.80 instead of 0.90." in page
    assert page.count("Steps of the calculation") >= 2
    assert "What if, not a result" in page
    assert page.index("verdict turns") < page.index("Side by side")


def test_weights_of_an_index_say_what_a_real_assessment_says(scene):
    programme, first, second, index = scene
    run, admin = assess(programme), make.make_admin()

    found = tried(admin, run, **{f"part-{index.current_id}-{first.pk}": "3"})

    parts = [
        Part(indicator=one, low=Decimal(0), high=Decimal(100), weight=weight)
        for one, weight in ((first, Decimal("0.75")), (second, Decimal("0.25")))
    ]
    revise_index(
        index=index, number=1, name=index.name, purpose="One look.", across="programme", parts=parts,
        reason="To see.", by=admin, at=make.AT,
    )  # fmt: skip
    real = from_json(IndexScores, assess(programme, request=1).index_results.get().result)
    [now], [right] = found.indices[0].scores_now.scores, real.scores
    assert now.value == right.value != found.indices[0].scores_was.scores[0].value
    assert (now.parts, now.usable_weight) == (right.parts, right.usable_weight)


def test_leaving_an_indicator_out_takes_it_from_counts_and_indices(scene):
    programme, first, second, _index = scene
    run, admin = assess(programme), make.make_admin()

    found = tried(admin, run, out=[str(first.pk)])

    assert sum(found.counts_was.values()) == 2
    assert sum(found.counts_now.values()) == 1
    [score] = found.indices[0].scores_now.scores
    assert score.value == Decimal("0.6")
    everything = tried(admin, run, out=[str(first.pk), str(second.pk)])
    assert everything.indices[0].scores_now is None
    assert everything.flips == []


def test_weights_of_indicators_move_the_weighted_achievement_and_no_verdict(scene):
    programme, first, _second, _index = scene
    run, admin = assess(programme), make.make_admin()

    found = tried(admin, run, **{f"weight-{first.pk}": "3"})

    # 50 and 60 percent on the way from 20 to 80: 0.5 and 0.667, weighted 3 to 1.
    assert found.score_was.value == pytest.approx(Decimal("0.58333333"), abs=Decimal("1e-6"))
    assert found.score_now.value == pytest.approx(Decimal("0.54166667"), abs=Decimal("1e-6"))
    assert found.flips == []


def make_split():
    """A programme whose one indicator counts courses at two sites, split by kind; one figure graded E."""
    programme = make.make_programme("OWN")
    version = make.make_version(
        value_type="count", unit="courses", time_rule="last", site_rule="sum", numerator_label="", denominator_label="",
        name="Courses held", min_denominator=None,
        disaggregations=[{"name": "kind", "categories": [{"code": "a"}, {"code": "b"}]}],
    )  # fmt: skip
    sites = [make.make_unit(programme), make.make_unit(programme)]
    indicator = make.make_indicator(programme, version=version, units=sites)
    quarters = make.make_quarters(programme)[:7]
    rows = []
    for number, quarter in enumerate(quarters):
        for cell, value in (("kind=a", 20), ("kind=b", 15), ("", 35)):
            rows.append(
                make.make_observation(
                    indicator, quarter, unit=sites[0], cell=cell, value=Decimal(value), reliability="B"
                )
            )
        rows.append(
            make.make_observation(
                indicator,
                quarter,
                unit=sites[1],
                value=Decimal(10 + number),
                reliability="E" if number else "A",
            )
        )
    with transaction.atomic():
        derived.refresh({(one.indicator_id, one.period_id) for one in rows}, at=make.AT)
    return programme, indicator


@pytest.mark.parametrize(
    ("data", "gone"),
    [
        ({"grades": ["E"]}, {"reliability": "E"}),
        ({"grades": ["A", "B", "E"]}, {}),
        # The total of the site that is split goes with its category.
        ({"cells": ["kind=b"]}, {"cell__in": ["kind=b", ""], "unit__code__endswith": ""}),
    ],
)
def test_leaving_figures_out_says_what_a_real_assessment_without_them_says(data, gone):
    programme, indicator = make_split()
    run, admin = assess(programme), make.make_admin()

    found = tried(admin, run, **data)

    rows = Observation.objects.filter(**gone)
    if "cells" in data:
        rows = rows.filter(unit=indicator.units.order_by("pk").first())
    keys = set(rows.values_list("indicator_id", "period_id"))
    with connection.cursor() as cursor:  # As if they had never been accepted.
        cursor.execute("SET session_replication_role = replica")
        rows.update(state="draft")
        cursor.execute("SET session_replication_role = DEFAULT")
    with transaction.atomic():
        derived.refresh(keys, at=make.AT)
    real = assess(programme, request=1)
    assert judgements(found) == of_run(real)
    assert found.outcomes[0].now.judgement != found.outcomes[0].was.judgement


def test_figures_that_changed_since_are_left_whole_and_the_reason_is_said():
    programme, _indicator = make_split()
    run, admin = assess(programme), make.make_admin()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Observation.objects.filter(cell="").update(value=99)
        cursor.execute("SET session_replication_role = DEFAULT")

    found = tried(admin, run, grades=["E"])

    assert found.outcomes[0].was.judgement == found.outcomes[0].now.judgement
    assert "no longer give the frozen value" in found.notes[0]


def rows_of_everything():
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()
    found["django_session"] = found["django_session"][0]  # Its last day moves on with each request.
    return found


def test_nothing_is_stored(client, scene):
    programme, first, _second, _index = scene
    run = assess(programme)
    client.force_login(make.make_admin())
    address = reverse("what-if", args=[run.pk])
    before = rows_of_everything()
    assert len(before) > 50

    posted = client.post(address, {f"target-{first.pk}": "95", "grades": ["E"], "out": [first.pk]})
    assert client.get(posted.url).status_code == 200
    assert (
        client.get(reverse("programme-what-if", args=["OWN"]), {f"target-{first.pk}": "95"}).status_code
        == 200
    )
    api = client.post(
        reverse("api-assessment-what-if", args=[run.pk]),
        {"indicators": [{"indicator": first.pk, "target": "95"}]},
        content_type="application/json",
    )

    assert api.status_code == 200
    assert rows_of_everything() == before


def test_what_is_posted_becomes_an_address_that_holds_only_what_was_given(client, scene):
    programme, first, second, _index = scene
    run = assess(programme)
    client.force_login(make.make_admin())
    data = {f"target-{first.pk}": "95", f"target-{second.pk}": "", "on_track_from": "", "out": [second.pk]}

    answer = client.post(reverse("what-if", args=[run.pk]), data)

    assert answer.status_code == 302
    assert answer.url.endswith(f"/what-if/?out={second.pk}&target-{first.pk}=95")


HOSTILE = [
    ("target-{}", "many", "This is not a number"),
    ("target-{}", "NaN", "number"),
    ("target-{}", "1e400", "digits"),
    ("target-{}", "-Infinity", "number"),
    ("target-{}", "9" * 40, "digits"),
    ("target_on-{}", "2026-13-45", "This is not a day"),
    ("on_track_from-{}", "0", "greater than or equal to 0.01"),
    ("on_track_from-{}", "0.5", "is no order"),
    ("at_risk_from", "1.5", "would lie above"),
    ("weight-{}", "-1", "greater than or equal to 0"),
    ("out", "999999", "is not one of the choices"),
    ("out", "' OR 1=1", "is not one of the choices"),
    ("grades", "Z", "is not one of the choices"),
    ("cells", "sex=<script>", "sex=&lt;script&gt;” is not one of the choices"),
]


def test_what_cannot_be_tried_is_said_at_its_field(client, scene):
    programme, first, _second, _index = scene
    run = assess(programme)
    client.force_login(make.make_admin())
    address = reverse("what-if", args=[run.pk])

    for name, value, words in HOSTILE:
        for ask in (client.get, client.post):
            answer = ask(address, {name.format(first.pk): value})
            page = answer.content.decode()
            assert answer.status_code == 200, (name, value)
            assert "Please correct the following" in page, (name, value)
            assert words in page, (name, value)
            assert "verdicts turn" not in page
    assert client.get(address, {f"target-{first.pk}": "\x00"}).status_code == 400


def test_too_many_changes_for_an_address_are_refused(client, scene):
    programme, first, _second, _index = scene
    run = assess(programme)
    client.force_login(make.make_admin())

    answer = client.post(reverse("what-if", args=[run.pk]), {f"target-{first.pk}": " " * 3000 + "9" * 7000})

    assert "digits" in answer.content.decode()
    assert answer.status_code == 200


def test_a_change_of_an_indicator_that_is_not_here_is_said_and_left_aside(client, scene):
    run = assess(scene[0])
    client.force_login(make.make_admin())

    page = client.get(reverse("what-if", args=[run.pk]), {"target-999999": "5"}).content.decode()

    assert "1 change in this address is of an indicator that is not here" in page


def test_today_is_a_base_as_well(scene):
    programme, first, _second, _index = scene
    admin = make.make_admin()
    base = base_of_today(admin, programme)
    form = scratch_form(admin, base, {f"target-{first.pk}": "95"})
    assert form.is_valid()

    found = what_if.compute(admin, base, form.scratch())

    assert len(found.outcomes) == 2
    plan = found.outcomes[0].now.snapshot.plan
    assert plan == replace(found.outcomes[0].was.snapshot.plan, target=Decimal(95))


@pytest.mark.parametrize("more", [0, 6])
def test_queries_do_not_grow(client, scene, more):
    programme, first, _second, _index = scene
    for _one in range(more):
        make_figures(make.make_indicator(programme), 12, 15, 18, 22, 26, 28, 36)
    run = assess(programme)
    client.force_login(make.make_admin())
    address = reverse("what-if", args=[run.pk])
    client.get(address)

    with CaptureQueriesContext(connection) as asked:
        client.get(address, {f"target-{first.pk}": "95", "grades": ["F"]})

    # Session, person, menu; run, verdicts, index results, categories; figures graded so, figures, periods, agreements.
    assert len(asked) == 11


def test_a_partner_viewer_tries_on_what_it_sees_and_leaves_no_figures_out(client, scene):
    programme, first, second, _index = scene
    iraq = make.make_partner("IRQ")
    first.releasable_to.add(iraq)
    run = assess(programme)
    client.force_login(make.make_user(global_role="partner_viewer", partner=iraq))

    page = client.get(reverse("what-if", args=[run.pk]), {f"target-{first.pk}": "95"}).content.decode()

    assert f"target-{first.pk}" in page
    assert f"target-{second.pk}" not in page
    assert 'name="grades"' not in page
    assert "Propose" not in page


def api(client, run, body):
    return client.post(
        reverse("api-assessment-what-if", args=[run.pk]), body, content_type="application/json"
    )


def test_the_machine_door_gives_both_sides(client, scene):
    programme, first, second, index = scene
    run = assess(programme)
    client.force_login(make.make_user(programme=programme, role="reader"))
    body = {
        "indicators": [
            {"indicator": first.pk, "on_track_from": "0.80"},
            {"indicator": second.pk, "leave_out": True},
        ],
        "index_weights": [{"version": index.current_id, "indicator": first.pk, "weight": "2"}],
    }

    found = api(client, run, body).json()

    by_pk = {one["indicator"]: one for one in found["verdicts"]}
    assert found["notice"] == "What if, not a result"
    assert (by_pk[first.pk]["as_is"]["status"], by_pk[first.pk]["as_if"]["status"]) == ("at_risk", "on_track")
    assert by_pk[first.pk]["as_if"]["steps"]
    assert by_pk[second.pk]["as_if"] is None
    assert len(found["flips"]) == 1
    assert found["indices"][0]["is_changed"]


def test_the_machine_door_names_what_it_refuses(client, scene):
    programme, first, _second, _index = scene
    run = assess(programme)
    client.force_login(make.make_user(programme=programme, role="reader"))

    for body, words in (
        ({"indicators": [{"indicator": first.pk, "target": "many"}]}, f"target-{first.pk}"),
        ({"indicators": [{"indicator": 10**17, "target": "5"}]}, f"target-{10**17}"),
        ({"indicators": [{"indicator": 10**17, "leave_out": True}]}, "out"),
        ({"indicators": {"a": 1}}, "indicators"),
        ({"indicators": [[]]}, "indicators"),
        ([], "dictionary"),
        ({"grades": ["Z"]}, "grades"),
        ({"cells": "x"}, "cells"),
        ({"index_weights": [{"version": 1, "indicator": 10**17, "weight": "1"}]}, f"part-1-{10**17}"),
        ({"indicators": [{"indicator": 1}] * 2001}, "2001 changes were given"),
    ):
        answer = api(client, run, body)
        assert answer.status_code == 400, body
        assert words in answer.json()["detail"], body
