"""One page with every component and chart, on made-up data. For those who build pages; administrators only."""

from datetime import date
from decimal import Decimal

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from indicators.charts import (
    Annotation,
    Band,
    Estimate,
    EstimateSet,
    ForecastPoint,
    IndicatorSeries,
    Level,
    PairedCourse,
    Reading,
    RetainedPoint,
    Retention,
)
from indicators.icons import ICONS
from indicators.models import Status
from indicators.permissions import check_may_administer
from indicators.templatetags.ui import STATES

QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))
VALUES = (44, 47, None, 52, 58, 57, None, None, 63, 66)


class SampleForm(forms.Form):
    """One field of each kind."""

    value = forms.DecimalField(
        label=_("Persons trained"), help_text=_("Count each person once in the period.")
    )
    period = forms.DateField(
        label=_("Last day of the period"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reliability = forms.ChoiceField(
        label=_("Reliability of the source"), choices=[("A", "A"), ("B", "B"), ("C", "C")]
    )
    comment = forms.CharField(label=_("Comment"), widget=forms.Textarea, required=False)
    milestone = forms.ChoiceField(
        label=_("Was the milestone reached?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=forms.RadioSelect,
    )
    declaration = forms.BooleanField(
        label=_("This entry is unclassified"), help_text=_("Nothing above NATO UNCLASSIFIED.")
    )


def quarterly() -> IndicatorSeries:
    """Ten quarters with two gaps on the way from 41 to 80."""
    days = [date(2024 + index // 4, *QUARTER_ENDS[index % 4]) for index in range(12)]
    start, end = Level(on=date(2023, 12, 31), value=41), Level(on=date(2026, 12, 31), value=80)
    planned = [41 + 39 * (index + 1) / 12 for index in range(12)]
    return IndicatorSeries(
        title="Share of instructors who are local",
        unit="%",
        readings=[
            Reading(
                on=day,
                value=None if value is None else Decimal(value),
                label=f"Q{index % 4 + 1} {day.year}",
                planned=Decimal(str(round(planned[index], 1))),
                provisional=index == 9,
            )
            for index, (day, value) in enumerate(zip(days, VALUES, strict=False))
        ],
        baseline=start,
        target=end,
        trajectory=[start, Level(on=date(2025, 6, 30), value=60), end],
        bands=[
            Band(on=start.on, on_track=41, at_risk=41),
            Band(on=date(2025, 6, 30), on_track=57, at_risk=51),
            Band(on=end.on, on_track=76, at_risk=64),
        ],
        forecast=[
            ForecastPoint(on=days[9], low=66, middle=66, high=66),
            ForecastPoint(on=days[11], low=67, middle=71, high=75),
        ],
        annotations=[
            Annotation(
                on=date(2025, 1, 15), text="Target raised from 75 to 80: scope widened to two more schools."
            )
        ],
        lowest=0,
        highest=100,
    )


def course() -> PairedCourse:
    """Twelve people, one of whom fell, some of whom were not found again."""
    before = [38, 45, 52, 41, 60, 35, 48, 55, 43, 50, 39, 62]
    gains = [25, 22, 18, 30, 12, 28, 20, 15, 26, -6, 31, 14]
    people: list[tuple[int | None, ...]] = []
    for index, (score, gain) in enumerate(zip(before, gains, strict=True)):
        later = None if index % 4 == 3 else score + gain - 6
        people.append((score, score + gain, later, None if index % 3 == 2 else score + gain - 10))
    return PairedCourse(
        title="Maritime security course, run 3",
        unit="points of 100",
        stages=("Before", "After", "+6 months", "+12 months"),
        people=people,
        means=(47.3, 66.9, 59.1, 55.6),
        lowest=0,
        highest=100,
    )


def estimates() -> EstimateSet:
    return EstimateSet(
        title="Change after the programme",
        unit="standard deviations",
        estimates=[
            Estimate(
                label="Knowledge test, before to after",
                value=1.21,
                low=0.78,
                high=1.63,
                note="Hedges' g, n = 24",
            ),
            Estimate(
                label="Knowledge test, before to +12 months",
                value=0.62,
                low=0.08,
                high=1.15,
                note="Hedges' g, n = 15",
            ),
            Estimate(
                label="Incidents per month", value=-0.21, low=-0.65, high=0.24, note="interrupted series"
            ),
            Estimate(
                label="Equipment readiness",
                value=None,
                low=None,
                high=None,
                refusal="too few pairs: 5 of 8 needed",
            ),
        ],
    )


def styleguide(request: HttpRequest) -> HttpResponse:
    check_may_administer(request.user)  # type: ignore[arg-type]
    form = SampleForm({"value": "-3", "period": ""}) if "errors" in request.GET else SampleForm()
    counts = {
        "on_track": 12,
        "at_risk": 5,
        "off_track": 3,
        "not_reporting": 4,
        "not_assessable": 2,
        "monitored": 6,
    }
    return render(
        request,
        "styleguide.html",
        {
            "statuses": Status.values,
            "states": list(STATES),
            "icons": list(ICONS),
            "form": form,
            "page": Paginator(range(120), 25).get_page(2),
            "counts": counts,
            "rows": [
                {"label": "NATO Mission Iraq", "note": "32 indicators", "counts": counts, "url": "#"},
                {
                    "label": "ICI Regional Centre",
                    "note": "14 indicators",
                    "counts": {"on_track": 9, "at_risk": 4, "off_track": 1},
                    "url": "#",
                },
                {
                    "label": "Mediterranean Dialogue",
                    "note": "9 indicators",
                    "counts": {"not_reporting": 8, "on_track": 1},
                    "url": "#",
                },
                {"label": "Partners across the globe", "note": "no indicators yet", "counts": {}, "url": "#"},
            ],
            "series": quarterly(),
            "lower": lower_is_better(),
            "empty_series": IndicatorSeries(title="An indicator without a single value", unit="persons"),
            "course": course(),
            "estimates": estimates(),
            "retention": Retention(
                title="Knowledge retained",
                points=[
                    RetainedPoint(months=0, share=1),
                    RetainedPoint(months=6, share=0.82, low=0.66, high=0.97, note="n = 18"),
                    RetainedPoint(months=12, share=0.64, low=0.41, high=0.87, note="n = 15"),
                    RetainedPoint(months=24, share=None, refusal="too few pairs: 5 of 8 needed"),
                ],
            ),
            "spark": [41, 44, 47, None, 52, 58, 57, None, 63],
            "zero": 0,
            "tabs": [
                {"label": _("Overview"), "url": "#", "current": True},
                {"label": _("Indicators"), "url": "#", "count": 32},
                {"label": _("Observations"), "url": "#"},
                {"label": _("Assessments"), "url": "#"},
            ],
            "facts": [
                (_("Unit"), "%"),
                (_("Direction"), _("Higher is better")),
                (_("Baseline"), "41 %"),
                (_("Caveat"), None),
            ],
            "tree": TREE,
            "timeline": TIMELINE,
            "steps": [
                ("Current value", "129 ÷ 195", "66.2 %"),
                ("Planned on 30 Jun 2026", "41 + (80 − 41) × 30 ÷ 36", "73.5 %"),
                ("Share of the planned gain", "(66.2 − 41) ÷ (73.5 − 41)", "0.775"),
            ],
        },
    )


def lower_is_better() -> IndicatorSeries:
    """Months, falling, counts with zeros."""
    values = [31, 28, 30, 24, 25, 19, None, 14, 12, 9, 6, 0]
    return IndicatorSeries(
        title="Days from request to delivery",
        unit="days, median",
        readings=[
            Reading(on=date(2025, month, 28), value=value) for month, value in enumerate(values, start=1)
        ],
        baseline=Level(on=date(2024, 12, 31), value=34),
        target=Level(on=date(2025, 12, 31), value=10),
        trajectory=[Level(on=date(2024, 12, 31), value=34), Level(on=date(2025, 12, 31), value=10)],
        bands=[
            Band(on=date(2024, 12, 31), on_track=34, at_risk=38),
            Band(on=date(2025, 12, 31), on_track=12, at_risk=18),
        ],
        higher_is_better=False,
    )


TREE = [
    {
        "level": _("Impact"),
        "label": "Partner forces protect critical infrastructure on their own",
        "status": "at_risk",
        "children": [
            {
                "level": _("Outcome"),
                "label": "Schools run the course with local instructors",
                "status": "on_track",
                "url": "#",
                "children": [
                    {
                        "level": _("Output"),
                        "label": "Instructors certified",
                        "status": "on_track",
                        "note": "3 indicators",
                    },
                    {
                        "level": _("Output"),
                        "label": "Curriculum translated and adopted",
                        "status": "not_reporting",
                    },
                ],
            },
        ],
    }
]
TIMELINE = [
    {
        "icon": "check",
        "title": _("Approved"),
        "at": date(2026, 4, 9),
        "by": "approver",
        "text": "Value counted in the status.",
    },
    {"icon": "send", "title": _("Submitted"), "at": date(2026, 4, 7), "by": "officer"},
    {"icon": "pencil", "title": _("Draft saved"), "at": date(2026, 4, 6), "by": "officer"},
]
