"""The library's closed lists in words that people read. No rule lives here."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from indicators.engine.types import SiteRule, TimeRule
from indicators.models import IndicatorVersion

FAMILY_NAMES = {
    "NMI": _("NATO Mission Iraq"),
    "ICI": _("Courses of the NATO–ICI Regional Centre"),
    "MD_ICI_GLOBAL": _("Partnerships: Dialogue, Initiative, across the globe"),
    "CONTEXT": _("Context"),
}
TIME_RULES = {
    TimeRule.SUM: _("Periods are added up"),
    TimeRule.LAST: _("The latest period counts"),
    TimeRule.MEAN: _("Mean of the periods"),
    TimeRule.MIN: _("Lowest period"),
    TimeRule.MAX: _("Highest period"),
    TimeRule.MEDIAN: _("Median of the periods"),
    TimeRule.RATIO_OF_SUMS: _("Numerators and denominators are added up, then divided"),
    TimeRule.MEAN_WEIGHTED_N: _("Mean weighted by the number of cases"),
    TimeRule.MEAN_INVERSE_VARIANCE: _("Mean weighted by precision (1 ÷ squared standard error)"),
    TimeRule.ROLLING_5Y_RATIO: _("Ratio of the sums over the latest five years"),
}
SITE_RULES = {
    SiteRule.SUM: _("Sites are added up"),
    SiteRule.MEAN: _("Mean of the sites"),
    SiteRule.MIN: _("Lowest site"),
    SiteRule.MAX: _("Highest site"),
    SiteRule.MEDIAN: _("Median of the sites"),
    SiteRule.FIRST: _("The first site of the list that reported"),
    SiteRule.LAST: _("The last site of the list that reported"),
    SiteRule.RATIO_OF_SUMS: _("Numerators and denominators are added up, then divided"),
    SiteRule.MEAN_WEIGHTED_N: _("Mean weighted by the number of cases"),
    SiteRule.MEAN_INVERSE_VARIANCE: _("Mean weighted by precision (1 ÷ squared standard error)"),
    SiteRule.NOT_APPLICABLE: _("One figure only: sites are not joined"),
}
COMPARED = (
    "name", "definition", "unit", "value_type", "numerator_label", "denominator_label", "formula", "scale",
    "result_area", "result_level", "measure", "tense", "direction", "time_rule", "window_months", "site_rule",
    "frequency",
    "frequency_note", "disaggregations", "levels", "data_source", "collection_method", "evidence_expected",
    "min_data_rule", "min_denominator", "min_n", "lower_bound", "upper_bound", "expost_method", "limitation",
    "basis", "is_sensitive",
)  # fmt: skip


def family_name(family: str) -> Any:
    """The family in words; an unknown one as it is."""
    return FAMILY_NAMES.get(family, family)


def changed_fields(old: IndicatorVersion, new: IndicatorVersion) -> list[tuple[str, Any, Any]]:
    """What differs between two versions: (field in words, before, after)."""
    found = []
    for name in COMPARED:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            label = str(IndicatorVersion._meta.get_field(name).verbose_name)
            found.append((label[:1].upper() + label[1:], _shown(before), _shown(after)))
    return found


def _shown(value: Any) -> Any:
    """Structured lists as their labels; everything else as it is."""
    if isinstance(value, list):
        return "; ".join(f"{one.get('level', '')} {one.get('label', '')}".strip() for one in value)
    return value
