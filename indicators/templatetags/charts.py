"""Chart tags: the geometry of `indicators.charts` with the reader's numbers, dates and words put in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zlib import crc32

from django import template
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.charts.compared import (
    EventStudy,
    GapLines,
    GapRow,
    PeriodLines,
    Ranks,
    draw_event_study,
    draw_gaps,
    draw_lines,
    draw_ranks,
    gap_rows,
)
from indicators.charts.control import ControlSeries, draw_control
from indicators.charts.expost import (
    EstimateSet,
    PairedCourse,
    Retention,
    draw_estimates,
    draw_paired,
    draw_retention,
)
from indicators.charts.marks import SHAPES, grade_shape, shape_of
from indicators.charts.over_time import IndicatorSeries, draw_indicator, draw_sparkline
from indicators.charts.scales import MEDIUM, NARROW, WIDE, Number
from indicators.charts.shares import draw_meter, draw_shares
from indicators.models import Status
from indicators.templatetags.ui import as_decimal, day, format_number, percent

register = template.Library()

FRAMES = (WIDE, MEDIUM, NARROW)  # the stylesheet shows the one that fits
LOW_FRAMES = tuple(replace(frame, height=frame.height // 2 + 10) for frame in FRAMES)


def write_tick(value: Number) -> str:
    """A round number beside an axis, with the decimals it comes with: "80", not "80.0"; "0.50" below "0.75"."""
    exponent = Decimal(str(value)).as_tuple().exponent
    return format_number(value, max(0, -int(exponent)))


def write_label(value: Number, places: int | None) -> str:
    """A value beside a point or a line; a whole number without its zeros: "3300", not "3300.00", but "0.50"."""
    text = format_number(value, places)
    whole, _point, part = text.partition(".")
    return text if part.strip("0") else whole


def write_month(value: date) -> str:
    return formats.date_format(value, "YEAR_MONTH_FORMAT")


def write_year(value: date) -> str:
    return str(value.year)


def _key(title: str) -> str:
    """A name for the drawing's ids: the same for the same title, so that a page is the same twice."""
    return f"chart-{crc32(title.encode()):08x}"


@register.inclusion_tag("components/chart_indicator.html")
def indicator_chart(
    series: IndicatorSeries, places: int | None = None, small: bool = False, table_url: str = ""
) -> dict[str, object]:
    """One indicator over time, with the table behind it.

    Args:
        places: decimals of the values.
        small: half as high, to stand below another chart with the same days.
        table_url: where the table is read when somebody opens it; empty: it stands here, folded.
    """

    def write(value: Number) -> str:
        return write_label(value, places)

    return _values(series, places) | {
        "key": _key(series.title),
        "table_url": table_url,
        "drawings": [
            draw_indicator(
                series,
                frame,
                write=write,
                write_tick=write_tick,
                write_month=write_month,
                write_year=write_year,
            )
            for frame in (LOW_FRAMES if small else FRAMES)
        ],
        "is_small": small,
        "is_empty": not series.readings and series.baseline is None and series.target is None,
        "has_provisional": any(reading.provisional for reading in series.readings),
        "has_gaps": any(reading.value is None for reading in series.readings),
    }


@register.inclusion_tag("components/chart_values.html")
def chart_values(series: IndicatorSeries, places: int | None = None) -> dict[str, object]:
    """The table behind `indicator_chart`, by itself."""
    return _values(series, places)


def _values(series: IndicatorSeries, places: int | None) -> dict[str, object]:
    """What the table shows, and which of its columns there are."""
    return {
        "series": series,
        "places": places,
        "shapes": _shapes(series),
        "desc": _describe(series, lambda value: write_label(value, places)),
        "has_corrections": any(reading.before is not None for reading in series.readings),
        "has_planned": any(reading.planned is not None for reading in series.readings),
        "has_interval": any(reading.low is not None for reading in series.readings),
    }


def _shapes(series: IndicatorSeries) -> list[dict[str, str]]:
    """The shapes that are drawn, with what they say of the source."""
    words = {
        "B": _("Source A or B: reliable"),
        "C": _("Source C: fairly reliable"),
        "E": _("Source D or E: weak"),
        "F": _("Source F: not judged"),
    }
    drawn = {shape_of(one.grade) for one in series.readings if one.grade and one.value is not None}
    return [
        {"corners": grade_shape(letter, 14, 6, 4), "words": words[letter]}
        for letter in SHAPES
        if letter in drawn
    ]


def _describe(series: IndicatorSeries, write: Callable[[Number], str]) -> str:
    """What the drawing says, in sentences, for those who do not see it."""
    known = [reading for reading in series.readings if reading.value is not None]
    parts = [
        _("%(known)s of %(all)s periods have a value.") % {"known": len(known), "all": len(series.readings)},
    ]
    if known:
        last = known[-1]
        parts.append(
            _("Latest: %(value)s (%(when)s).")
            % {"value": write(last.value or 0), "when": last.label or day(last.on)}
        )
        if last.low is not None and last.high is not None:
            parts.append(
                _("Its interval: %(low)s to %(high)s.") % {"low": write(last.low), "high": write(last.high)}
            )
    for level, words in (
        (series.baseline, _("Baseline: %(value)s (%(when)s).")),
        (series.first_target, _("First target: %(value)s by %(when)s.")),
        (series.target, _("Target: %(value)s by %(when)s.")),
    ):
        if level is not None:
            parts.append(words % {"value": write(level.value), "when": day(level.on)})
    return " ".join([*parts, *_describe_marks(series, write)])


def _describe_marks(series: IndicatorSeries, write: Callable[[Number], str]) -> list[str]:
    """Corrections, limits, forecast and events of a chart, in sentences."""
    parts = []
    corrected = sum(bool(reading.correction) for reading in series.readings)
    if corrected:
        parts.append(
            ngettext("%(count)s period was corrected.", "%(count)s periods were corrected.", corrected)
            % {"count": corrected}
        )
    if series.lower is not None and series.upper is not None:
        parts.append(
            _("To be kept between %(low)s and %(high)s.")
            % {"low": write(series.lower), "high": write(series.upper)}
        )
    if series.forecast:
        ahead = series.forecast[-1]
        parts.append(
            _("Forecast: %(value)s (%(low)s to %(high)s) by %(when)s.")
            % {
                "value": write(ahead.middle),
                "low": write(ahead.low),
                "high": write(ahead.high),
                "when": day(ahead.on),
            }
        )
    if series.annotations:
        count = len(series.annotations)
        parts.append(
            ngettext("%(count)s event is marked.", "%(count)s events are marked.", count) % {"count": count}
        )
    return parts


@register.inclusion_tag("components/chart_control.html")
def control_chart(series: ControlSeries, places: int | None = None) -> dict[str, object]:
    """Period values between their usual limits, with the signals in words and the table behind it."""

    def write(value: Number) -> str:
        return write_label(value, places)

    parts = [_("Mean: %(value)s.") % {"value": write(series.centre)}]
    parts += list(series.signals) or [_("No signal: the ups and downs are the usual ones.")]
    return {
        "series": series,
        "key": _key(f"{series.title} control"),
        "drawings": [
            draw_control(
                series,
                frame,
                write=write,
                write_tick=write_tick,
                write_month=write_month,
                write_year=write_year,
            )
            for frame in FRAMES
        ],
        "places": places,
        "desc": " ".join(parts),
    }


@register.inclusion_tag("components/sparkline.html")
def sparkline(
    values: Sequence[Number | None], label: str = "", target: Number | None = None
) -> dict[str, object]:
    """A small line for a table's cell; None is a gap. `label` says whose values they are."""
    known = [value for value in values if value is not None]
    if known:
        text = _("%(label)s: from %(first)s to %(last)s, %(count)s values") % {
            "label": label,
            "first": format_number(known[0]),
            "last": format_number(known[-1]),
            "count": len(known),
        }
    else:
        text = _("%(label)s: no values") % {"label": label}
    return {"drawing": draw_sparkline(values, target=target), "text": text.removeprefix(": ")}


@register.inclusion_tag("components/status_distribution.html")
def status_distribution(
    counts: Mapping[str, int], label: str = "", compact: bool = False
) -> dict[str, object]:
    """How many indicators stand in each status, as one bar with its counts. `compact`: the bar alone."""
    pairs = [(str(status.value), int(counts.get(status.value, 0) or 0)) for status in Status]
    total = sum(count for _code, count in pairs)
    words = ", ".join(f"{count} {Status(code).label}" for code, count in pairs if count)
    text = words or _("no indicators")
    return {
        "shares": draw_shares(pairs),
        "pairs": [(code, count) for code, count in pairs if count],
        "text": f"{label}: {text}" if label else text,
        "total": total,
        "compact": compact,
    }


@register.inclusion_tag("components/status_rows.html")
def status_rows(rows: Sequence[Mapping[str, object]], caption: str = "") -> dict[str, object]:
    """Small multiples: one bar a row. Rows: {label, url, note, counts}."""
    return {"rows": rows, "caption": caption}


@register.inclusion_tag("components/coverage_meter.html")
def coverage_meter(reported: int, expected: int | None, label: str = "") -> dict[str, object]:
    """Reported of expected. Nothing expected is said in words, not drawn as nought."""
    return {
        "reported": reported,
        "expected": expected,
        "width": draw_meter(reported, expected),
        "label": label or _("Coverage"),
    }


@register.inclusion_tag("components/chart_paired.html")
def paired_chart(course: PairedCourse, places: int | None = None) -> dict[str, object]:
    """Each person's scores before, after and later, with the means."""

    def write(value: Number) -> str:
        return format_number(value, places)

    drawings = [draw_paired(course, frame, write=write) for frame in FRAMES]
    count = len(course.people)
    gains, losses = len(drawings[0].gains), len(drawings[0].losses)
    return {
        "course": course,
        "key": _key(course.title),
        "drawings": drawings,
        "places": places,
        "desc": ngettext("Scores of %(count)s person.", "Scores of %(count)s people.", count)
        % {"count": count}
        + " "
        + _("%(gains)s did not fall, %(losses)s fell from their first score to their last.")
        % {"gains": gains, "losses": losses},
        "losses": losses,
    }


@register.inclusion_tag("components/chart_estimates.html")
def estimates_chart(estimates: EstimateSet, places: int | None = 1) -> dict[str, object]:
    """Results with their intervals, a row each; a refusal stands where the number would."""

    def write(value: Number) -> str:
        return format_number(value, places)

    return {
        "estimates": estimates,
        "key": _key(estimates.title),
        "drawings": [
            (frame.name, draw_estimates(estimates, frame, write=lambda value: format_number(value)))
            for frame in FRAMES
        ],
        "places": places,
        "desc": "; ".join(_say_estimate(estimate, write) for estimate in estimates.estimates),
    }


def _say_estimate(estimate: object, write: object) -> str:
    from indicators.charts.expost import Estimate

    assert isinstance(estimate, Estimate)
    assert callable(write)
    if estimate.value is None:
        return f"{estimate.label}: {estimate.refusal}"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.label}: {write(estimate.value)}"
    return _("%(label)s: %(value)s (%(low)s to %(high)s)") % {
        "label": estimate.label,
        "value": write(estimate.value),
        "low": write(estimate.low),
        "high": write(estimate.high),
    }


@register.inclusion_tag("components/chart_retention.html")
def retention_chart(retention: Retention) -> dict[str, object]:
    """The share of a gain still there after 6, 12, 24 months."""
    known = [point for point in retention.points if point.share is not None]
    return {
        "retention": retention,
        "key": _key(retention.title),
        "drawings": [draw_retention(retention, frame, write=percent) for frame in FRAMES],
        "desc": "; ".join(
            _("after %(months)s months %(share)s") % {"months": point.months, "share": percent(point.share)}
            for point in known
            if as_decimal(point.months)
        ),
    }


@register.inclusion_tag("components/chart_lines.html")
def lines_chart(shown: PeriodLines, places: int | None = 2) -> dict[str, object]:
    """Observed beside expected, period by period, with the break and the table behind it."""
    drawings = [draw_lines(shown, frame, write=lambda value: format_number(value)) for frame in FRAMES]
    columns = [line.values for line in shown.lines]
    if drawings[0].band:
        columns += [shown.low, shown.high]
    said = []
    for line in shown.lines:
        known = [value for value in line.values if value is not None]
        if known:
            said.append(
                _("%(name)s: from %(first)s to %(last)s")
                % {
                    "name": line.name,
                    "first": format_number(known[0], places),
                    "last": format_number(known[-1], places),
                }
            )
    return {
        "shown": shown,
        "key": _key(shown.title),
        "drawings": drawings,
        "rows": list(zip(shown.periods, zip(*columns, strict=True), strict=True)),
        "places": places,
        "desc": "; ".join(said),
    }


@register.inclusion_tag("components/chart_event_study.html")
def event_study_chart(study: EventStudy, places: int | None = 2) -> dict[str, object]:
    """The distance of two groups over time, with intervals and the line of no difference."""
    after = [point for point in study.points if point.time >= 0 and point.value is not None]
    last = after[-1] if after else None
    return {
        "study": study,
        "key": _key(study.title),
        "drawings": [
            draw_event_study(study, frame, write=lambda value: format_number(value)) for frame in FRAMES
        ],
        "places": places,
        "desc": ""
        if last is None
        else _("Last period, %(period)s: %(value)s.")
        % {"period": last.period, "value": format_number(last.value, places)},
    }


@register.inclusion_tag("components/chart_gaps.html")
def gaps_chart(shown: GapLines, places: int | None = 2) -> dict[str, object]:
    """The gap of the treated one among those of the placebos, with the table behind it."""
    rows = gap_rows(shown)
    known = [row for row in rows if row.treated is not None and row.lowest is not None]
    return {
        "shown": shown,
        "key": _key(shown.title),
        "drawings": [draw_gaps(shown, frame, write=lambda value: format_number(value)) for frame in FRAMES],
        "rows": rows,
        "places": places,
        "desc": _say_gaps(shown, known[-1], places) if known else "",
    }


def _say_gaps(shown: GapLines, last: GapRow, places: int | None) -> str:
    count = len(shown.placebos)
    return _(
        "Last period, %(period)s: the gap is %(value)s; those of %(count)s placebos lie between %(low)s and %(high)s, "
        "%(farther)s of them farther from nought."
    ) % {
        "period": last.period,
        "value": format_number(last.treated, places),
        "count": count,
        "low": format_number(last.lowest, places),
        "high": format_number(last.highest, places),
        "farther": last.farther,
    }


@register.inclusion_tag("components/chart_ranks.html")
def ranks_chart(ranks: Ranks, places: int | None = 2) -> dict[str, object]:
    """One unit among others, the largest first. The words beside each bar are the table."""
    return {
        "ranks": ranks,
        "key": _key(ranks.title),
        "drawings": [(frame.name, draw_ranks(ranks, frame)) for frame in FRAMES],
        "places": places,
        "desc": "; ".join(f"{row.name}: {format_number(row.value, places)}" for row in ranks.rows),
    }
