"""The pictures of an ex-post answer, from its frozen inputs and result alone. Draws nothing itself, queries nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from indicators.charts import PairedCourse
from indicators.charts.compared import EventStudy, GapLines, Line, PeriodLines, RankedUnit, Ranks, StudyPoint
from indicators.models import Verdict

Json = Mapping[str, Any]
PLACEBO_GAPS = "placebo_gaps"
WORST_FIT = 20**0.5
"""Placebos with more than twenty times the treated one's mean squared error before are not drawn, as is usual."""


def lines_of(verdict: Verdict, title: str, unit: str) -> PeriodLines | None:
    """Observed beside expected; the observed alone where the method expects nothing; None without a series."""
    inputs, tables = verdict.inputs, _tables(verdict)
    if not inputs.get("series") or not inputs.get("split_on"):
        return None
    if "gap" in tables:
        return _from_rows(tables["gap"], ("observed", "synthetic"), inputs, title, unit)
    if inputs["compute"] == "counterfactual_trend" and "counterfactual" in tables:
        return _continued(tables["counterfactual"], inputs, title, unit)
    if "counterfactual" in tables:
        is_distance = inputs["compute"] == "comparative_interrupted_series"
        heading = _("%(title)s: distance to the comparison") % {"title": title} if is_distance else title
        return _from_rows(tables["counterfactual"], ("observed", "without_change"), inputs, heading, unit)
    if inputs.get("comparisons"):
        return _groups(inputs, title, unit)
    periods = inputs["series"]
    return _shown(
        title,
        unit,
        [p["label"] for p in periods],
        [_observed([_number(p["value"]) for p in periods])],
        inputs,
    )


def study_of(verdict: Verdict, title: str, unit: str) -> EventStudy | None:
    """The event study, where there were enough periods before."""
    table = _tables(verdict).get("event_study")
    if table is None:
        return None
    points = [
        StudyPoint(period=period, time=time, value=value, low=low, high=high)
        for period, time, value, low, high in table["rows"]
    ]
    return EventStudy(title=_("%(title)s: period by period") % {"title": title}, unit=unit, points=points)


def ranks_of(verdict: Verdict, names: Mapping[str, str]) -> Ranks | None:
    """The break of the treated one among the placebos."""
    table = _tables(verdict).get("placebos")
    if table is None:
        return None
    rows = [
        RankedUnit(name=names.get(unit, unit), value=ratio, is_treated=unit.startswith("T"))
        for _rank, unit, ratio in table["rows"]
        if ratio is not None
    ]
    return Ranks(
        title=_("Break of each unit, as if it had been the treated one"), unit=_("after ÷ before"), rows=rows
    )


def gaps_of(verdict: Verdict, names: Mapping[str, str], title: str, unit: str) -> GapLines | None:
    """The gap of the treated one among those of the placebos; None of an answer that was kept without them."""
    tables = _tables(verdict)
    if not {"gap", PLACEBO_GAPS} <= set(tables):
        return None
    own = tables["gap"]
    place = own["columns"].index("gap")
    periods = [row[0] for row in own["rows"]]
    rows = tables[PLACEBO_GAPS]["rows"]
    worst = WORST_FIT * float(verdict.result["params"]["rmspe_before"] or 0)
    drawn = [row for row in rows if row[1] is not None and row[1] <= worst]
    return GapLines(
        title=_("%(title)s: gap to the synthetic control, beside the placebos") % {"title": title},
        unit=unit,
        periods=periods,
        treated=Line(name=_("Reached by the programme"), values=[row[place] for row in own["rows"]]),
        placebos=[Line(name=names.get(row[0], row[0]), values=row[2:], kind="other") for row in drawn],
        breaks_before=_break(periods, verdict.inputs),
        break_label=_("Change expected from here"),
        left_out=[names.get(row[0], row[0]) for row in rows if row not in drawn],
    )


def slopes_of(verdict: Verdict, title: str) -> list[PairedCourse]:
    """Scores of the same people at each test, without anybody's name, where there are enough of them."""
    inputs = verdict.inputs
    params = verdict.result.get("params", {})
    stages = [_("Before"), _("After"), _("Later")]
    groups = [(title, inputs.get("scores"))]
    if inputs.get("comparison_scores"):
        groups.append((_("%(title)s: comparison group") % {"title": title}, inputs["comparison_scores"]))
    means = {
        "paired_gain": (params.get("mean_pre"), params.get("mean_post")),
        "retention": (params.get("baseline"), params.get("end"), params.get("followup")),
    }.get(inputs["compute"], ())
    return [
        PairedCourse(
            title=name,
            unit=_("points"),
            stages=stages[: len(rows[0])],
            people=[tuple(one) for one in rows],
            means=means,
            lowest=0,
            highest=inputs.get("maximum"),
        )
        for name, rows in groups
        if rows
    ]


def _tables(verdict: Verdict) -> dict[str, Json]:
    return {one["name"]: one for one in verdict.result.get("tables", [])}


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _observed(values: Sequence[float | None], name: str = "") -> Line:
    return Line(name=name or _("Observed"), values=values)


def _shown(
    title: str,
    unit: str,
    periods: Sequence[str],
    lines: Sequence[Line],
    inputs: Json,
    low: Sequence[float | None] = (),
    high: Sequence[float | None] = (),
) -> PeriodLines:
    return PeriodLines(
        title=title,
        unit=unit,
        periods=periods,
        lines=lines,
        low=low,
        high=high,
        breaks_before=_break(periods, inputs),
        break_label=_("Change expected from here"),
        transition=_transition(periods, inputs),
    )


def _transition(periods: Sequence[str], inputs: Json) -> tuple[int, int] | None:
    until = inputs.get("transition_until")
    if not until:
        return None
    starts = {p["label"]: p["starts_on"] for one in _every(inputs) for p in one}
    inside = [
        place for place, label in enumerate(periods) if inputs["split_on"] < starts.get(label, "") <= until
    ]
    return (inside[0], inside[-1]) if inside else None


def _break(periods: Sequence[str], inputs: Json) -> int | None:
    starts = {p["label"]: p["starts_on"] for one in _every(inputs) for p in one}
    later = (place for place, label in enumerate(periods) if starts.get(label, "") > inputs["split_on"])
    return next(later, None)


def _every(inputs: Json) -> list[Sequence[Json]]:
    return [inputs["series"], *inputs.get("comparisons", {}).values()]


def _from_rows(table: Json, wanted: tuple[str, str], inputs: Json, title: str, unit: str) -> PeriodLines:
    column = {name: [row[place] for row in table["rows"]] for place, name in enumerate(table["columns"])}
    expected = (
        _("Synthetic control") if wanted[1] == "synthetic" else _("Without the change, if the model is right")
    )
    lines = [_observed(column[wanted[0]]), Line(name=expected, values=column[wanted[1]], kind="expected")]
    has_band = "low" in column
    return _shown(
        title, unit, column["period"], lines, inputs,
        low=column["low"] if has_band else (), high=column["high"] if has_band else (),
    )  # fmt: skip


def _continued(table: Json, inputs: Json, title: str, unit: str) -> PeriodLines:
    """The table has the periods after alone; the series has those before too."""
    rows = {row[0]: row for row in table["rows"]}
    periods = [p["label"] for p in inputs["series"]]
    ahead = [rows.get(label, (label, None, None, None, None)) for label in periods]
    lines = [
        _observed([_number(p["value"]) for p in inputs["series"]]),
        Line(name=_("Earlier trend carried on"), values=[row[2] for row in ahead], kind="expected"),
    ]
    return _shown(
        title, unit, periods, lines, inputs, low=[row[3] for row in ahead], high=[row[4] for row in ahead]
    )


def _groups(inputs: Json, title: str, unit: str) -> PeriodLines:
    """The reached and the others, each as the mean of those that have a value."""
    treated = inputs.get("treated") or {"T1": inputs["series"]}
    places = sorted({(p["starts_on"], p["label"]) for one in _every(inputs) for p in one})
    periods = list(dict.fromkeys(label for _day, label in places))
    lines = [
        _observed(_means(treated.values(), periods), _("Reached by the programme")),
        Line(name=_("Not reached"), values=_means(inputs["comparisons"].values(), periods), kind="other"),
    ]
    return _shown(title, unit, periods, lines, inputs)


def _means(series: Any, periods: Sequence[str]) -> list[float | None]:
    known: dict[str, list[float]] = defaultdict(list)
    for one in series:
        for period in one:
            if period["value"] is not None:
                known[period["label"]].append(float(period["value"]))
    return [sum(known[label]) / len(known[label]) if known[label] else None for label in periods]
