"""A period and a cell explained: which figures count, by which rule. Asks as the reader; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.disclosure import hidden_places, is_about_people, sees_small_cells
from indicators.engine import explain
from indicators.engine.disaggregate import breakdown
from indicators.engine.disclosure import cell_parts
from indicators.engine.rollup import counted, roll_up_period
from indicators.engine.types import PeriodValue, Step, ValueType
from indicators.models import (
    Observation,
    ProgrammeIndicator,
    ReportingPeriod,
    User,
)
from indicators.reports import cells
from indicators.reports.breakdowns import cell_label
from indicators.reports.explained_status import (
    MOST_FIGURES,
    contributions,
    coverage_text,
    in_words,
    indicator_of,
    listed,
    number_of,
    of_own_units,
    rounding,
    visible_observations,
)
from indicators.reports.explanation import Contribution, Explanation
from indicators.reports.queries import (
    today,
)
from indicators.reports.wording import say
from indicators.snapshots import expected_sites, load_indicators, load_snapshots, measurements_of


def _place_of(user: User, key: str) -> tuple[ProgrammeIndicator, ReportingPeriod, str]:
    indicator_key, _dash, rest = key.partition("-")
    period_key, _dash, cell = rest.partition("-")
    indicator = indicator_of(user, indicator_key)
    period = get_object_or_404(
        ReportingPeriod,
        pk=number_of(period_key),
        programme=indicator.programme_id,
        frequency=indicator.frequency,
    )
    return indicator, period, cell


def explain_period(user: User, key: str) -> Explanation:
    """The value of one period: which figures of sites and cells count, by which rule."""
    indicator, period, cell = _place_of(user, key)
    if cell:
        raise Http404
    if indicator.is_computed:
        return _computed_period(user, indicator, period)
    everything = Observation.objects.current().filter(indicator=indicator, period=period)
    measurements = measurements_of(everything).get((indicator.pk, period.pk), [])
    parts = counted(measurements, indicator.version.rule())
    rolled = _rolled(indicator, period, measurements)
    found = listed(of_own_units(user, indicator, everything.filter(pk__in=[one.id for one in parts])))
    figures, more = contributions(user, Observation.objects.visible_to(user) & found, most=MOST_FIGURES)
    shows_parts = not more and len(figures) == len(parts) and not any(one.is_left_out for one in figures)
    steps = (
        [explain.period_step(parts, rolled, indicator.version.rule(), shows_parts=shows_parts)]
        if parts
        else []
    )
    left_out = [
        text
        for text in (
            _beside(len(measurements) - len(parts)),
            "" if shows_parts or not parts else _("Single figures that you do not see are in the value."),
        )
        if text
    ]
    return _of_period(indicator, period, rolled, steps, left_out, figures, more)


def _rolled(
    indicator: ProgrammeIndicator, period: ReportingPeriod, measurements: Sequence[Any]
) -> PeriodValue:
    (loaded,) = load_indicators([indicator.pk])
    return roll_up_period(
        measurements,
        indicator.version.rule(),
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        label=period.label,
        expected=expected_sites(loaded, period),
    )


def _beside(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(count)s figure stands beside it: a total or a coarser split counts instead.",
        "%(count)s figures stand beside it: a total or a coarser split counts instead.",
        count,
    ) % {"count": count}


def _of_period(
    indicator: ProgrammeIndicator,
    period: ReportingPeriod,
    rolled: PeriodValue,
    steps: Sequence[Step],
    left_out: Sequence[str],
    figures: Sequence[Contribution],
    more: int,
) -> Explanation:
    value = cells.amount(rolled.value, indicator.version.rule()).text
    if rolled.refusal is not None:
        steps = [*steps, explain.refusal_step(rolled.refusal)]
    if rolled.value is None:
        value = say(rolled.refusal.message) if rolled.refusal else _("Nothing reported")
    return Explanation(
        kind="period",
        key=f"{indicator.pk}-{period.pk}",
        about=_("%(indicator)s, %(period)s") % {"indicator": indicator, "period": period.label},
        value=value,
        sentence=_("%(period)s: %(value)s.") % {"period": period.label, "value": value.rstrip(".")},
        steps=in_words(steps),
        left_out=left_out,
        coverage=coverage_text(rolled.reported, rolled.expected),
        rounding=rounding(indicator),
        contributions=figures,
        more=more,
        as_of=today(),
        marking=indicator.marking,
        is_illustrative=indicator.programme.is_illustrative,
    )


def _computed_period(user: User, indicator: ProgrammeIndicator, period: ReportingPeriod) -> Explanation:
    """A formula's period: its value is stored; its steps stand with the formula on the indicator's page."""
    snapshot = load_snapshots(load_indicators([indicator.pk]), as_of=max(today(), period.ends_on))[
        indicator.pk
    ]
    rolled = next(
        (p for p in snapshot.series if (p.starts_on, p.label) == (period.starts_on, period.label)),
        PeriodValue(starts_on=period.starts_on, ends_on=period.ends_on, label=period.label, value=None),
    )
    note = _(
        "Computed by a formula from other indicators; the indicator's page shows it with the numbers put in."
    )
    return _of_period(indicator, period, rolled, [], [note], [], 0)


def explain_cell(user: User, key: str) -> Explanation:
    """One cell of the figures by group: reported as such, or added up here; 404 where it is not shown."""
    indicator, period, cell = _place_of(user, key)
    rule = indicator.version.rule()
    if not cell or rule.value_type is ValueType.TEXT:
        raise Http404
    everything = visible_observations(user, indicator).filter(period=period)
    measurements = measurements_of(everything).get((indicator.pk, period.pk), [])
    figure = next((one for one in breakdown(measurements, rule) if one.cell == cell), None)
    hides = is_about_people(indicator.version) and not sees_small_cells(user, indicator)
    if figure is None or (hides and cell in hidden_places(measurements, rule)):
        raise Http404
    parts = _parts_of(measurements, cell, is_reported=figure.is_reported)
    figures, more = contributions(
        user, everything.filter(pk__in=[one.id for one in parts]), most=MOST_FIGURES
    )
    shows_parts = not any(one.is_left_out for one in figures)
    whole = PeriodValue(
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        label=period.label,
        value=figure.value,
        numerator=figure.numerator,
        denominator=figure.denominator,
    )
    step = explain.period_step(parts, whole, rule, shows_parts=shows_parts)
    label = cell_label(indicator.version, cell)
    value = cells.amount(figure.value, rule).text
    how = (
        _("Reported as such.")
        if figure.is_reported
        else _("Added up here from finer cells; nobody reported it.")
    )
    return Explanation(
        kind="cell",
        key=key,
        about=_("%(indicator)s, %(period)s") % {"indicator": indicator, "period": f"{period.label}, {label}"},
        value=value,
        sentence=f"{label}: {value}. {how}",
        steps=in_words([step]),
        left_out=[] if shows_parts else [_("Single figures that you do not see are in the value.")],
        rounding=rounding(indicator),
        contributions=figures,
        more=more,
        as_of=today(),
        marking=indicator.marking,
        is_illustrative=indicator.programme.is_illustrative,
    )


def _parts_of(measurements: Sequence[Any], cell: str, *, is_reported: bool) -> list[Any]:
    """The figures of this very cell, or of the coarsest finer ones that it is added up from."""
    wanted = cell_parts(cell)
    inside = [one for one in measurements if wanted <= cell_parts(one.cell)]
    exact = [one for one in inside if cell_parts(one.cell) == wanted]
    if is_reported and exact:
        return exact
    fewest = min((len(cell_parts(one.cell)) for one in inside), default=0)
    return [one for one in inside if len(cell_parts(one.cell)) == fewest]
