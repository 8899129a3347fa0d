"""Seconds and memory of each ex-post method at the size of its published example, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from indicators.engine.expost.comparative import comparative_series
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.comparison_group import paired_gain_with_comparison
from indicators.engine.expost.counterfactual import counterfactual_trend
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.flips import points_that_turn, units_that_turn
from indicators.engine.expost.interrupted import interrupted_series
from indicators.engine.expost.leave_out import series_without_each, units_without_each
from indicators.engine.expost.paired import paired_gain
from indicators.engine.expost.panel import Panel
from indicators.engine.expost.persistence import retention
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.types import PeriodValue
from tests import published
from tests.bench.measure import most_memory_mb, turns

TURNS = 5
BELTS = date(1983, 1, 31)
PROPOSITION = date(1988, 12, 31)
Job = Callable[[], object]
Groups = dict[str, tuple[list[float], list[float]]]


def measure_methods() -> list[dict[str, Any]]:
    """One row for each method: median of several computations, and the most memory that its process had."""
    found = []
    for name in CASES:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.methods", name],
            env=os.environ, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        ours = json.loads(done.stdout.splitlines()[-1])
        imports = ours.pop("imports_mb")
        source = "published data" if published.is_at_hand() else "made data of that size"
        found.append(
            {
                "what": f"{name}, {source}",
                "ours": ours,
                "floor": {"peak_mb": imports},
                "floor_is": "the same process when its imports were done",
            }
        )
    return found


def _sleep() -> tuple[list[float], list[float]]:
    if published.is_at_hand():
        table = published.rows("courses/datasets_sleep.csv")
        first, second = ([float(r["extra"]) for r in table if r["group"] == g] for g in ("1", "2"))
        return first, second
    return _scores(10)


def _groups(name: str, group: str, before: str, after: str, sizes: dict[str, int]) -> Groups:
    """Scores before and after of two groups."""
    if not published.is_at_hand():
        return {one: _scores(n) for one, n in sizes.items()}
    table = published.rows(name)
    return {
        one: tuple([float(r[column]) for r in table if r[group] == one] for column in (before, after))  # type: ignore[misc]
        for one in sizes
    }


def _scores(n: int) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(n)
    before = rng.normal(50, 10, n)
    return before.tolist(), (before + rng.normal(6, 8, n)).tolist()


def _with_comparison(groups: Groups) -> object:
    treated, other = groups.values()
    return paired_gain_with_comparison(*treated, *other)


def _belts(column: str) -> list[PeriodValue]:
    """192 months of casualties."""
    if published.is_at_hand():
        return published.monthly(published.rows("impact/datasets_Seatbelts.csv"), column)
    counts = np.random.default_rng(len(column)).poisson(1600, 192)
    return published.monthly([{column: str(one)} for one in counts], column)


def _states(path: str, units: int, years: range, *columns: str) -> dict[str, dict[int, float]]:
    if published.is_at_hand():
        delimiter = ";" if "california" in path else ","
        return published.by_unit(published.rows(path, delimiter), *columns)  # type: ignore[arg-type]
    rng = np.random.default_rng(units)
    return {
        f"U{i:02}": dict(zip(years, np.cumsum(rng.normal(0, 2, len(years))) + 100, strict=True))
        for i in range(units)
    }


def _tobacco() -> tuple[dict[str, dict[int, float]], str]:
    values = _states("impact/california_prop99.csv", 39, range(1970, 2001), "State", "Year", "PacksPerCapita")
    return values, "California" if "California" in values else "U00"


def _basque() -> Panel:
    values = _states("impact/basque.csv", 17, range(1955, 1998), "regionname", "year", "gdpcap")
    values.pop("Spain (Espana)", None)
    treated = next((name for name in values if name.startswith("Basque")), "U00")
    return published.panel(values, treated, 1970)


def _tobacco_panel() -> Panel:
    values, treated = _tobacco()
    return published.panel(values, treated, 1989)


def _beside() -> Job:
    values, treated = _tobacco()
    others = {name: published.annual(v) for name, v in values.items() if name != treated}
    return partial(comparative_series, published.annual(values[treated]), others, split_on=PROPOSITION)


def _anorexia() -> Groups:
    return _groups("courses/MASS_anorexia.csv", "Treat", "Prewt", "Postwt", {"FT": 17, "Cont": 26})


def _baumann() -> Groups:
    return _groups(
        "courses/carData_Baumann.csv", "group", "pretest.1", "post.test.1", {"DRTA": 22, "Basal": 22}
    )


def _alone() -> list[PeriodValue]:
    values, treated = _tobacco()
    return published.annual(values[treated])


def _turning_points() -> object:
    series = _belts("drivers")
    quick = series_without_each(series, split_on=BELTS)
    return points_that_turn(series, lambda s: interrupted_series(s, split_on=BELTS), quick=quick)


def _turning_units(panel: Panel) -> object:
    return units_that_turn(panel, difference_in_differences, quick=units_without_each(panel))


CASES: dict[str, Callable[[], Job]] = {
    "paired gain, 10 pairs (sleep)": lambda: partial(paired_gain, *_sleep()),
    "gain kept with bootstrap, 22 people (Baumann)": lambda: partial(
        retention, *_baumann()["DRTA"], _baumann()["DRTA"][1], seed=1
    ),
    "gain with comparison, 22 + 22 pairs (Baumann)": lambda: partial(_with_comparison, _baumann()),
    "gain with comparison, 17 + 26 pairs (anorexia)": lambda: partial(_with_comparison, _anorexia()),
    "interrupted series, 192 months (seat belts)": lambda: partial(
        interrupted_series, _belts("drivers"), split_on=BELTS
    ),
    "each of 192 months left out of it (seat belts)": lambda: _turning_points,
    "interrupted counts, 192 months (seat belts)": lambda: partial(
        interrupted_counts, _belts("drivers"), split_on=BELTS
    ),
    "interrupted series, 31 years (California)": lambda: partial(
        interrupted_series, _alone(), split_on=PROPOSITION
    ),
    "continued trend, 31 years (California)": lambda: partial(
        counterfactual_trend, _alone(), split_on=PROPOSITION
    ),
    "comparative series, 1 + 38 of 31 years (California)": _beside,
    "difference in differences, 39 x 31 (California)": lambda: partial(
        difference_in_differences, _tobacco_panel()
    ),
    "each of 38 states left out of it (California)": lambda: partial(_turning_units, _tobacco_panel()),
    "synthetic control, 39 x 31 (California)": lambda: partial(synthetic_control, _tobacco_panel()),
    "synthetic control, 17 x 43 (Basque)": lambda: partial(synthetic_control, _basque()),
}


if __name__ == "__main__":
    imports = most_memory_mb(os.getpid())
    job = CASES[sys.argv[1]]()
    print(json.dumps(turns(job, TURNS) | {"peak_mb": most_memory_mb(os.getpid()), "imports_mb": imports}))
