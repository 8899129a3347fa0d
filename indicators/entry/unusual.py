"""What looks unusual about many stored figures at once, by the same rules as for one. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.utils import timezone

from indicators.engine.rollup import check_parts
from indicators.engine.types import Measurement
from indicators.entry.checks import (
    BY_HAND,
    COUNTED_BESIDE,
    HISTORY_LENGTH,
    figure_warnings,
    in_words,
    no_evidence,
    shown_value,
)
from indicators.models import Evidence, Observation, rules_on

NUMBERS = ("numerator", "denominator", "value")
Site = tuple[int, int, int | None]
"""Indicator, period and unit: whose parts are compared with its total."""


def warnings_by_figure(observations: Sequence[Observation]) -> dict[int, list[str]]:
    """All warnings about stored figures, by primary key: those that `checks.warnings_of` gives for each alone.

    Two queries for any number of figures; a third when one of them is of an indicator with breakdowns. The given
    figures are compared with one another too: a total and its parts may be on their way together.

    Args:
        observations: with `indicator.version` and `period` loaded.
    """
    rules = rules_on(timezone.localdate())
    beside = {pk: (history, has_evidence) for pk, history, has_evidence in _asked(observations)}
    parts = _load_parts([one for one in observations if one.indicator.version.disaggregations])
    found: dict[int, list[str]] = {}
    for one in observations:
        history, has_evidence = beside.get(one.pk, ([], False))
        version = one.indicator.version
        values = [shown_value(version, row) for row in reversed(history)]
        said = figure_warnings(
            vars(one),
            version=version,
            period=one.period,
            history=[value for value in values if value is not None],
            rules=rules,
        )
        if version.disaggregations:
            cells = parts[one.indicator_id, one.period_id, one.unit_id]
            mismatch = check_parts(list(cells.values()), version.rule())
            said += [in_words(mismatch)] if mismatch is not None else []
        if one.source in BY_HAND and not has_evidence and not one.missing_reason:
            said.append(no_evidence())
        found[one.pk] = said
    return found


def _asked(observations: Sequence[Observation]) -> list[tuple[int, list[dict[str, Any]], bool]]:
    """Each figure's last approved values before its period, newest first, and whether it has evidence."""
    earlier = (
        Observation.objects.current()
        .filter(indicator=OuterRef("indicator"), cell=OuterRef("cell"))
        .annotate(place=Coalesce("unit", 0))
        .filter(place=Coalesce(OuterRef("unit"), 0), period__starts_on__lt=OuterRef("period__starts_on"))
        .order_by("-period__starts_on", "-pk")
        .values(figures=JSONObject(**{name: Cast(name, TextField()) for name in NUMBERS}))[:HISTORY_LENGTH]
    )
    rows = (
        Observation.objects.filter(pk__in=[one.pk for one in observations])
        .order_by()
        .annotate(
            history=ArraySubquery(earlier),
            has_evidence=Exists(Evidence.objects.filter(observation=OuterRef("pk"))),
        )
        .values_list("pk", "history", "has_evidence")
    )
    return [(pk, [_decimals(row) for row in history], has) for pk, history, has in rows]


def _decimals(row: Mapping[str, str | None]) -> dict[str, Decimal | None]:
    """Numbers cross as text: JSON would make floats of them."""
    return {name: None if text is None else Decimal(text) for name, text in row.items()}


def _load_parts(observations: Sequence[Observation]) -> dict[Site, dict[str, Measurement]]:
    """The figures of the same sites and periods that count or wait, by cell. One query, none for no figure."""
    found: dict[Site, dict[str, Measurement]] = defaultdict(dict)
    if not observations:
        return found
    rows = (
        Observation.objects.filter(
            indicator__in={one.indicator_id for one in observations},
            period__in={one.period_id for one in observations},
            state__in=COUNTED_BESIDE,
        )
        .order_by("pk")
        .values_list("indicator", "period", "unit", "pk", "cell", *NUMBERS)
    )
    for indicator, period, unit, pk, cell, *numbers in rows:
        found[indicator, period, unit][cell] = _measurement(pk, unit, cell, numbers)
    for one in observations:
        numbers = [getattr(one, name) for name in NUMBERS]
        found[one.indicator_id, one.period_id, one.unit_id][one.cell] = _measurement(
            one.pk, one.unit_id, one.cell, numbers
        )
    return found


def _measurement(pk: int, unit: int | None, cell: str, numbers: Sequence[Decimal | None]) -> Measurement:
    numerator, denominator, value = numbers
    return Measurement(id=pk, site=unit, cell=cell, numerator=numerator, denominator=denominator, value=value)
