"""The tables behind one thing: an indicator's periods and figures, a published series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from indicators.engine.achievement import planned_value
from indicators.engine.timeline import effective_time_rule
from indicators.engine.types import Refusal, Snapshot, TimeRule, ValueType
from indicators.models import (
    ContextRelease,
    ContextSeries,
    ContextValue,
    Observation,
    ProgrammeIndicator,
)
from indicators.reports import cells
from indicators.reports.tables import Column, Row, Table, day_column, number_column, text_column
from indicators.reports.wording import say

Z_95 = Decimal("1.959964")


def period_columns(*, has_parts: bool, is_running_total: bool) -> list[Column]:
    parts = [number_column("numerator", _("Numerator")), number_column("denominator", _("Denominator"))]
    return [
        text_column("period", _("Period")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        number_column("value", _("Value")),
        *([number_column("total", _("Total so far"))] if is_running_total else []),
        *(parts if has_parts else []),
        number_column("planned", _("Planned")),
        number_column("n", _("Cases")),
        number_column("standard_error", _("Standard error")),
        number_column("reported", _("Reported")),
        number_column("expected", _("Expected")),
        text_column("refusal", _("Why there is no value")),
        number_column("corrections", _("Corrections")),
    ]


def indicator_table(
    indicator: ProgrammeIndicator,
    snapshot: Snapshot,
    corrections: Mapping[tuple[date, str], int],
    *,
    newest: int | None = None,
) -> Table:
    """The periods of one indicator; those that fell due without data are there, with their gap.

    Args:
        newest: how many periods at most, from the last; None: all.
    """
    first = 0 if newest is None else len(snapshot.series) - newest
    rule = snapshot.rule
    is_total = effective_time_rule(rule) is TimeRule.SUM
    rows, total = [], snapshot.plan.baseline or Decimal(0)
    for place, period in enumerate(snapshot.series):
        planned = planned_value(snapshot.plan, period.ends_on)
        after_baseline = snapshot.plan.baseline_on is None or period.ends_on > snapshot.plan.baseline_on
        if period.value is not None and after_baseline:
            total += period.value
        if place < first:
            continue
        refusal = say(period.refusal.message) if period.refusal else ""
        if period.value is None and not refusal:
            refusal = _("Nothing reported") if period.reported == 0 else _("Reported without a figure")
        rows.append(
            Row(
                cells={
                    "period": cells.words(period.label),
                    "starts_on": cells.day(period.starts_on),
                    "ends_on": cells.day(period.ends_on),
                    "value": cells.amount(period.value, rule),
                    "total": cells.amount(total if period.value is not None else None, rule),
                    "numerator": cells.number(period.numerator),
                    "denominator": cells.number(period.denominator),
                    "planned": cells.amount(None if isinstance(planned, Refusal) else planned, rule),
                    "n": cells.count(period.n),
                    "standard_error": cells.number(period.standard_error, 3),
                    "reported": cells.count(period.reported),
                    "expected": cells.count(period.expected),
                    "refusal": cells.words(refusal),
                    "corrections": cells.count(corrections.get((period.starts_on, period.label), 0)),
                },
                about=period,
                is_illustrative=indicator.programme.is_illustrative,
                marking=indicator.marking,
            )
        )
    return Table(
        name="indicator",
        key=f"{indicator.programme.code}-{indicator.definition.code}-{indicator.pk}",
        title=str(indicator),
        columns=period_columns(has_parts=rule.value_type is ValueType.RATIO, is_running_total=is_total),
        rows=rows,
        as_of=snapshot.as_of,
    )


def observation_table(
    indicator: ProgrammeIndicator, observations: Iterable[Observation], *, as_of: date, with_people: bool
) -> Table:
    """Every accepted figure of an indicator as it was entered, by unit and disaggregation."""
    columns = [
        text_column("period", _("Period")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        text_column("unit_name", _("Reporting unit")),
        text_column("cell", _("Disaggregation")),
        number_column("numerator", _("Numerator")),
        number_column("denominator", _("Denominator")),
        number_column("value", _("Value")),
        text_column("text", _("Text")),
        text_column("missing", _("Why there is no figure")),
        number_column("standard_error", _("Standard error")),
        number_column("n", _("Cases")),
        day_column("as_of", _("As of")),
        text_column("reliability", _("Reliability of the source")),
        text_column("credibility", _("Credibility")),
        text_column("comment", _("Comment")),
        text_column("entered_by", _("Entered by")),
        day_column("entered_on", _("Entered on")),
        text_column("decided_by", _("Accepted by")),
        day_column("decided_on", _("Accepted on")),
        text_column("correction", _("Correction: why")),
    ]
    return Table(
        name="observations",
        key=f"{indicator.programme.code}-{indicator.definition.code}-{indicator.pk}",
        title=_("Accepted figures of %(name)s") % {"name": indicator},
        columns=columns,
        rows=[_observation_row(indicator, one, with_people=with_people) for one in observations],
        as_of=as_of,
    )


def _observation_row(indicator: ProgrammeIndicator, one: Observation, *, with_people: bool) -> Row:
    missing = one.get_missing_reason_display() if one.missing_reason else ""
    if getattr(one, "is_left_out", False):
        missing = _("Left out: few people")
    decided_on = one.decided_at.date() if one.decided_at else None
    return Row(
        cells={
            "period": cells.words(one.period.label),
            "starts_on": cells.day(one.period.starts_on),
            "ends_on": cells.day(one.period.ends_on),
            "unit_name": cells.words(one.unit),
            "cell": cells.words(one.cell),
            "numerator": cells.number(one.numerator),
            "denominator": cells.number(one.denominator),
            "value": cells.amount(one.value, indicator.version.rule()),
            "text": cells.words(one.text),
            "missing": cells.words(missing),
            "standard_error": cells.number(one.standard_error, 3),
            "n": cells.count(one.sample_size),
            "as_of": cells.day(one.as_of),
            "reliability": cells.words(one.get_reliability_display()),
            "credibility": cells.words(one.get_credibility_display()),
            "comment": cells.words(one.comment if with_people else ""),
            "entered_by": cells.words(one.entered_by if with_people else ""),
            "entered_on": cells.day(one.entered_at.date()),
            "decided_by": cells.words(one.decided_by if with_people else ""),
            "decided_on": cells.day(decided_on),
            "correction": cells.words(one.correction_reason),
        },
        about=one,
        is_illustrative=indicator.programme.is_illustrative,
        marking=one.marking,
    )


def context_table(series: ContextSeries, values: Iterable[ContextValue], *, as_of: date) -> Table:
    """A published series by country and period, with its own uncertainty and where it comes from."""
    columns = [
        text_column("country", _("Country")),
        text_column("country_code", _("Code")),
        day_column("starts_on", _("From")),
        day_column("ends_on", _("To")),
        number_column("value", _("Value")),
        number_column("standard_error", _("Standard error")),
        # xgettext:no-python-format
        number_column("low", _("95 % interval from")),
        # xgettext:no-python-format
        number_column("high", _("95 % interval to")),
        text_column("unit", _("Unit")),
        text_column("vintage", _("Vintage")),
        text_column("source", _("Source")),
        text_column("licence", _("Licence")),
    ]
    return Table(
        name="context",
        key=series.code,
        title=series.name,
        columns=columns,
        rows=[_context_row(series, value.release, value) for value in values],
        as_of=as_of,
        notes=[
            _("Publisher: %(name)s") % {"name": series.publisher},
            _("Licence: %(name)s") % {"name": series.licence},
            _("Conditions beside the programmes; correlation is no effect."),
        ],
    )


def _context_row(series: ContextSeries, release: ContextRelease, value: ContextValue) -> Row:
    error = value.standard_error
    digits = context_places(value)
    reach = None if error is None else Z_95 * error
    return Row(
        cells={
            "country": cells.words(value.partner),
            "country_code": cells.words(value.partner.code),
            "starts_on": cells.day(value.starts_on),
            "ends_on": cells.day(value.ends_on),
            "value": cells.fixed(value.value, digits),
            "standard_error": cells.fixed(error, 2),
            "low": cells.fixed(None if reach is None else value.value - reach, 2),
            "high": cells.fixed(None if reach is None else value.value + reach, 2),
            "unit": cells.words(series.unit),
            "vintage": cells.words(release.vintage),
            "source": cells.words(release.source),
            "licence": cells.words(series.licence),
        },
        about=value,
        marking="PUBLIC",
    )


def context_places(value: ContextValue) -> int:
    """Counts are whole; estimates are shown with two decimals."""
    whole = value.value == value.value.to_integral_value() and value.standard_error is None
    return 0 if whole else 2
