"""Many figures at once: each is answered by itself, nobody's is overwritten, nothing happens twice."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from indicators.entry import actions
from indicators.entry.once import answer_once
from indicators.entry.saving import Given, save_figures
from indicators.models import Event, Observation, PeriodTurn, SentBatch
from tests.entry.scenes import LATER, Scene
from tests.factories import AT, make_observation, make_unit, make_user, make_version

pytestmark = pytest.mark.django_db
SPLIT = [
    {
        "name": "sex",
        "label": "Sex",
        "categories": [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}],
    }
]


@pytest.fixture
def scene():
    return Scene()


def given(scene, **what):
    figures = {"numerator": "30", "denominator": "60", "comment": "As counted."}
    return Given(**({"indicator": scene.indicator.pk, "period": scene.q3.pk, "figures": figures} | what))


def save(scene, *figures, by=None, at=AT):
    return save_figures(figures=figures, by=by or scene.officer, at=at)


def test_new_figures_are_drafts_with_their_trail(scene):
    first, second = save(scene, given(scene), given(scene, period=scene.quarters[5].pk))

    assert (first.outcome, second.outcome) == ("saved", "saved")
    kept = Observation.objects.get(pk=first.observation.pk)
    assert (kept.state, kept.numerator, kept.version, kept.source) == ("draft", Decimal(30), 1, "grid")
    assert kept.as_of == scene.q3.ends_on
    assert Event.objects.filter(verb="recorded", by_id=scene.officer.pk).count() == 2


def test_one_refused_figure_does_not_hold_back_the_others(scene):
    wrong = given(scene, period=scene.quarters[5].pk, figures={"numerator": "70", "denominator": "60"})

    good, bad = save(scene, given(scene), wrong)

    assert (good.outcome, bad.outcome) == ("saved", "refused")
    assert "larger than the denominator" in bad.errors["numerator"][0]
    assert Observation.objects.count() == 1


def test_a_change_says_which_version_it_changes(scene):
    observation = scene.record()

    (answer,) = save(scene, given(scene, version=1, figures={"numerator": "31", "denominator": "60"}))

    observation.refresh_from_db()
    assert (answer.outcome, observation.numerator, observation.version) == ("saved", 31, 2)
    assert Event.objects.get(verb="changed").before["numerator"] == "30.000000"


@pytest.mark.parametrize("version", [0, 2])
def test_what_somebody_else_stored_is_a_conflict_and_stays(scene, version):
    scene.record()

    (answer,) = save(scene, given(scene, version=version, figures={"numerator": "31", "denominator": "60"}))

    assert (answer.outcome, answer.observation.numerator) == ("conflict", 30)
    assert Observation.objects.get().numerator == 30
    assert not Event.objects.filter(verb="changed").exists()


def test_both_say_the_same_is_no_conflict(scene):
    scene.record()

    (answer,) = save(scene, given(scene, version=0, figures={"numerator": "30.0", "denominator": "٦٠"}))

    assert (answer.outcome, answer.observation.version) == ("same", 1)


def test_a_draft_that_was_discarded_meanwhile_is_a_conflict_with_nothing(scene):
    (answer,) = save(scene, given(scene, version=3))

    assert (answer.outcome, answer.observation) == ("conflict", None)
    assert not Observation.objects.exists()


@pytest.mark.parametrize("state", ["submitted", "approved"])
def test_what_is_handed_in_or_in_force_is_not_changed(scene, state):
    make_observation(scene.indicator, scene.q3, state=state)

    (answer,) = save(scene, given(scene, version=1, figures={"numerator": "31", "denominator": "60"}))
    (emptied,) = save(scene, given(scene, version=1, figures={}, takes_away=True))

    assert (answer.outcome, emptied.outcome) == ("conflict", "conflict")
    assert Observation.objects.get().numerator == 30


def test_an_emptied_draft_is_taken_away_and_the_trail_keeps_what_it_said(scene):
    scene.record()

    (answer,) = save(scene, given(scene, version=1, figures={}, takes_away=True))

    assert (answer.outcome, answer.observation) == ("saved", None)
    assert not Observation.objects.exists()
    assert Event.objects.get(verb="discarded").before["numerator"] == "30.000000"


def test_a_returned_figure_is_not_emptied(scene):
    submitted = scene.submit(comment="Checked.")
    returned = actions.return_observation(
        observation=submitted, comment="Which posts?", by=scene.approver, at=LATER
    )

    (answer,) = save(scene, given(scene, version=returned.version, figures={}, takes_away=True))

    assert answer.outcome == "refused"
    assert "cannot be emptied" in answer.errors[""][0]


def test_strangers_learn_nothing_and_readers_are_told_why(scene):
    stranger, reader = make_user(), make_user(programme=scene.programme, role="reader")

    (hidden,) = save(scene, given(scene), by=stranger)
    (told,) = save(scene, given(scene), by=reader)

    assert hidden.errors == {"indicator": ["There is no such indicator among those you see."]}
    assert told.errors == {"indicator": ["Only officers of this programme enter its figures."]}
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    ("what", "field"),
    [({"period": 10**9}, "period"), ({"unit": 10**9}, "unit"), ({"cell": "sex=f"}, "cell")],
)
def test_a_place_that_does_not_exist_is_refused(scene, what, field):
    (answer,) = save(scene, given(scene, **what))

    assert (answer.outcome, list(answer.errors)) == ("refused", [field])


def test_a_place_given_twice_is_kept_once(scene):
    first, second = save(scene, given(scene), given(scene, figures={"numerator": "1", "denominator": "60"}))

    assert (first.outcome, second.outcome) == ("saved", "refused")
    assert "given twice" in second.errors[""][0]


def test_too_many_are_refused_at_once(scene):
    with pytest.raises(ValidationError, match="501 figures were given"):
        save(scene, *[given(scene)] * 501)


def test_warnings_come_with_the_kept_figure(scene):
    for quarter, share in zip(scene.quarters[:6], (20, 21, 22, 23, 24, 25), strict=True):
        make_observation(scene.indicator, quarter, numerator=share, denominator=60)

    (answer,) = save(scene, given(scene, figures={"numerator": "60", "denominator": "60"}))

    assert answer.outcome == "saved"
    assert any("far from the usual" in one for one in answer.warnings)
    assert any("No evidence" in one for one in answer.warnings)


def test_parts_are_compared_with_the_total_drafts_included():
    version = make_version(value_type="count", scale=Decimal(1), disaggregations=SPLIT, site_rule="sum")
    scene = Scene(version=version)

    answers = save(
        scene,
        *[
            given(scene, cell=cell, figures={"value": value})
            for cell, value in (("", "10"), ("sex=f", "4"), ("sex=m", "5"))
        ],
    )

    assert all(any("give value 9, but the total says 10" in w for w in one.warnings) for one in answers)


def test_the_flag_is_kept_with_the_figure(scene):
    save(scene, given(scene, follow_up=True))
    (answer,) = save(scene, given(scene, version=1, figures={"comment": "Ask the ministry."}))

    kept = Observation.objects.get()
    assert (answer.outcome, kept.follow_up, kept.numerator, kept.comment) == (
        "saved",
        True,
        30,
        "Ask the ministry.",
    )


# --- Once --------------------------------------------------------------------------------------------------------


def once(scene, key="k1", content=1, answer=lambda: {"n": 1}, at=AT):
    return answer_once(key=key, content=content, by=scene.officer, at=at, answer=answer)


def test_a_key_is_answered_once(scene):
    calls = []

    def act():
        calls.append(1)
        return {"n": len(calls)}

    assert [once(scene, answer=act) for _turn in range(3)] == [{"n": 1}] * 3
    assert len(calls) == 1


def test_a_key_with_something_else_is_refused(scene):
    once(scene)

    with pytest.raises(ValidationError, match="other figures"):
        once(scene, content=2)


def test_a_key_that_failed_may_be_sent_again(scene):
    def fail():
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        once(scene, answer=fail)

    assert once(scene) == {"n": 1}


def test_old_keys_go(scene):
    once(scene)
    once(scene, key="k2", at=AT.replace(month=12))

    assert [one.key for one in SentBatch.objects.all()] == ["k2"]


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_by_eight_at_once_is_answered_once(scene):
    barrier, found = Barrier(8), []

    def send():
        barrier.wait()
        try:
            found.append(
                once(scene, answer=lambda: {"outcome": save(scene, given(scene))[0].outcome})["outcome"]
            )
        finally:
            connections.close_all()

    threads = [Thread(target=send) for _number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert found == ["saved"] * 8
    assert Observation.objects.count() == 1
    assert Event.objects.filter(verb="recorded").count() == 1


# --- Speed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 60])
def test_queries_do_not_grow_with_the_figures(count):
    """15: savepoint in and out, lock of those seen, indicators, their units, officer's programmes, periods,
    stored figures, insert, upsert, trail, evidence, history, figures beside, rules."""
    version = make_version(value_type="count", scale=Decimal(1), disaggregations=SPLIT, site_rule="sum")
    scene = Scene(version=version)
    units = [make_unit(scene.programme) for _number in range(2 * count)]
    scene.indicator.units.set(units)
    for unit in units[:count]:
        make_observation(scene.indicator, scene.q3, unit=unit, state="draft", value=Decimal(3))
    figures = [
        given(scene, unit=unit.pk, version=int(n < count), figures={"value": "7"})
        for n, unit in enumerate(units)
    ]

    with CaptureQueriesContext(connection) as found:
        answers = save(scene, *figures)

    assert {one.outcome for one in answers} == {"saved"}
    assert len(found) == 15, [one["sql"][:90] for one in found]
    assert set(Observation.objects.values_list("value", "version")) == {(Decimal(7), 1), (Decimal(7), 2)}


# --- Locked periods ----------------------------------------------------------------------------------------------


def test_a_locked_period_takes_nothing(scene):
    scene.record(period=scene.quarters[5])
    for quarter in scene.quarters[5:7]:
        PeriodTurn.objects.create(
            period=quarter, kind=PeriodTurn.Kind.LOCKED, reason="Reported.", by=scene.approver, at=AT
        )
    drafts = {"period": scene.quarters[5].pk, "version": 1}

    new, changed, emptied = (
        *save(scene, given(scene), given(scene, **drafts), at=LATER),
        *save(scene, given(scene, **drafts, figures={}, takes_away=True), at=LATER),
    )

    assert [one.outcome for one in (new, changed, emptied)] == ["refused"] * 3
    assert all("is locked" in next(iter(one.errors.values()))[0] for one in (new, changed, emptied))
    assert Observation.objects.get().version == 1
