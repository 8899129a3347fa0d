"""Plans laid down before the start: who may, what is refused, what a lock means, and that nothing moves after it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from indicators.assessment import expost_planning as verbs
from indicators.assessment.standing import governing
from indicators.engine.expost.situation import Method
from indicators.models import (
    ContextRelease,
    ContextSeries,
    ContextValue,
    Event,
    ExPostMethod,
    ExPostPlan,
    Membership,
    PlannedComparison,
    PlannedIndicator,
)
from tests import factories as make
from tests.assessment.cast import make_figures

pytestmark = pytest.mark.django_db
BEFORE = datetime(2024, 1, 10, 9, tzinfo=UTC)
LATE = datetime(2024, 8, 10, 9, tzinfo=UTC)


@pytest.fixture
def cast():
    programme = make.make_programme("OWN")
    return {
        "programme": programme,
        "indicator": make.make_indicator(programme),
        "officer": make.make_user(programme=programme, role="officer"),
        "evaluator": make.make_user(programme=programme, role="evaluator"),
        "admin": make.make_admin("boss"),
    }


def draft(cast, *, by="officer", at=BEFORE, **given):
    programme = cast["programme"]
    defaults = {
        "part": "", "starts_on": programme.starts_on, "ends_on": programme.ends_on, "question": "Did it help?",
        "follow_up_months": [0, 12], "collects": "Inspectorate",
    }  # fmt: skip
    return verbs.save_expost_plan(programme=programme, by=cast[by], at=at, **(defaults | given))


def name(cast, plan, indicator=None, *, by="officer", at=BEFORE, **given):
    defaults = {"method": "", "smallest_change": Decimal(5)}
    return verbs.plan_primary_indicator(
        plan=plan, indicator=indicator or cast["indicator"], by=cast[by], at=at, **(defaults | given)
    )


def lock(cast, plan, *, by="evaluator", at=BEFORE):
    return verbs.lock_expost_plan(plan=plan, by=cast[by], at=at)


def other_partner(cast, **given):
    other = make.make_programme(f"P{cast['indicator'].pk}X{len(given)}")
    return make.make_indicator(other, version=cast["indicator"].version, **given)


def test_the_words_for_methods_are_those_of_the_engine():
    assert set(ExPostMethod.values) == {one.value for one in Method}


def test_a_plan_is_drafted_filled_and_locked_by_a_second_person_in_time(cast):
    plan = draft(cast)
    item = name(cast, plan)
    locked = lock(cast, plan)

    assert item.method == item.proposed != ""
    assert (locked.state, locked.number, locked.is_timely) == ("locked", 1, True)
    assert locked.timely_until == date(2024, 3, 31)
    assert len(locked.content_hash) == 64
    verbs_kept = list(
        Event.objects.filter(programme_id=cast["programme"].pk).order_by("pk").values_list("verb", flat=True)
    )
    assert verbs_kept == ["began an ex-post plan", "planned for ex-post", "locked an ex-post plan"]


def test_a_late_lock_is_kept_and_everything_of_it_is_exploratory(cast):
    plan = draft(cast)
    name(cast, plan)
    locked = lock(cast, plan, at=LATE)

    [found] = governing(cast["programme"], known_on=date(2026, 12, 31))
    assert not locked.is_timely
    [planned] = found.planned
    assert not planned.standing.is_planned
    assert planned.standing.flags == ("EXPLORATORY",)
    assert "locked on 2024-08-10" in str(planned.standing.notes[0])


def test_a_plan_is_not_known_before_its_lock(cast):
    plan = draft(cast)
    name(cast, plan)
    lock(cast, plan, at=LATE)

    assert governing(cast["programme"], known_on=date(2024, 8, 9)) == []


def test_a_later_version_says_why_and_only_what_stayed_the_same_stays_planned(cast):
    second = make.make_indicator(cast["programme"])
    plan = draft(cast)
    name(cast, plan)
    name(cast, plan, second)
    lock(cast, plan)
    with pytest.raises(ValidationError, match="says why"):
        draft(cast, at=LATE)
    changed = draft(cast, at=LATE, reason="The sectors were drawn anew.")
    assert {i.indicator for i in changed.items.all()} == {cast["indicator"], second}
    name(cast, changed, second, smallest_change=Decimal(1), at=LATE)
    lock(cast, changed, at=LATE)

    [found] = governing(cast["programme"], known_on=date(2026, 12, 31))

    standing = {one.item.indicator: one.standing for one in found.planned}
    assert standing[cast["indicator"]].is_planned
    assert standing[cast["indicator"]].flags == ("PLAN_CHANGED",)
    assert not standing[second].is_planned
    assert set(standing[second].flags) == {"EXPLORATORY", "PLAN_CHANGED"}
    assert "version 2" in str(standing[second].notes[0])


def test_a_locked_plan_cannot_be_changed_whatever_tries_it(cast):
    plan = draft(cast)
    item = name(cast, plan, comparisons=[PlannedComparison(indicator=other_partner(cast))], by="admin")
    lock(cast, plan)
    comparison = item.comparisons.get()

    for attempt in (
        lambda: ExPostPlan.objects.filter(pk=plan.pk).update(question="Another?"),
        lambda: PlannedIndicator.objects.filter(pk=item.pk).update(smallest_change=1),
        lambda: PlannedComparison.objects.filter(pk=comparison.pk).delete(),
        lambda: PlannedIndicator.objects.filter(pk=item.pk).delete(),
        lambda: ExPostPlan.objects.filter(pk=plan.pk).delete(),
        lambda: PlannedIndicator.objects.create(
            plan=plan, position=2, indicator=make.make_indicator(cast["programme"]), method="difference_only",
            proposed="difference_only", smallest_change=1,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
            attempt()
    with pytest.raises(ValidationError, match="new version"):
        name(cast, plan)


@pytest.mark.parametrize(
    ("who", "why"),
    [("officer", "A second person"), ("evaluator", "last to change"), ("insider", "in which they work")],
)
def test_who_may_not_lock(cast, who, why):
    plan = draft(cast, by="evaluator" if who == "evaluator" else "officer")
    name(cast, plan, by="evaluator" if who == "evaluator" else "officer")
    if who == "insider":
        cast["insider"] = make.make_user(programme=cast["programme"], role="evaluator")
        Membership.objects.create(
            user=cast["insider"], programme=cast["programme"], role="approver", starts_on=date(2024, 1, 1)
        )
    with pytest.raises(PermissionDenied, match=why):
        lock(cast, plan, by=who)
    plan.refresh_from_db()
    assert plan.state == "draft"


def test_a_reader_drafts_nothing(cast):
    cast["reader"] = make.make_user(programme=cast["programme"], role="reader")
    with pytest.raises(PermissionDenied):
        draft(cast, by="reader")
    assert not ExPostPlan.objects.exists()


def test_nothing_named_is_not_locked(cast):
    plan = draft(cast)
    with pytest.raises(ValidationError, match="No primary indicator"):
        lock(cast, plan)


def test_five_is_the_most(cast):
    plan = draft(cast)
    for _number in range(5):
        name(cast, plan, make.make_indicator(cast["programme"]))
    with pytest.raises(ValidationError, match="5 primary indicators already"):
        name(cast, plan)
    assert plan.items.count() == 5


def test_another_method_needs_a_reason_and_an_impossible_one_says_what_is_missing(cast):
    programme = cast["programme"]
    programme.starts_on = date(2025, 1, 1)
    programme.save()
    make_figures(cast["indicator"], 12, 15, 18, 22)
    plan = draft(cast, at=datetime(2025, 1, 5, tzinfo=UTC))
    with pytest.raises(ValidationError) as refusal:
        name(cast, plan, method="synthetic_control")
    assert "0 donors; at least 5 are needed" in str(refusal.value)
    with pytest.raises(ValidationError) as refusal:
        name(cast, plan, method="contribution_rating")
    assert "method_reason" in refusal.value.error_dict

    item = name(cast, plan, method="contribution_rating", method_reason="No figures will be released.")

    assert (item.proposed, item.is_other_than_proposed) == ("proportions_before_after", True)
    assert item.method_reason == "No figures will be released."


def test_the_database_refuses_another_method_without_a_reason(cast):
    plan = draft(cast)
    with pytest.raises(IntegrityError, match="planned_other_method_has_a_reason"), transaction.atomic():
        PlannedIndicator.objects.create(
            plan=plan, position=1, indicator=cast["indicator"], method="difference_only",
            proposed="interrupted_series", smallest_change=1,
        )  # fmt: skip


def test_only_what_measures_the_same_and_is_seen_may_stand_beside(cast):
    plan = draft(cast)
    hidden = other_partner(cast)
    unlike = make.make_indicator(cast["programme"])
    for wrong in (hidden, unlike, cast["indicator"]):
        with pytest.raises(ValidationError) as refusal:
            name(cast, plan, comparisons=[PlannedComparison(indicator=wrong)])
        assert list(refusal.value.error_dict) == ["comparisons"]
    assert not PlannedComparison.objects.exists()

    item = name(cast, plan, comparisons=[PlannedComparison(indicator=hidden)], by="admin")

    assert [one.reference() for one in item.comparisons.all()] == [f"indicator:{hidden.pk}"]


def test_not_all_sites_may_be_the_comparison(cast):
    programme = cast["programme"]
    sites = [make.make_unit(programme) for _ in range(3)]
    indicator = make.make_indicator(programme, units=sites)
    plan = draft(cast)
    with pytest.raises(ValidationError, match="at least one must be left"):
        name(cast, plan, indicator, comparisons=[PlannedComparison(unit=one) for one in sites])

    item = name(cast, plan, indicator, comparisons=[PlannedComparison(unit=sites[0])])

    assert item.comparisons.get().unit == sites[0]


def test_a_country_is_pinned_to_its_release(cast):
    series = ContextSeries.objects.create(
        code="S",
        name="S",
        definition_code=cast["indicator"].definition.code,
        publisher="P",
        unit="u",
        licence="CC",
    )
    release = ContextRelease.objects.create(
        series=series, vintage="2024", retrieved_on=date(2024, 1, 1), source="F"
    )
    chad = make.make_partner("TCD")
    ContextValue.objects.create(
        release=release, partner=chad, starts_on=date(2023, 1, 1), ends_on=date(2023, 12, 31), value=1
    )
    plan = draft(cast)

    item = name(cast, plan, comparisons=[PlannedComparison(release=release, country=chad)])

    assert item.comparisons.get().reference() == f"country:{release.pk}:{chad.pk}"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"starts_on": date(2023, 1, 1)}, "starts_on"),
        ({"ends_on": date(2024, 1, 1)}, "ends_on"),
        ({"ends_on": date(2025, 12, 31)}, "part"),
        ({"follow_up_months": []}, "follow_up_months"),
        ({"follow_up_months": [500]}, "follow_up_months"),
    ],
)
def test_nonsense_in_a_plan_is_refused_at_its_field(cast, given, field):
    with pytest.raises(ValidationError) as refusal:
        draft(cast, **given)
    assert field in refusal.value.error_dict
    assert not ExPostPlan.objects.exists()


def test_who_saw_an_older_draft_changes_nothing(cast):
    plan = draft(cast)
    seen = plan.row_version
    name(cast, plan)
    with pytest.raises(ValidationError, match="meanwhile"):
        draft(cast, row_version=seen, question="Other?")
    plan.refresh_from_db()
    assert plan.question == "Did it help?"


def test_an_indicator_is_taken_out_of_a_draft(cast):
    plan = draft(cast)
    name(cast, plan)
    verbs.drop_primary_indicator(plan=plan, indicator=cast["indicator"], by=cast["officer"], at=BEFORE)
    assert not PlannedIndicator.objects.exists()
    with pytest.raises(ValidationError, match="not among"):
        verbs.drop_primary_indicator(plan=plan, indicator=cast["indicator"], by=cast["officer"], at=BEFORE)
