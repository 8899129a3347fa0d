"""Many figures at once: what can go goes, what cannot is named, and the number of queries stays."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators.derived import differences
from indicators.entry import actions, bulk
from indicators.entry.checks import FIGURE_FIELDS
from indicators.entry.unusual import warnings_by_figure, warnings_of
from indicators.models import Event, Observation, Rollup, State
from tests.entry.scenes import LATER, Scene
from tests.factories import make_observation, make_quarters, make_unit, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return Scene()


def left(outcome):
    return [(one.observation.pk, one.code) for one in outcome.left]


def submit(scene, figures, by=None):
    return bulk.submit_observations(observations=figures, by=by or scene.officer, at=LATER)


# --- Submitting --------------------------------------------------------------------------------------------------


def test_drafts_are_submitted_together(scene):
    drafts = [scene.record(period=quarter) for quarter in scene.quarters[:3]]

    outcome = submit(scene, drafts)

    assert [one.pk for one in outcome.done] == [one.pk for one in drafts]
    assert outcome.left == []
    for one in Observation.objects.all():
        assert (one.state, one.submitted_by, one.submitted_at, one.version) == (
            State.SUBMITTED, scene.officer, LATER, 2,
        )  # fmt: skip
    assert Event.objects.filter(verb="submitted", after={"state": "submitted"}).count() == 3


def test_what_cannot_be_submitted_stays_and_the_others_go(scene):
    draft = scene.record(period=scene.quarters[0])
    approved = scene.approve(period=scene.quarters[1])
    odd = scene.record(period=scene.quarters[2], source="form")
    foreign = Scene().record()
    gone = scene.record(period=scene.quarters[3])
    pk = gone.pk
    actions.discard_observation(observation=gone, by=scene.officer, at=LATER)
    gone.pk = pk

    outcome = submit(scene, [gone, foreign, odd, approved, draft])

    assert [one.pk for one in outcome.done] == [draft.pk]
    assert left(outcome) == sorted(
        [(gone.pk, "gone"), (foreign.pk, "denied"), (odd.pk, "warning"), (approved.pk, "conflict")]
    )
    reasons = {one.observation.pk: one.reason for one in outcome.left}
    assert "No evidence is given" in reasons[odd.pk]
    assert "Only officers of this programme" in reasons[foreign.pk]
    assert "Approved" in reasons[approved.pk]
    assert Observation.objects.get(pk=odd.pk).state == State.DRAFT


def test_a_comment_explains_what_looks_unusual(scene):
    odd = scene.record(source="form", comment="The sheet follows.")

    assert submit(scene, [odd]).left == []


def test_more_than_the_limit_are_refused_before_anything_is_done(scene):
    drafts = [Observation(pk=pk, indicator=scene.indicator) for pk in range(1, bulk.LIMIT + 2)]

    with pytest.raises(ValidationError, match="501 figures were chosen; at most 500"):
        submit(scene, drafts)


def test_nothing_chosen_is_nothing_done(scene):
    assert submit(scene, []) == bulk.Outcome()


def test_submitting_many_asks_as_often_as_submitting_one(scene):
    drafts = [scene.record(period=quarter) for quarter in make_quarters(scene.programme, since=2020)[:21]]

    def queries_of(figures):
        with CaptureQueriesContext(connection) as queries:
            assert submit(scene, figures).left == []
        return len(queries)

    # savepoint, lock, rows, rights, evidence, history, figures beside, rules, change, events, release
    assert queries_of(drafts[:1]) == queries_of(drafts[1:]) == 11


def test_warnings_of_many_are_those_of_each_alone():
    sex = [{"name": "sex", "categories": [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}]}]
    version = make_version(value_type="count", unit="people", site_rule="sum", disaggregations=sex)
    scene = Scene(version=version)
    units = [make_unit(scene.programme), None]
    scene.indicator.units.set([])
    figures = []
    for number, quarter in enumerate(make_quarters(scene.programme, since=2020)):
        for unit in units:
            value = 1000 if number == 15 else number % 3
            given = {"value": Decimal(value), "unit": unit, "comment": ""}
            state = State.APPROVED if number < 15 else State.SUBMITTED
            figures.append(make_observation(scene.indicator, quarter, state=state, **given))
    for cell, value in (("sex=f", 7), ("sex=m", 8)):
        figures.append(
            make_observation(
                scene.indicator, scene.quarters[7], state=State.SUBMITTED, cell=cell, value=Decimal(value)
            )
        )

    found = warnings_by_figure(figures)

    alone = {
        one.pk: warnings_of(
            indicator=one.indicator, period=one.period, unit=one.unit, cell=one.cell,
            figures={name: getattr(one, name) for name in FIGURE_FIELDS},
            has_evidence=one.evidence.exists(),
        )
        for one in figures
    }  # fmt: skip
    assert found == alone
    assert len({tuple(said) for said in found.values()}) == 3


# --- Approving ---------------------------------------------------------------------------------------------------


def approve(scene, figures, by=None):
    return bulk.approve_observations(observations=figures, by=by or scene.approver, at=LATER)


def test_figures_are_approved_together_and_ones_own_are_left(scene):
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:3]]
    own = scene.submit(period=scene.quarters[3], by=scene.approver)
    foreign = Scene().submit()

    outcome = approve(scene, [*figures, own, foreign])

    assert [one.pk for one in outcome.done] == [one.pk for one in figures]
    assert left(outcome) == sorted([(own.pk, "denied"), (foreign.pk, "denied")])
    assert Observation.objects.current().count() == Rollup.objects.count() == 3
    assert not [one for one in differences() if f"indicator {scene.indicator.pk}" in one]


def test_a_figure_whose_place_was_taken_meanwhile_is_left(scene):
    waiting = scene.submit(period=scene.quarters[0])
    make_observation(scene.indicator, scene.quarters[0])

    assert left(approve(scene, [waiting])) == [(waiting.pk, "conflict")]


@pytest.mark.parametrize("are_corrections", [False, True])
def test_bulk_approval_asks_as_often_for_twenty_as_for_one(scene, are_corrections):
    def figure(quarter):
        if not are_corrections:
            return scene.submit(period=quarter, comment="Checked.")
        old = scene.approve(period=quarter, comment="Checked.")
        return actions.correct_observation(
            observation=old,
            reason="Counted twice.",
            by=scene.officer,
            at=LATER,
            numerator="7",
            denominator="60",
        )

    def queries_of_approving(figures):
        with CaptureQueriesContext(connection) as queries:
            assert approve(scene, figures).left == []
        return len(queries)

    figures = [figure(quarter) for quarter in make_quarters(scene.programme, since=2020)[:21]]

    assert queries_of_approving(figures[:1]) == queries_of_approving(figures[1:])
    assert Observation.objects.current().count() == 21
    assert Event.objects.filter(verb="approved").count() == (42 if are_corrections else 21)
    assert Event.objects.filter(verb="superseded").count() == (21 if are_corrections else 0)


# --- Returning ---------------------------------------------------------------------------------------------------


def test_figures_are_returned_together_with_one_comment(scene):
    figures = [scene.submit(period=quarter) for quarter in scene.quarters[:3]]
    draft = scene.record(period=scene.quarters[3])

    outcome = bulk.return_observations(
        observations=[*figures, draft], comment="Count again.", by=scene.approver, at=LATER
    )

    assert (len(outcome.done), left(outcome)) == (3, [(draft.pk, "conflict")])
    assert {one.decision_comment for one in Observation.objects.filter(state=State.RETURNED)} == {
        "Count again."
    }
    assert Event.objects.filter(verb="returned", reason="Count again.").count() == 3


def test_nothing_is_returned_without_a_comment(scene):
    with pytest.raises(ValidationError, match="No comment was given"):
        bulk.return_observations(observations=[scene.submit()], comment=" ", by=scene.approver, at=LATER)
