"""A treated series beside comparison series: did their distance change at the date? (METHOD 2.9, 2.10)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import PeriodValue, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, decisive, weakness
from .interrupted import checks, conclude, points_reason
from .its_analysis import Analysis, analyse, why_not
from .segmented import layout
from .types import Answer, Assumption, ExPostResult, Reason, Table, refused
from .words import number, shown

METHOD = "Comparative interrupted time series on the difference to the comparison, AR(1) REML, t(n − k)"


@checked
def comparative_series(
    treated: Sequence[PeriodValue],
    comparisons: Mapping[str, Sequence[PeriodValue]],
    *,
    split_on: date,
    transition_until: date | None = None,
    horizon: int | None = None,
    seasonal: bool = True,
) -> ExPostResult:
    """Interrupted time series of treated − mean of the comparison series.

    The level and slope change of the difference are those of the usual model with eight coefficients; what moves both
    series alike (a shock, a season) drops out, and neighbouring errors are allowed for as in the single series.

    Args:
        treated: periods of the treated series.
        comparisons: name → periods of a series the programme did not reach; the same calendar of periods.
        split_on, transition_until, horizon, seasonal: as for `interrupted_series`.

    Returns:
        As `interrupted_series`, for the difference. params["pretrend_difference"] with interval is the difference of
        the slopes before; an interval with 0 does not confirm a parallel trend. Table ``leave_one_out`` with two or
        more comparisons; a sign that changes makes the confidence low. Refusals: DID_NO_COMPARISON and those of
        `interrupted_series`.

    Source: METHOD 2.10; Linden (2015), Stata Journal 15:480.
    """
    label = message(labels.EFFECT_COMPARISON_SERIES)
    if not comparisons:
        none = refuse(
            RefusalCode.DID_NO_COMPARISON,
            gettext_noop("No comparison series was given: %(have)s of at least %(need)s."),
            have=0,
            need=1,
        )
        return refused(none, method=METHOD, label=label)
    laid = layout(difference(treated, comparisons), split_on, transition_until)
    refusal = why_not(laid)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(laid.y))
    found = analyse(laid, horizon=horizon, seasonal=seasonal)
    value, low, high, _ = found.estimate([0, 1])
    found.params.update(
        {
            "comparison_units": ", ".join(sorted(comparisons)),
            "pretrend_difference": value,
            "pretrend_difference_low": low,
            "pretrend_difference_high": high,
        }
    )
    without = _leave_one_out(treated, comparisons, found, split_on, transition_until, horizon, seasonal)
    found = replace(found, tables=(*found.tables, *without))
    last = message(
        gettext_noop(
            "Compared with %(units)s. Something that reached only one side may still have caused it."
        ),
        units=", ".join(sorted(comparisons)),
    )
    return conclude(found, METHOD, label, _reasons(found, comparisons, without), _assumptions(found), last)


def difference(
    treated: Sequence[PeriodValue], comparisons: Mapping[str, Sequence[PeriodValue]]
) -> list[PeriodValue]:
    """Treated − mean of the comparisons; without a value where one of them has none."""
    by_period = [{(p.starts_on, p.ends_on): p.value for p in series} for series in comparisons.values()]
    found: list[PeriodValue] = []
    for one in treated:
        others = [values.get((one.starts_on, one.ends_on)) for values in by_period]
        known = [v for v in others if v is not None]
        value = None
        if one.value is not None and len(known) == len(others):
            value = one.value - sum(known, Decimal(0)) / len(known)
        found.append(PeriodValue(starts_on=one.starts_on, ends_on=one.ends_on, label=one.label, value=value))
    return found


def _leave_one_out(
    treated: Sequence[PeriodValue],
    comparisons: Mapping[str, Sequence[PeriodValue]],
    whole: Analysis,
    split_on: date,
    transition_until: date | None,
    horizon: int | None,
    seasonal: bool,
) -> tuple[Table, ...]:
    if len(comparisons) < 2:
        return ()
    rows: list[tuple[str, float | None, float | None]] = []
    for name in sorted(comparisons):
        rest = {other: series for other, series in comparisons.items() if other != name}
        laid = layout(difference(treated, rest), split_on, transition_until)
        if why_not(laid) is not None:
            rows.append((name, None, None))
            continue
        found = analyse(laid, horizon=horizon, seasonal=seasonal)
        rows.append((name, number(found.params, "level"), number(found.params, "effect_at_end")))
    columns = ("without", "level", "effect_at_end")
    return (words.table("leave_one_out", gettext_noop("Without one comparison series"), columns, rows),)


def _reasons(
    found: Analysis, comparisons: Mapping[str, Sequence[PeriodValue]], without: tuple[Table, ...]
) -> tuple[Reason, ...]:
    reasons = [*points_reason(found.laid), *data_quality(None)]
    if len(comparisons) == 1:
        text = gettext_noop("There is a single comparison series.")
        reasons.append(weakness("one_comparison", text))
    low, high = (number(found.params, f"pretrend_difference_{end}") for end in ("low", "high"))
    if not words.includes(0.0, low, high):
        text = gettext_noop("The distance was already changing before: %(low)s to %(high)s each period.")
        reasons.append(weakness("pretrend_differs", text, low=shown(low), high=shown(high)))
    level = number(found.params, "level")
    if any(isinstance(row[1], float) and row[1] * level < 0 for table in without for row in table.rows):
        text = gettext_noop("Without one of the comparison series the sign of the result changes.")
        reasons.append(decisive("sign_changes", text))
    return tuple(reasons)


def _assumptions(found: Analysis) -> tuple[Assumption, ...]:
    low, high = (number(found.params, f"pretrend_difference_{end}") for end in ("low", "high"))
    is_parallel = words.includes(0.0, low, high)
    return (
        *checks(found),
        words.assumption(
            "parallel_before",
            Answer.CANNOT_TELL if is_parallel else Answer.NO,
            gettext_noop(
                "Both sides moved alike before (difference of slopes %(low)s to %(high)s). "
                "This can be refuted, never confirmed."
            ),
            low=shown(low),
            high=shown(high),
        ),
        words.assumption(
            "comparison_untouched",
            Answer.CANNOT_TELL,
            gettext_noop("The comparison was not reached by the programme, nor by what it set off."),
        ),
        words.comparison(is_there=True),
    )
