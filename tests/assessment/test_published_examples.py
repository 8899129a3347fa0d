"""Published examples through the app: imported, approved, planned, locked, assessed, read on page and machine door.

Run with REAL_DATA naming the folder of published data (as tests/engine/test_real_data.py does): California's tobacco
tax (Abadie, Diamond & Hainmueller 2010, as in R's synthdid) and the seat belts of Harvey & Durbin (1986).
"""

import csv
import itertools
import os
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse

from indicators.assessment import expost_planning, outlooks
from indicators.assessment.verifying import verdict_differences
from indicators.engine.expost.comparison import difference_in_differences
from indicators.engine.expost.counts import interrupted_counts
from indicators.engine.expost.panel import panel_of
from indicators.engine.expost.synthetic import synthetic_control
from indicators.engine.expost.types import result_from_json, table_of
from indicators.engine.types import PeriodValue
from indicators.entry.bulk import LIMIT, approve_observations
from indicators.entry.importing.whole import import_file
from indicators.models import Observation, PlannedComparison, PlannedIndicator, ReportingPeriod, Role
from tests import factories as make
from tests.assessment.test_planned import look_back
from tests.reports.test_expost_planned import page_of, words

FOLDER = Path(os.environ.get("REAL_DATA", "real_data")) / "impact"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REAL_DATA does not name the folder of published data"),
]
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def rows(name, delimiter=","):
    with (FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def make_periods(programme, frequency, places):
    for starts_on, ends_on, label in places:
        ReportingPeriod.objects.create(
            programme=programme, frequency=frequency, starts_on=starts_on, ends_on=ends_on, label=label,
            due_on=ends_on + timedelta(days=15),
        )  # fmt: skip


def imported(programme, lines, folder):
    """Through the importer, and approved by a second person."""
    path = folder / "figures.csv"
    path.write_text("indicator,period,unit,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
    officer = make.make_user(programme=programme)
    outcome = import_file(programme=programme, path=path, by=officer, at=NOW)
    assert outcome.problems == []
    approver = make.make_user(programme=programme, role=Role.APPROVER)
    figures = list(Observation.objects.filter(indicator__programme=programme))
    for start in range(0, len(figures), LIMIT):
        some = figures[start : start + LIMIT]
        assert not approve_observations(observations=some, by=approver, at=NOW).left


def locked(programme, at, *items):
    author = make.make_admin()
    plan = expost_planning.save_expost_plan(
        programme=programme, part="", starts_on=programme.starts_on, ends_on=programme.ends_on,
        question="Did it change what people did?", follow_up_months=[0], collects="Statistics office", by=author, at=at,
    )  # fmt: skip
    for indicator, given in items:
        expost_planning.plan_primary_indicator(
            plan=plan, indicator=indicator, by=author, at=at, method_reason="As published.", **given
        )
    outlooks.fill_due_outlooks(at=at)
    evaluator = make.make_user(programme=programme, role="evaluator")
    return expost_planning.lock_expost_plan(plan=plan, by=evaluator, at=at)


def number(**given):
    defaults = {"value_type": "number", "scale": 1, "numerator_label": "", "denominator_label": "",
                "min_denominator": None, "min_data_rule": "", "site_rule": "mean"}  # fmt: skip
    return make.make_version(**(defaults | given))


@pytest.fixture
def california(tmp_path):
    table = rows("california_prop99.csv", ";")
    states = sorted({row["State"] for row in table})
    programme = make.make_programme("PROP99", starts_on=date(1989, 1, 1), ends_on=date(2000, 12, 31))
    units = {name: make.make_unit(programme, f"S{n:02}", name=name) for n, name in enumerate(states)}
    indicators = []
    for _n in range(2):
        version = number(unit="packs a head", frequency="annual", direction="descending")
        indicators.append(
            make.make_indicator(
                programme,
                version=version,
                units=list(units.values()),
                plan={
                    "baseline": Decimal(116),
                    "baseline_on": date(1988, 12, 31),
                    "target": Decimal(60),
                    "target_on": programme.ends_on,
                },
            )
        )
    make_periods(programme, "annual", [(date(y, 1, 1), date(y, 12, 31), str(y)) for y in range(1970, 2001)])
    # The file's last digits are those of single precision; the app keeps six decimals.
    values = {(r["State"], int(r["Year"])): round(Decimal(r["PacksPerCapita"]), 6) for r in table}
    lines = [
        f"{one.definition.code},{year},{units[state].code},{value}"
        for one in indicators
        for (state, year), value in values.items()
    ]
    imported(programme, lines, tmp_path)
    donors = [PlannedComparison(unit=units[name]) for name in states if name != "California"]
    locked(
        programme, datetime(1988, 12, 15, tzinfo=UTC),
        (indicators[0], {"method": "synthetic_control", "smallest_change": Decimal(5), "comparisons": donors}),
        (
            indicators[1],
            {
                "method": "difference_in_differences",
                "smallest_change": Decimal(5),
                "comparisons": [PlannedComparison(unit=one.unit) for one in donors],
            },
        ),
    )  # fmt: skip
    return programme, indicators, values


def annual(values, state):
    return [
        PeriodValue(
            starts_on=date(y, 1, 1), ends_on=date(y, 12, 31), label=str(y),
            value=values[state, y], reported=1, expected=1,
        )
        for y in range(1970, 2001)
    ]  # fmt: skip


def test_californias_tobacco_tax_gives_the_published_figures_on_page_and_machine_door(california, client):
    programme, indicators, values = california
    states = sorted({state for state, _year in values} - {"California"})
    direct = panel_of(
        {"T1": annual(values, "California")},
        {f"C{n}": annual(values, state) for n, state in enumerate(states, 1)},
        split_on=date(1988, 12, 31),
    )

    run = look_back(programme, as_of=date(2000, 12, 31), due_at=NOW)

    found = {one.indicator_id: one for one in run.verdicts.filter(method="primary")}
    synthetic, did = (result_from_json(found[one.pk].result) for one in indicators)
    engine = synthetic_control(direct)
    assert synthetic.value == pytest.approx(engine.value, abs=1e-9)
    assert synthetic.value == pytest.approx(-19.514, abs=6e-3)  # R's synthdid, outcome only
    assert synthetic.params["p_raw"] == pytest.approx(3 / 39)
    names = {one["code"]: one["pk"] for one in found[indicators[0].pk].inputs["units"]}
    utah = programme.units.get(name="Utah").pk
    weights = {names[code]: weight for code, weight in table_of(synthetic, "weights").rows}
    assert weights[utah] == pytest.approx(0.394, abs=1e-3)
    assert table_of(synthetic, "placebo_gaps").rows == table_of(engine, "placebo_gaps").rows
    engine_did = difference_in_differences(direct, seed=found[indicators[1].pk].inputs["seed"])
    assert did.value == pytest.approx(engine_did.value, abs=1e-9)
    assert did.value == pytest.approx(-27.349, abs=6e-3)
    assert (did.low, did.high) == pytest.approx((engine_did.low, engine_did.high))
    assert [row[0] for row in table_of(did, "would_turn").rows] == [f"C{states.index('New Hampshire') + 1}"]
    assert list(verdict_differences()) == []

    reader = make.make_user(programme=programme, role="reader")
    page = page_of(client, run, reader)
    said = words(page)
    assert "−19.51" in said
    assert "−27.35" in said
    assert "That is the intended direction." in said
    assert "gap to the synthetic control, beside the placebos" in said
    assert (
        page.count('<polyline class="c-placebo"') == 3 * 34
    )  # as many states as in their figure 5; three sizes
    assert "4 are not drawn, because they did not follow their own synthetic controls before" in said
    assert re.search(r"Last period, 2000: the gap is −2\d\.\d\d; those of 34 placebos lie between", said)
    turned = unescape(page).split("Points and units without which it would say something else")[1]
    assert re.search(r"New Hampshire\s+it went down\s+−\d+\.\d", words(turned)[:200])
    door = client.get(f"/api/v1/verdicts/?run={run.pk}").json()["results"]
    assert {round(float(one["value"]), 2) for one in door if one["method"] == "primary"} == {-19.51, -27.35}
    plan = words(client.get(reverse("expost-plan", args=["PROP99"])).text)
    assert "p cannot be below 0.03" in plan
    assert "you said that 5 matters: too few data." in plan


def test_the_seat_belts_give_the_published_fall_month_by_month(tmp_path, client):
    table = rows("datasets_Seatbelts.csv")
    programme = make.make_programme("BELTS", starts_on=date(1983, 2, 1), ends_on=date(1984, 12, 31))
    version = number(unit="drivers", value_type="count", frequency="monthly", direction="descending",
                     site_rule="sum", time_rule="last")  # fmt: skip
    indicator = make.make_indicator(
        programme, version=version,
        plan={"baseline": Decimal(1700), "baseline_on": date(1983, 1, 31), "target": Decimal(1200),
              "target_on": programme.ends_on},
    )  # fmt: skip
    starts = [date(1969 + n // 12, n % 12 + 1, 1) for n in range(len(table) + 1)]
    places = [(day, after - timedelta(days=1), f"{day:%Y-%m}") for day, after in itertools.pairwise(starts)]
    make_periods(programme, "monthly", places)
    lines = [
        f"{version.definition_of.code},{place[2]},,{row['drivers']}"
        for place, row in zip(places, table, strict=True)
    ]
    imported(programme, lines, tmp_path)
    locked(
        programme,
        datetime(1983, 1, 20, tzinfo=UTC),
        (indicator, {"method": "", "smallest_change": Decimal(200)}),
    )
    assert PlannedIndicator.objects.get().method == "interrupted_counts"
    assert PlannedIndicator.objects.get().outlook["state"] == "enough"

    run = look_back(programme, as_of=date(1984, 12, 31), due_at=NOW)

    verdict = run.verdicts.get(method="primary")
    result = result_from_json(verdict.result)
    engine = interrupted_counts(
        [
            PeriodValue(
                starts_on=s, ends_on=e, label=t, value=Decimal(row["drivers"]), reported=1, expected=1
            )
            for (s, e, t), row in zip(places, table, strict=True)
        ],
        split_on=date(1983, 1, 31),
        horizon=verdict.inputs["horizon"],
    )
    assert result.refusal is None
    assert result.value == pytest.approx(engine.value, abs=1e-9)
    assert result.value == pytest.approx(1 - 0.27, abs=0.02)  # Harvey & Durbin: a fall by 18 to 27 %
    assert result.low < 1 - 0.27 < 1 - 0.23 < result.high < 1
    reader = make.make_user(programme=programme, role="reader")
    said = words(page_of(client, run, reader))
    assert f"it happened {result.value:.2f} times as often as before" in said
    [door] = [
        one
        for one in client.get(f"/api/v1/verdicts/?run={run.pk}").json()["results"]
        if one["method"] == "primary"
    ]
    assert float(door["value"]) == pytest.approx(result.value)
    assert list(verdict_differences()) == []
