"""Formula indicators: who sets them, what is refused, and that every figure follows its sources."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from indicators import derived
from indicators.entry import actions as entry
from indicators.entry.due import due_lines
from indicators.models import Event, FormulaSource, IndicatorStatus, Role, Rollup
from indicators.programmes import actions
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return make.make_programme()


@pytest.fixture
def quarters(programme):
    return make.make_quarters(programme)


def share(programme, code, **given):
    return make.make_indicator(programme, version=make.make_version(code), **given)


def index(programme, code="IDX-1", **given):
    """A number without bounds, not a share."""
    version = make.make_version(
        code, value_type="index", unit="index", scale=Decimal(1), site_rule="mean", min_denominator=None
    )
    return make.make_indicator(programme, version=version, **given)


def set_formula(indicator, formula, **given):
    defaults = {"by": make.make_admin(), "at": make.AT, "reason": "The partner asked for one figure."}
    return actions.set_formula(indicator=indicator, formula=formula, **(defaults | given))


def enter(indicator, period, numerator, denominator=60, **given):
    """An accepted figure, rolled up."""
    row = make.make_observation(
        indicator, period, numerator=Decimal(numerator), denominator=Decimal(denominator), **given
    )
    derived.refresh([(indicator.pk, period.pk)], at=make.AT)
    return row


def value_of(indicator, period):
    return Rollup.objects.get(indicator=indicator, period=period).value


def test_setting_a_formula_computes_every_period(programme, quarters):
    one, two, joined = share(programme, "AA-1"), share(programme, "AA-2"), share(programme, "AA-9")
    for place, quarter in enumerate(quarters[4:7]):
        enter(one, quarter, 10 + place)
        enter(two, quarter, 20 + place, 40)

    set_formula(joined, "([AA-1].numerator + [AA-2].numerator) / ([AA-1].denominator + [AA-2].denominator)")

    rollups = list(Rollup.objects.filter(indicator=joined).order_by("period__starts_on"))
    assert [one.value for one in rollups] == [Decimal(30), Decimal(32), Decimal(34)]
    assert (rollups[0].numerator, rollups[0].denominator) == (Decimal(30), Decimal(100))
    assert (rollups[0].reported, rollups[0].expected) == (2, 2)
    status = IndicatorStatus.objects.get(indicator=joined)
    assert status.value == Decimal(34)
    assert set(FormulaSource.objects.values_list("indicator", "source")) == {
        (joined.pk, one.pk),
        (joined.pk, two.pk),
    }
    event = Event.objects.get(verb="set a formula")
    assert event.reason == "The partner asked for one figure."
    assert event.after["sources"] == ["AA-1", "AA-2"]
    assert list(derived.differences()) == []


def test_a_newly_approved_figure_reaches_what_is_computed_from_it_and_from_that(programme, quarters):
    one, middle, top = share(programme, "AA-1"), index(programme, "IDX-1"), index(programme, "IDX-2")
    set_formula(middle, "[AA-1] / 2")
    set_formula(top, "firstNonNull(offset([IDX-1], -1), 0) + [IDX-1]")
    approver = make.make_user(programme=programme, role=Role.APPROVER)

    enter(one, quarters[5], 30)
    figure = make.make_observation(
        one, quarters[6], state="submitted", numerator=Decimal(45), denominator=Decimal(60)
    )
    entry.approve_observation(observation=figure, by=approver, at=make.AT)

    assert value_of(middle, quarters[6]) == Decimal("37.5")
    assert value_of(top, quarters[5]) == Decimal(25)
    assert value_of(top, quarters[6]) == Decimal("62.5")
    assert IndicatorStatus.objects.get(indicator=top).value == Decimal("62.5")
    assert list(derived.differences()) == []


def test_a_corrected_past_figure_reaches_the_windows_of_later_periods(programme, quarters):
    one, mean = share(programme, "AA-1"), index(programme)
    set_formula(mean, "mean(last([AA-1], 4))")
    for quarter in quarters[3:7]:
        old = enter(one, quarter, 30)
    old = one.observations.get(period=quarters[3])
    assert value_of(mean, quarters[6]) == Decimal(50)

    old.state = "superseded"
    old.superseded_at = make.AT
    old.save()
    enter(one, quarters[3], 54, corrects=old, correction_reason="Counted twice.")

    assert value_of(mean, quarters[6]) == Decimal(60)
    assert list(derived.differences()) == []


def test_what_waits_for_a_source_is_missing_and_not_refused(programme, quarters):
    one, two, both = share(programme, "AA-1"), share(programme, "AA-2"), index(programme)
    set_formula(both, "([AA-1] + [AA-2]) / 2")
    enter(one, quarters[5], 30)
    enter(two, quarters[5], 60)
    enter(one, quarters[6], 30)

    waiting = Rollup.objects.get(indicator=both, period=quarters[6])
    assert (waiting.value, waiting.refusal, waiting.reported, waiting.expected) == (None, None, 1, 2)
    assert IndicatorStatus.objects.get(indicator=both).value == Decimal(75)


def test_division_by_zero_is_a_refusal_of_that_period(programme, quarters):
    one, ratio = share(programme, "AA-1"), index(programme)
    set_formula(ratio, "1 / [AA-1].numerator")
    enter(one, quarters[5], 10)
    enter(one, quarters[6], 0)

    assert value_of(ratio, quarters[5]) == Decimal("0.1")
    refused = Rollup.objects.get(indicator=ratio, period=quarters[6])
    assert (refused.value, refused.refusal_code) == (None, "DENOMINATOR_ZERO")


def test_why_a_source_has_no_figure_is_passed_on(programme, quarters):
    one, half = share(programme, "AA-1"), index(programme)
    set_formula(half, "[AA-1] / 2")
    enter(one, quarters[6], 1, 2)

    refused = Rollup.objects.get(indicator=half)
    assert refused.refusal_code == "DENOMINATOR_TOO_SMALL"
    assert refused.refusal["params"]["name"] == "AA-1"


def test_one_category_can_be_taken_from_its_own_or_finer_cells(programme, quarters):
    version = make.make_version(
        "AA-1",
        disaggregations=[
            {"name": "sex", "label": "Sex", "categories": [{"code": "female"}, {"code": "male"}]},
            {"name": "nation", "label": "Nation", "categories": []},
        ],
    )
    one, women = make.make_indicator(programme, version=version), index(programme)
    set_formula(women, "[AA-1; sex=female]")
    make.make_observation(one, quarters[5])
    enter(one, quarters[5], 12, 20, cell="sex=female")
    make.make_observation(
        one, quarters[6], cell="nation=KWT;sex=female", numerator=Decimal(4), denominator=Decimal(5)
    )
    enter(one, quarters[6], 2, 10, cell="nation=QAT;sex=female")

    assert value_of(women, quarters[5]) == Decimal(60)
    assert value_of(women, quarters[6]) == Decimal(40)


@pytest.mark.parametrize(
    ("formula", "field", "said"),
    [
        ("[AA-1] +", "formula", "The formula ends here"),
        ("[AA-7] + 1", "formula", "did you mean AA-1"),
        ("[IDX-1] + 1", "formula", "cannot be computed from itself"),
        ("[IDX-3] + 1", "formula", "IDX-1 → IDX-3 → IDX-2 → IDX-1"),
        ("[MON-1] + 1", "formula", "reported monthly"),
        ("[AA-1] > 3", "formula", "yes or no"),
    ],
)
def test_a_formula_that_cannot_be_used_is_refused_with_its_place(programme, formula, field, said):
    share(programme, "AA-1")
    share(programme, "MON-1", frequency="monthly")
    own, deeper, deepest = (index(programme, f"IDX-{n}") for n in (1, 3, 2))
    set_formula(deepest, "[IDX-1] / 2")
    set_formula(deeper, "[IDX-2] / 2")

    with pytest.raises(ValidationError) as caught:
        set_formula(own, formula)

    text = caught.value.message_dict[field][0]
    assert said in text
    assert "column" in text
    own.refresh_from_db()
    assert own.formula == ""


def test_a_reason_is_required(programme):
    share(programme, "AA-1")

    with pytest.raises(ValidationError) as caught:
        set_formula(index(programme), "[AA-1]", reason=" ")

    assert "reason" in caught.value.message_dict


def test_an_indicator_with_figures_of_its_own_stays_observed(programme, quarters):
    share(programme, "AA-1")
    own = index(programme)
    make.make_observation(own, quarters[5], value=Decimal(3), numerator=None)

    with pytest.raises(ValidationError, match="figures of its own"):
        set_formula(own, "[AA-1]")


def test_only_administrators_set_formulas(programme):
    share(programme, "AA-1")

    with pytest.raises(PermissionDenied):
        set_formula(index(programme), "[AA-1]", by=make.make_user(programme=programme))


def test_removing_the_formula_removes_its_figures(programme, quarters):
    one, half = share(programme, "AA-1"), index(programme)
    set_formula(half, "[AA-1] / 2")
    enter(one, quarters[6], 30)

    set_formula(half, "")

    assert not Rollup.objects.filter(indicator=half).exists()
    assert IndicatorStatus.objects.get(indicator=half).refusal_code == "NO_APPROVED_DATA"
    assert not FormulaSource.objects.exists()
    assert Event.objects.filter(verb="removed a formula").exists()


def test_nobody_enters_what_is_computed_and_nobody_is_asked_to(programme, quarters):
    officer = make.make_user(programme=programme)
    share(programme, "AA-1")
    half = index(programme)
    stale = type(half).objects.get(pk=half.pk)
    set_formula(half, "[AA-1] / 2")
    half.refresh_from_db()

    for given in (half, stale):  # known to be computed, or loaded before it was
        with pytest.raises(PermissionDenied, match="computed by a formula"):
            entry.record_observation(
                indicator=given,
                period=quarters[6],
                value=Decimal(1),
                as_of=date(2025, 9, 30),
                by=officer,
                at=make.AT,
            )
    asked = due_lines(officer, today=make.AT.date())
    assert {line.indicator_code for line in asked} == {"AA-1"}


def test_coverage_is_that_of_the_sources_units(programme, quarters):
    sites = [make.make_unit(programme) for _ in range(3)]
    one, two, both = share(programme, "AA-1", units=sites), share(programme, "AA-2"), index(programme)
    set_formula(both, "[AA-1] + [AA-2]")
    enter(one, quarters[6], 30, unit=sites[0])
    enter(two, quarters[6], 30)

    rollup = Rollup.objects.get(indicator=both)
    assert (rollup.reported, rollup.expected) == (2, 4)
    status = IndicatorStatus.objects.get(indicator=both)
    assert (status.reported, status.expected) == (2, 28)  # seven quarters due so far
    assert list(derived.differences()) == []


def test_who_reports_a_source_changes_what_rests_on_it(programme, quarters):
    one, half = share(programme, "AA-1"), index(programme)
    set_formula(half, "[AA-1] / 2")
    enter(one, quarters[6], 30)
    sites = [make.make_unit(programme) for _ in range(2)]

    actions.change_indicator(
        indicator=one, row_version=one.row_version, units=sites, by=make.make_admin(), at=make.AT
    )

    assert Rollup.objects.get(indicator=half).expected == 2
    assert list(derived.differences()) == []


def test_the_frequency_of_what_is_in_a_formula_stays(programme, quarters):
    one, half = share(programme, "AA-1"), index(programme)
    set_formula(half, "[AA-1] / 2")

    with pytest.raises(ValidationError, match="A formula joins it"):
        actions.change_indicator(
            indicator=one, row_version=one.row_version, frequency="monthly", by=make.make_admin(), at=make.AT
        )


@pytest.mark.parametrize("tampered", ["source", "computed"])
def test_a_changed_row_is_named_and_rebuilt(programme, quarters, tampered):
    one, half, quarter = share(programme, "AA-1"), index(programme), index(programme, "AAA-2")
    set_formula(half, "[AA-1] / 2")
    set_formula(quarter, "[IDX-1] / 2")
    enter(one, quarters[6], 30)
    before = list(Rollup.objects.order_by("indicator").values("indicator", "value", "reported", "expected"))

    Rollup.objects.filter(indicator=one if tampered == "source" else quarter).update(value=7)
    assert any("value is 7" in line for line in derived.differences())

    assert derived.rebuild(at=make.AT) == 3
    after = list(Rollup.objects.order_by("indicator").values("indicator", "value", "reported", "expected"))
    assert after == before
    assert list(derived.differences()) == []


def test_a_formula_that_became_unusable_is_a_refusal_and_no_crash(programme, quarters):
    one, half = share(programme, "AA-1"), index(programme)
    set_formula(half, "[AA-1] / 2")
    type(half).objects.filter(pk=half.pk).update(formula="[GONE] /")

    enter(one, quarters[6], 30)

    assert Rollup.objects.get(indicator=half).refusal_code == "FORMULA_UNUSABLE"


@pytest.mark.parametrize("many", [False, True])
def test_an_approval_costs_the_same_queries_however_many_rest_on_it(programme, quarters, many):
    one = share(programme, "AA-1")
    for place in range(12 if many else 2):
        computed = index(programme, f"IDX-{place}")
        set_formula(computed, f"[IDX-{place - 1}] + [AA-1]" if place else "[AA-1] / 2")
    make.make_observation(one, quarters[6])

    with CaptureQueriesContext(
        connection,
    ) as queries:
        derived.refresh([(one.pk, quarters[6].pk)], at=make.AT)

    assert len(queries) == 27
    assert Rollup.objects.count() == (13 if many else 3)
