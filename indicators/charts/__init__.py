"""Charts as geometry: numbers and dates in, places on a drawing out. Pure: no Django, no words, no colours.

The templates `components/chart_*.html` draw what stands here; the words and the table behind each chart are theirs.
"""

from indicators.charts.expost import Estimate, EstimateSet, PairedCourse, RetainedPoint, Retention
from indicators.charts.marks import Annotation
from indicators.charts.over_time import Band, ForecastPoint, IndicatorSeries, Level, Reading

__all__ = [
    "Annotation",
    "Band",
    "Estimate",
    "EstimateSet",
    "ForecastPoint",
    "IndicatorSeries",
    "Level",
    "PairedCourse",
    "Reading",
    "RetainedPoint",
    "Retention",
]
