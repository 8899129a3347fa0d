"""What looks unusual about many stored figures at once: the warnings of `checks`, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.engine.rollup import check_parts
from indicators.engine.types import Measurement
from indicators.entry.actions import BY_HAND
from indicators.entry.checks import HISTORY_LENGTH, figure_warnings, in_words, shown_value
from indicators.models import PENDING, Evidence, Observation, State, rules_on

Spot = tuple[int, int | None, str]
"""Indicator, unit, cell: whose figures follow one another over the periods."""
PARTS = ("numerator", "denominator", "value")


def load_histories(
    observations: Iterable[Any], *, before: date, length: int = HISTORY_LENGTH
) -> dict[Spot, list[Observation]]:
    """The newest approved figures of each spot that began before a day, newest first. One query.

    Args:
        observations: anything with `indicator_id` and `cell`.
    """
    rows = (
        Observation.objects.current()
        .filter(
            indicator__in={one.indicator_id for one in observations},
            cell__in={one.cell for one in observations},
            period__starts_on__lt=before,
        )
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[F("indicator"), F("unit"), F("cell")],
                order_by=[F("period__starts_on").desc(), F("pk").desc()],
            )
        )
        .filter(place__lte=length)
        .select_related("period")
        .order_by("-period__starts_on", "-pk")
    )
    found: dict[Spot, list[Observation]] = {}
    for row in rows:
        found.setdefault((row.indicator_id, row.unit_id, row.cell), []).append(row)
    return found


def warnings_for(observations: Sequence[Observation]) -> dict[int, list[str]]:
    """By primary key what looks unusual about each figure (METHOD 2.7). Four queries, however many figures.

    The parts of a total are compared with what stands beside them, drafts included: whoever hands a sheet in hands
    in both. None is said of a figure that looks as usual.

    Args:
        observations: with their `indicator` and its `version`, and their `period`.
    """
    if not observations:
        return {}
    starts = {one.period.starts_on for one in observations}
    histories = load_histories(observations, before=max(starts), length=HISTORY_LENGTH + len(starts))
    rules = rules_on(timezone.localdate())
    beside = _beside(observations)
    pks = [one.pk for one in observations]
    proven = set(Evidence.objects.filter(observation__in=pks).values_list("observation_id", flat=True))
    found = {}
    for one in observations:
        warnings = figure_warnings(
            vars(one),
            version=one.indicator.version,
            period=one.period,
            history=_history(one, histories),
            rules=rules,
        )
        warnings += _mismatch(one, beside)
        if one.source in BY_HAND and one.pk not in proven and not one.missing_reason:
            warnings.append(_("No evidence is given: no file, no link, and not said where it is held."))
        if warnings:
            found[one.pk] = warnings
    return found


def _history(one: Observation, histories: Mapping[Spot, Sequence[Observation]]) -> list[Any]:
    version = one.indicator.version
    rows = histories.get((one.indicator_id, one.unit_id, one.cell), ())
    earlier = [row for row in rows if row.period.starts_on < one.period.starts_on][:HISTORY_LENGTH]
    values = [shown_value(version, vars(row)) for row in reversed(earlier)]
    return [value for value in values if value is not None]


Site = tuple[int, int, int | None]


def _beside(observations: Sequence[Observation]) -> dict[Site, dict[str, Measurement]]:
    """What stands in the cells of each indicator, period and unit; what is pending comes before what it corrects."""
    split = [one for one in observations if one.indicator.version.disaggregations]
    if not split:
        return {}
    rows = (
        Observation.objects.filter(
            indicator__in={one.indicator_id for one in split},
            period__in={one.period_id for one in split},
            state__in=[*PENDING, State.APPROVED],
        )
        .order_by("pk")
        .values("pk", "indicator_id", "period_id", "unit_id", "cell", *PARTS)
    )
    found: dict[Site, dict[str, Measurement]] = {}
    for row in rows:
        site = (row["indicator_id"], row["period_id"], row["unit_id"])
        found.setdefault(site, {})[row["cell"]] = Measurement(
            id=row["pk"], site=row["unit_id"], cell=row["cell"], **{name: row[name] for name in PARTS}
        )
    return found


def _mismatch(one: Observation, beside: Mapping[Site, Mapping[str, Measurement]]) -> list[str]:
    cells = beside.get((one.indicator_id, one.period_id, one.unit_id))
    if not cells:
        return []
    found = check_parts(list(cells.values()), one.indicator.version.rule())
    return [] if found is None else [in_words(found)]
