"""Synthetic control: a weighted mean of donors that ran like the treated unit before, with placebo ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Refusal, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, decisive, weakest_link, weakness
from .panel import Panel, Unit
from .situation import DONORS_FOR_FIVE_PERCENT, MIN_DONORS, MIN_PRE_SYNTHETIC
from .types import Answer, Assumption, Confidence, ExPostResult, Param, Reason, Table, refused
from .words import shown

METHOD = "Synthetic control on the outcome alone, placebo ranks of post ÷ pre RMSPE"
POOR_FIT_FROM = 0.5
"""Error before ÷ spread of the treated unit before, above which the fit is called poor [rule]."""
SHOWN_WEIGHT = 0.001
PLACEBO_GAPS = "placebo_gaps"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticFit:
    """Weights of the donors and the gap treated − synthetic, period by period."""

    weights: Floats
    gap_before: Floats
    gap_after: Floats

    @property
    def error_before(self) -> float:
        """Root mean squared gap before."""
        return float(np.sqrt((self.gap_before**2).mean()))

    @property
    def ratio(self) -> float:
        """Root mean squared gap after ÷ before: how far it parts, for how well it fitted."""
        after = float(np.sqrt((self.gap_after**2).mean()))
        return after / max(self.error_before, 1e-12 * max(1.0, after))


@checked
def synthetic_control(panel: Panel) -> ExPostResult:
    """Gap between one treated unit and a weighted mean of donors, with the rank of its break among placebos.

    Weights are 0 or more, sum to 1 and make the outcomes before as close as possible; no other predictors. For the
    placebo ranks each donor plays the treated unit in turn, with the other donors, and p is the share of units whose
    post ÷ pre error ratio is at least as large: never below 1 ÷ (donors + 1).

    Args:
        panel: exactly one treated unit; donors with a missing value are left out and named.

    Returns:
        value: mean gap after, in the indicator's unit; no interval, the placebos stand for it. p_value and
        params["p_floor"]. Tables ``weights``, ``gap`` (observed, synthetic, gap), ``placebos`` (ranks),
        ``placebo_gaps`` (each donor's own gap, a column a period) and ``leave_one_out`` (without each donor that has
        weight). Flags: SC_POOR_FIT, SC_P_FLOOR (fewer than 19 donors). Refusals:
        SC_TOO_FEW_DONORS (fewer than 5), SC_PRE_TOO_SHORT (fewer than 8 periods before), NO_FOLLOW_UP,
        NO_APPROVED_DATA (not exactly one treated unit with all its values).

    Source: Abadie, Diamond & Hainmueller (2010), JASA 105:493; METHOD 2.9.
    """
    treated = [one for one in panel.units if one.is_treated]
    donors = [one for one in panel.units if not one.is_treated and _is_complete(one)]
    left_out = sorted(u.name for u in panel.units if not u.is_treated and not _is_complete(u))
    label = message(labels.EFFECT_SYNTHETIC)
    refusal = _why_not(panel, treated, donors)
    if refusal is not None:
        return refused(refusal, method=METHOD, label=label, n=len(donors) + 1)
    before, after = _matrix([treated[0], *donors])
    found = fit(before[:, 0], before[:, 1:], after[:, 0], after[:, 1:])
    placebos = _placebo_fits(before[:, 1:], after[:, 1:])
    ratios = [found.ratio, *(one.ratio for one in placebos)]
    p = sum(r >= found.ratio * (1 - 1e-9) for r in ratios) / len(ratios)
    spread = float(before[:, 0].std(ddof=1))
    effect = float(found.gap_after.mean())
    without = _leave_one_out(before, after, found, [one.name for one in donors])
    params: dict[str, Param] = {
        "donors": len(donors),
        "p_floor": 1 / len(ratios),
        "rmspe_before": found.error_before,
        "ratio": found.ratio,
        "fit": found.error_before / spread if spread else None,
        "mean_before": float(before[:, 0].mean()),
        "gap_last": float(found.gap_after[-1]),
    }
    if left_out:
        params["left_out"] = ", ".join(left_out)
    is_poor = spread == 0 or found.error_before / spread > POOR_FIT_FROM
    flags = ["SC_POOR_FIT"] * is_poor + ["SC_P_FLOOR"] * (len(donors) < DONORS_FOR_FIVE_PERCENT)
    confidence, reasons = weakest_link(_reasons(effect, p, params, without, is_poor=is_poor))
    return ExPostResult(
        method=METHOD,
        label=label,
        value=effect,
        p_value=p,
        n=len(ratios),
        params=params,
        assumptions=_assumptions(is_poor=is_poor),
        flags=tuple(flags),
        confidence=confidence,
        reasons=reasons,
        tables=(
            _weights(found, donors),
            _gap(panel, found, before[:, 0], after[:, 0]),
            _placebos(treated[0].name, donors, ratios),
            _placebo_gaps(panel, donors, placebos),
            without,
        ),
        steps=(
            words.step(
                gettext_noop("Mean gap after to the weighted donors"),
                "mean(Y − Σ w·donor), w ≥ 0, Σ w = 1",
                f"RMSPE after/before = {shown(found.ratio)}",
                f"{shown(effect)}; p = {shown(p)} ≥ 1/{len(ratios)}",
            ),
        ),
        sentence=(
            message(
                gettext_noop(
                    "After the date the treated unit is %(effect)s off its synthetic control on average. Its break is "
                    "number %(rank)s of %(units)s (p = %(p)s; it could not be below %(floor)s)."
                ),
                effect=shown(effect),
                rank=round(p * len(ratios)),
                units=len(ratios),
                p=shown(p),
                floor=shown(1 / len(ratios)),
            ),
            *(one.text for one in reasons if one.is_weakness),
        ),
    )


def fit(y_before: Floats, donors_before: Floats, y_after: Floats, donors_after: Floats) -> SyntheticFit:
    """Weights on the simplex that bring the donors closest to the treated unit before.

    Non-negative least squares with the sum as one heavily weighted row: scipy has no solver for the simplex itself,
    and this one is exact to six digits and takes less than a millisecond, which the placebos need.
    """
    scale = max(float(np.abs(donors_before).max()), float(np.abs(y_before).max()), 1e-12)
    centre = donors_before.mean(
        axis=1, keepdims=True
    )  # with weights that sum to 1 a common shift changes nothing
    a, b = (donors_before - centre) / scale, (y_before - centre[:, 0]) / scale
    heavy = 1e4
    weights, _ = optimize.nnls(np.vstack([a, heavy * np.ones(a.shape[1])]), np.append(b, heavy))
    weights /= weights.sum()
    return SyntheticFit(
        weights=weights,
        gap_before=y_before - donors_before @ weights,
        gap_after=y_after - donors_after @ weights,
    )


def _why_not(panel: Panel, treated: Sequence[Unit], donors: Sequence[Unit]) -> Refusal | None:
    if len(treated) != 1 or not _is_complete(treated[0]):
        return refuse(
            RefusalCode.NO_APPROVED_DATA,
            gettext_noop("%(have)s treated units were given; exactly one with all its values is needed."),
            have=len(treated),
            need=1,
        )
    if len(donors) < MIN_DONORS:
        return refuse(
            RefusalCode.SC_TOO_FEW_DONORS,
            gettext_noop(
                "%(have)s donors with all their values; at least %(need)s are needed, and %(five)s before p can "
                "reach 5 %%. With these p could not be below %(floor)s."
            ),
            have=len(donors),
            need=MIN_DONORS,
            five=DONORS_FOR_FIVE_PERCENT,
            floor=shown(1 / (len(donors) + 1)),
        )
    if len(panel.periods_before) < MIN_PRE_SYNTHETIC:
        return refuse(
            RefusalCode.SC_PRE_TOO_SHORT,
            gettext_noop("%(have)s periods before; a synthetic control needs at least %(need)s."),
            have=len(panel.periods_before),
            need=MIN_PRE_SYNTHETIC,
        )
    if not panel.periods_after:
        return refuse(RefusalCode.NO_FOLLOW_UP, gettext_noop("There is no value after the date yet."))
    return None


def _is_complete(unit: Unit) -> bool:
    return all(v is not None for v in (*unit.before, *unit.after))


def _matrix(units: Sequence[Unit]) -> tuple[Floats, Floats]:
    """Rows are periods, columns units."""
    before = np.array([[float(v or 0) for v in one.before] for one in units]).T
    after = np.array([[float(v or 0) for v in one.after] for one in units]).T
    return before, after


def _placebo_fits(before: Floats, after: Floats) -> list[SyntheticFit]:
    """Each donor as if it had been the treated one, from the other donors."""
    found = []
    for i in range(before.shape[1]):
        rest = np.arange(before.shape[1]) != i
        found.append(fit(before[:, i], before[:, rest], after[:, i], after[:, rest]))
    return found


def _leave_one_out(before: Floats, after: Floats, whole: SyntheticFit, names: Sequence[str]) -> Table:
    rows: list[tuple[str, float, float]] = []
    for i, name in enumerate(names):
        if whole.weights[i] < SHOWN_WEIGHT:
            continue
        rest = np.arange(len(names)) != i
        one = fit(before[:, 0], before[:, 1:][:, rest], after[:, 0], after[:, 1:][:, rest])
        rows.append((name, float(one.gap_after.mean()), one.error_before))
    columns = ("without", "effect", "rmspe_before")
    return words.table("leave_one_out", gettext_noop("Without one donor that has weight"), columns, rows)


def _weights(found: SyntheticFit, donors: Sequence[Unit]) -> Table:
    pairs = sorted(zip(found.weights, (one.name for one in donors), strict=True), reverse=True)
    rows = [(name, float(weight)) for weight, name in pairs if weight >= SHOWN_WEIGHT]
    return words.table("weights", gettext_noop("Donors and their weights"), ("donor", "weight"), rows)


def _gap(panel: Panel, found: SyntheticFit, before: Floats, after: Floats) -> Table:
    observed, gap = np.append(before, after), np.append(found.gap_before, found.gap_after)
    rows = [
        (period, float(y), float(y - g), float(g))
        for period, y, g in zip((*panel.periods_before, *panel.periods_after), observed, gap, strict=True)
    ]
    columns = ("period", "observed", "synthetic", "gap")
    return words.table("gap", gettext_noop("Observed and synthetic, period by period"), columns, rows)


def _placebos(name: str, donors: Sequence[Unit], ratios: Sequence[float]) -> Table:
    pairs = sorted(zip(ratios, (name, *(one.name for one in donors)), strict=True), reverse=True)
    rows = [(rank, unit, float(ratio)) for rank, (ratio, unit) in enumerate(pairs, start=1)]
    caption = gettext_noop("Break of each unit: error after ÷ error before")
    return words.table("placebos", caption, ("rank", "unit", "ratio"), rows)


def _placebo_gaps(panel: Panel, donors: Sequence[Unit], placebos: Sequence[SyntheticFit]) -> Table:
    periods = (*panel.periods_before, *panel.periods_after)
    rows: list[tuple[Param, ...]] = [
        (unit.name, one.error_before, *(float(gap) for gap in (*one.gap_before, *one.gap_after)))
        for unit, one in zip(donors, placebos, strict=True)
    ]
    caption = gettext_noop("Gap of each donor, as if it had been the treated one")
    return words.table(PLACEBO_GAPS, caption, ("unit", "rmspe_before", *periods), rows)


def _reasons(
    effect: float, p: float, params: dict[str, Param], without: Table, *, is_poor: bool
) -> list[Reason]:
    reasons = list(data_quality(None))
    if is_poor:
        text = gettext_noop("The synthetic control does not follow the treated unit before the date.")
        reasons.append(decisive("poor_fit", text))
    if (params["donors"] or 0) and float(params["donors"] or 0) < DONORS_FOR_FIVE_PERCENT:
        text = gettext_noop("With %(donors)s donors p cannot be below %(floor)s.")
        floor = shown(float(params["p_floor"] or 0))
        reasons.append(weakness("p_floor", text, donors=params["donors"], floor=floor))
    if any(isinstance(row[1], float) and row[1] * effect < 0 for row in without.rows):
        text = gettext_noop("Without one of the donors the sign of the result changes.")
        reasons.append(decisive("sign_changes", text))
    if p > 0.10:
        text = gettext_noop("Breaks as large are common among the placebos (p = %(p)s).")
        reasons.append(Reason(name="placebo", allows=Confidence.LOW, text=message(text, p=shown(p))))
    return reasons


def _assumptions(*, is_poor: bool) -> tuple[Assumption, ...]:
    return (
        words.assumption(
            "fits_before",
            Answer.NO if is_poor else Answer.YES,
            gettext_noop("The synthetic control follows the treated unit closely before the date."),
        ),
        words.assumption(
            "donors_untouched",
            Answer.CANNOT_TELL,
            gettext_noop("No donor was reached by the programme, nor by a shock of its own after the date."),
        ),
        words.nothing_else_changed(),
        words.comparison(is_there=True),
    )
