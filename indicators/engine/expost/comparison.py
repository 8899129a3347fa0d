"""Difference in differences: did the treated change by more than the comparison? (METHOD 2.9, 2.10)"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, decisive, weakest_link, weakness
from .panel import Contrast, Panel, Unit, contrast, permutation_p, slope_before, split, t_interval
from .situation import MIN_PRE_PERIODS
from .types import Answer, Assumption, ExPostResult, Param, Reason, Table, refused
from .words import shown

METHOD_PANEL = "Difference in differences of unit-level changes"
METHOD_CELLS = "Difference in differences of four separate samples"
FEW_UNITS = 10
UNTESTABLE = RefusalCode.DID_PRETREND_UNTESTABLE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A sample's mean with its spread; sd None when it is not known."""

    mean: float
    sd: float | None = None
    n: int = 1

    @classmethod
    def of(cls, values: Sequence[float]) -> Cell:
        """The cell of separate, independent answers."""
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(mean=float(np.mean(values)), sd=sd, n=len(values))

    @classmethod
    def of_share(cls, successes: int, total: int) -> Cell:
        """The cell of a proportion."""
        if not 0 <= successes <= total or total <= 0:
            raise EngineError(f"{successes} of {total} is not a proportion.")
        p = successes / total
        return cls(mean=p, sd=math.sqrt(p * (1 - p)), n=total)

    @property
    def variance(self) -> float | None:
        """Of the mean."""
        return None if self.sd is None or self.n < 2 else self.sd**2 / self.n


@checked
def two_by_two(
    *, treated_before: Cell, treated_after: Cell, comparison_before: Cell, comparison_after: Cell
) -> ExPostResult:
    """δ = (T_post − T_pre) − (C_post − C_pre) of four separate samples; standard error √Σ(s²/n).

    Not for the same people or sites measured twice: their changes belong into `difference_in_differences`, which is
    sharper, and not for periods of one series, which are no sample.

    Returns:
        value, low, high in the indicator's unit, t interval with Welch–Satterthwaite degrees of freedom; no interval
        where a spread is not known. Always flagged DID_PRETREND_UNTESTABLE: two points have no trend.

    Source: METHOD 2.10; Card & Krueger (1994), Am. Econ. Rev. 84:772.
    """
    cells = (treated_after, treated_before, comparison_after, comparison_before)
    value = treated_after.mean - treated_before.mean - (comparison_after.mean - comparison_before.mean)
    variances = [c.variance for c in cells]
    found = Contrast(value=value)
    if all(v is not None for v in variances) and sum(v or 0.0 for v in variances) > 0:
        total = sum(v or 0.0 for v in variances)
        df = total**2 / sum((v or 0.0) ** 2 / (c.n - 1) for v, c in zip(variances, cells, strict=True))
        found = t_interval(value, math.sqrt(total), df, "t, Welch–Satterthwaite")
    reasons = [_untestable(), *data_quality(None)]
    if found.low is None:
        reasons.append(decisive("no_interval", gettext_noop("No spread is known, so there is no interval.")))
    params: dict[str, Param] = {
        "treated_change": treated_after.mean - treated_before.mean,
        "comparison_change": comparison_after.mean - comparison_before.mean,
        **_figures(found),
    }
    return _result(
        METHOD_CELLS,
        message(labels.DID_UNTESTABLE),
        found,
        sum(c.n for c in cells),
        params,
        (_parallel(None), *_comparison_assumptions()),
        (UNTESTABLE,),
        reasons,
        (),
    )


@checked
def difference_in_differences(panel: Panel, *, seed: int = 0) -> ExPostResult:
    """Mean change of the treated units − mean change of the comparison units, each unit one change.

    Unit-level changes make the unit the thing that is counted, so values of one unit over time, which resemble one
    another, do not pass for independent. Few units: t with few degrees of freedom, and the permutation share beside it.

    Args:
        panel: treated and comparison units over the same periods; a unit without a value on one side is left out.
        seed: of the permutation draws where there are too many arrangements to count, kept with the result.

    Returns:
        value, low, high in the indicator's unit; p_value of the t. No interval with one unit on each side. params:
        both changes, standard error, df, permutation_p with its floor, pretrend_difference with interval (never
        "confirmed"). Tables ``event_study`` (from 3 periods before, reference the last one), ``units``,
        ``leave_one_out``: a sign that changes makes the confidence low. Flag and label DID_PRETREND_UNTESTABLE with
        fewer than 3 periods before. Refusals: DID_NO_COMPARISON, NO_APPROVED_DATA (no treated unit with both sides).

    Source: METHOD 2.10; Donald & Lang (2007); Bertrand, Duflo & Mullainathan (2004), Q. J. Econ. 119:249.
    """
    changes = {one.name: one.change for one in panel.units}
    treated, comparison = split(panel.units, changes)
    is_testable = len(panel.periods_before) >= MIN_PRE_PERIODS
    label = message(labels.EFFECT_DID if is_testable else labels.DID_UNTESTABLE)
    refusal = _why_not(panel, treated, comparison)
    n = len(treated) + len(comparison)
    if refusal is not None:
        return refused(refusal, method=METHOD_PANEL, label=label, n=n)
    found = contrast(treated, comparison)
    usable = [one for one in panel.units if changes[one.name] is not None]
    pretrend = _pretrend(usable) if is_testable else None
    params: dict[str, Param] = {
        "treated_units": len(treated),
        "comparison_units": len(comparison),
        "treated_change": float(np.mean(treated)),
        "comparison_change": float(np.mean(comparison)),
        "seed": seed,
        **_figures(found),
    }
    if n > 2:
        params["permutation_p"], params["permutation_floor"] = permutation_p(treated, comparison, seed=seed)
    if pretrend is not None:
        params |= {f"pretrend_difference{end}": v for end, v in _ends(pretrend)}
    left_out = sorted(one.name for one in panel.units if changes[one.name] is None)
    if left_out:
        params["left_out"] = ", ".join(left_out)
    has_gaps = any(v is None for one in usable for v in (*one.before, *one.after))
    without = _leave_one_out(usable, changes)
    tables = (_units(usable, changes), *without, *(_event_study(panel, usable) if is_testable else ()))
    reasons = _reasons(
        found, treated, comparison, pretrend, without, is_testable=is_testable, has_gaps=has_gaps
    )
    flags = [UNTESTABLE] * (not is_testable) + ["UNBALANCED"] * has_gaps + ["FEW_UNITS"] * (n < FEW_UNITS)
    assumptions = (_parallel(pretrend), *_comparison_assumptions())
    return _result(METHOD_PANEL, label, found, n, params, assumptions, tuple(flags), reasons, tables)


def _why_not(panel: Panel, treated: Sequence[float], comparison: Sequence[float]) -> Refusal | None:
    if not comparison:
        candidates = ", ".join(sorted(u.name for u in panel.units if not u.is_treated))
        return refuse(
            RefusalCode.DID_NO_COMPARISON,
            gettext_noop(
                "No comparison unit has values before and after: %(have)s of at least %(need)s. "
                "Candidates: %(candidates)s."
            ),
            have=0,
            need=1,
            candidates=candidates or "–",
        )
    if not treated:
        return refuse(
            RefusalCode.NO_APPROVED_DATA,
            gettext_noop("No treated unit has values before and after: %(have)s of at least %(need)s."),
            have=0,
            need=1,
        )
    return None


def _pretrend(units: Sequence[Unit]) -> Contrast | None:
    treated, comparison = split(units, {one.name: slope_before(one) for one in units})
    return contrast(treated, comparison) if treated and comparison else None


def _event_study(panel: Panel, units: Sequence[Unit]) -> tuple[Table, ...]:
    """Distance of the groups in each period, less that of the last period before; intervals are for each row alone."""
    reference = len(panel.periods_before) - 1
    rows: list[tuple[Param, ...]] = []
    periods = (*panel.periods_before, *panel.periods_after)
    for k, period in enumerate(periods):
        differences: dict[str, float | None] = {}
        for one in units:
            here, base = (*one.before, *one.after)[k], one.before[reference]
            differences[one.name] = None if here is None or base is None else here - base
        treated, comparison = split(units, differences)
        if k == reference or not treated or not comparison:
            rows.append((period, k - reference - 1, 0.0 if k == reference else None, None, None))
            continue
        found = contrast(treated, comparison)
        rows.append((period, k - reference - 1, found.value, found.low, found.high))
    caption = gettext_noop("Difference between the groups, against the last period before; 95 %% each")
    return (words.table("event_study", caption, ("period", "time", "difference", "low", "high"), rows),)


def _leave_one_out(units: Sequence[Unit], changes: dict[str, float | None]) -> tuple[Table, ...]:
    others = [one.name for one in units if not one.is_treated]
    if len(others) < 2:
        return ()
    rows: list[tuple[Param, ...]] = []
    for name in sorted(others):
        treated, comparison = split([one for one in units if one.name != name], changes)
        found = contrast(treated, comparison)
        rows.append((name, found.value, found.low, found.high))
    caption = gettext_noop("Without one comparison unit")
    return (words.table("leave_one_out", caption, ("without", "difference", "low", "high"), rows),)


def _units(units: Sequence[Unit], changes: dict[str, float | None]) -> Table:
    rows = [(one.name, "treated" if one.is_treated else "comparison", changes[one.name]) for one in units]
    return words.table("units", gettext_noop("Change of each unit"), ("unit", "group", "change"), rows)


def _reasons(
    found: Contrast,
    treated: Sequence[float],
    comparison: Sequence[float],
    pretrend: Contrast | None,
    without: Sequence[Table],
    *,
    is_testable: bool,
    has_gaps: bool,
) -> list[Reason]:
    reasons = list(data_quality(None))
    if not is_testable:
        reasons.append(_untestable())
    if found.low is None:
        reasons.append(decisive("no_interval", gettext_noop("One unit on each side gives no interval.")))
    elif len(treated) + len(comparison) < FEW_UNITS:
        few = gettext_noop("Only %(units)s units: t with %(df)s degrees of freedom.")
        df = shown(found.df or 0.0)
        reasons.append(weakness("few_units", few, units=len(treated) + len(comparison), df=df))
    if len(comparison) == 1:
        reasons.append(weakness("one_comparison", gettext_noop("There is a single comparison unit.")))
    if has_gaps:
        reasons.append(weakness("unbalanced", gettext_noop("Some units lack values in some periods.")))
    if pretrend is not None and not words.includes(0.0, pretrend.low, pretrend.high):
        differs = gettext_noop(
            "The groups were already moving apart before: %(low)s to %(high)s each period."
        )
        low, high = shown(pretrend.low or 0.0), shown(pretrend.high or 0.0)
        reasons.append(weakness("pretrend_differs", differs, low=low, high=high))
    flips = [str(r[0]) for t in without for r in t.rows if isinstance(r[1], float) and r[1] * found.value < 0]
    if flips:
        text = gettext_noop("Without %(units)s the sign of the result changes.")
        reasons.append(decisive("sign_changes", text, units=", ".join(flips)))
    return reasons


def _untestable() -> Reason:
    text = gettext_noop(
        "Fewer than %(need)s periods before: whether both sides moved alike cannot be looked at."
    )
    return weakness("pretrend_untestable", text, need=MIN_PRE_PERIODS)


def _parallel(pretrend: Contrast | None) -> Assumption:
    if pretrend is None or pretrend.low is None or pretrend.high is None:
        text = gettext_noop(
            "Without the programme both sides would have moved alike; the data cannot show it."
        )
        return words.assumption("parallel_before", Answer.CANNOT_TELL, text)
    is_parallel = words.includes(0.0, pretrend.low, pretrend.high)
    return words.assumption(
        "parallel_before",
        Answer.CANNOT_TELL if is_parallel else Answer.NO,
        gettext_noop(
            "Both sides moved alike before (difference of slopes %(low)s to %(high)s). "
            "This can be refuted, never confirmed."
        ),
        low=shown(pretrend.low),
        high=shown(pretrend.high),
    )


def _comparison_assumptions() -> tuple[Assumption, ...]:
    return (
        words.assumption(
            "comparison_untouched",
            Answer.CANNOT_TELL,
            gettext_noop("The comparison was not reached by the programme, nor by what it set off."),
        ),
        words.comparison(is_there=True),
    )


def _figures(found: Contrast) -> dict[str, Param]:
    return {"standard_error": found.standard_error, "df": found.df, "interval": found.rule}


def _ends(one: Contrast) -> tuple[tuple[str, float | None], ...]:
    return (("", one.value), ("_low", one.low), ("_high", one.high), ("_p", one.p_value))


def _result(
    method: str,
    label: Message,
    found: Contrast,
    n: int,
    params: dict[str, Param],
    assumptions: tuple[Assumption, ...],
    flags: tuple[str, ...],
    reasons: Sequence[Reason],
    tables: tuple[Table, ...],
) -> ExPostResult:
    confidence, ordered = weakest_link(reasons)
    first, second = (float(params[name] or 0) for name in ("treated_change", "comparison_change"))
    text = words.interval_text(found.value, found.low, found.high)
    said = [
        message(
            gettext_noop("The treated changed by %(treated)s, the comparison by %(comparison)s: %(value)s."),
            treated=shown(first),
            comparison=shown(second),
            value=text,
        )
    ]
    if found.low is None:
        said.append(message(gettext_noop("There is no interval, so chance cannot be weighed.")))
    elif words.includes(0.0, found.low, found.high):
        said.append(message(gettext_noop("The difference cannot be told from chance.")))
    said += [one.text for one in ordered if one.is_weakness]
    return replace(
        ExPostResult(method=method, label=label, value=found.value, low=found.low, high=found.high),
        p_value=found.p_value,
        n=n,
        params=params,
        assumptions=assumptions,
        flags=flags,
        confidence=confidence,
        reasons=ordered,
        tables=tables,
        steps=(
            words.step(
                gettext_noop("Difference of the changes"),
                "δ = (T_post − T_pre) − (C_post − C_pre)",
                f"{shown(first)} − {shown(second)}",
                text,
            ),
        ),
        sentence=tuple(said),
    )
