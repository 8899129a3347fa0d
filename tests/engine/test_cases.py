"""Every sentence in `cases.toml` holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from indicators.engine.achievement import achievement
from indicators.engine.codec import (
    judgement_from_json,
    judgement_to_json,
    snapshot_from_json,
    snapshot_to_json,
)
from indicators.engine.judge import judge
from indicators.engine.periods import Frequency
from indicators.engine.rollup import roll_up_period
from indicators.engine.types import Refusal

from . import cases


def of_kind(kind: str) -> Any:
    return pytest.mark.parametrize(
        "case", [pytest.param(c, id=name) for name, c in cases.by_name(kind).items()]
    )


@of_kind("rollup")
def test_sites_and_cells_become_one_figure(case: dict[str, Any]) -> None:
    sites = [cases.measurement(i, given) for i, given in enumerate(case["sites"])]

    found = roll_up_period(
        sites,
        cases.rule(**case["rule"]),
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 3, 31),
        label="2025 Q1",
        expected=len(sites),
    )

    assert found.value == (Decimal(case["value"]) if "value" in case else None)
    assert (found.refusal.code if found.refusal else None) == case.get("refusal")


@of_kind("achievement")
def test_achievement_is_one_signed_formula(case: dict[str, Any]) -> None:
    found = achievement(*(Decimal(x) for x in case["numbers"]))

    if "refusal" in case:
        assert isinstance(found, Refusal)
        assert found.code == case["refusal"]
    else:
        assert found == Decimal(case["value"])


@of_kind("judge")
def test_a_snapshot_gets_its_status(case: dict[str, Any]) -> None:
    given = case_snapshot(case)

    found = judge(given)

    for name, expected in case["expect"].items():
        actual = getattr(found, name)
        if name == "refusal":
            actual = actual.code if actual else None
        assert actual == (expected if isinstance(expected, str | bool | date) else Decimal(expected)), name


@of_kind("judge")
def test_a_frozen_verdict_is_recomputed_from_its_stored_snapshot(case: dict[str, Any]) -> None:
    given = case_snapshot(case)
    found = judge(given)

    assert snapshot_from_json(snapshot_to_json(given)) == given
    assert judge(snapshot_from_json(snapshot_to_json(given))) == found
    assert judgement_from_json(judgement_to_json(found)) == found


@of_kind("judge")
def test_a_status_other_than_a_colour_says_why(case: dict[str, Any]) -> None:
    found = judge(case_snapshot(case))

    is_grey = found.status in {"not_reporting", "not_assessable"}
    assert is_grey == (found.refusal is not None)
    assert all(str(sentence) for sentence in found.sentence)
    assert all("%(" not in str(step.label) for step in found.steps)


def case_snapshot(case: dict[str, Any]) -> Any:
    frequency = Frequency.MONTHLY if "months" in case else Frequency.QUARTERLY
    return cases.snapshot(
        case.get("months") or case["series"],
        cases.rule(**case["rule"]),
        cases.plan(case["plan"]),
        as_of=case.get("as_of"),
        frequency=frequency,
    )
