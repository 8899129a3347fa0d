"""How often the short-series methods call a change of level where there is none, beside the table in METHOD 2.10."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from scipy import stats

from indicators.engine.expost.its_analysis import Analysis, analyse, vetoes, why_not
from indicators.engine.expost.segmented import layout
from indicators.engine.types import PeriodValue
from tests.bench.measure import seconds

RHOS = (0.0, 0.3, 0.6)
TOLD = {
    8: {"ols": "4-12", "newey_west": "13-18", "reml": "8-13"},
    12: {"ols": "5-13", "newey_west": "11-15", "reml": "8-10"},
    24: {"ols": "5-14", "newey_west": "7-14", "reml": "5-8"},
}
"""METHOD 2.10, in percent, for rho of 0 to 0.3."""


def measure_false_alarms(series: int) -> list[dict[str, Any]]:
    """Share of null series, in percent, whose level change has p < 0.05: of all, and of those that no veto stops."""
    found = []
    for points, told in TOLD.items():
        for rho in RHOS:
            hits = dict.fromkeys(("ols", "newey_west", "reml", "kept"), 0)
            kept = 0
            rng = np.random.default_rng([points, round(10 * rho)])

            def run(
                points: int = points, rho: float = rho, rng: Any = rng, hits: dict[str, int] = hits
            ) -> None:
                nonlocal kept
                for _ in range(series):
                    kept += _count(_null_series(2 * points, rho, rng), points, hits)

            took = seconds(run)
            ours: dict[str, Any] = {
                name: round(100 * n / series, 1) for name, n in hits.items() if name != "kept"
            }
            ours |= {"vetoed": round(100 - 100 * kept / series, 1)}
            ours |= {"reml_kept": round(100 * hits["kept"] / max(kept, 1), 1), "seconds": round(took, 1)}
            found.append(
                {
                    "what": f"false alarms %, {points} points a side, rho {rho}, {series:,} null series",
                    "ours": ours,
                    "floor": told if rho <= 0.3 else {},
                    "floor_is": "METHOD 2.10, rho 0 to 0.3; nominal 5" if rho <= 0.3 else "nominal 5",
                }
            )
    return found


def _null_series(points: int, rho: float, rng: np.random.Generator) -> list[PeriodValue]:
    """Years on a straight line with AR(1) errors."""
    errors = [rng.normal()]
    for _ in range(points - 1):
        errors.append(rho * errors[-1] + rng.normal() * (1 - rho**2) ** 0.5)
    found = []
    for place, error in enumerate(errors):
        starts_on = date(1960 + place, 1, 1)
        value = Decimal(repr(float(10 + 0.1 * place + error)))
        found.append(
            PeriodValue(
                starts_on=starts_on,
                ends_on=date(1961 + place, 1, 1) - timedelta(days=1),
                label=str(starts_on.year),
                value=value,
            )
        )
    return found


def _count(series: list[PeriodValue], points: int, hits: dict[str, int]) -> int:
    """Add the false alarms of one series; 1 when no veto stops it."""
    laid = layout(series, series[points - 1].ends_on)
    assert why_not(laid) is None
    found = analyse(laid, horizon=None, seasonal=False)
    for name, prefix in (("ols", "ols_"), ("newey_west", "newey_west_"), ("reml", "")):
        hits[name] += _is_alarm(found, prefix)
    is_kept = not vetoes(found.params)
    hits["kept"] += is_kept and _is_alarm(found, "")
    return int(is_kept)


def _is_alarm(found: Analysis, prefix: str) -> bool:
    t = float(found.params[f"{prefix}b2"] or 0) / float(found.params[f"{prefix}se_b2"] or 1)
    return bool(abs(t) > stats.t.ppf(0.975, found.df))
