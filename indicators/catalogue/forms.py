"""What one may ask the library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from indicators.catalogue.wording import FAMILY_NAMES
from indicators.models import Direction, IndicatorDefinition, ResultLevel, Tense, ValueType

Choices = Iterable[tuple[str, "str | Promise"]]


def _any_or(choices: Choices) -> list[tuple[str, Any]]:
    return [("", _("Any")), *choices]


class LibraryFilter(forms.Form):
    """Search words and filters, all optional; they stand in the address."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    family = forms.ChoiceField(label=_("Family"), required=False, choices=_any_or(FAMILY_NAMES.items()))
    level = forms.ChoiceField(label=_("Results level"), required=False, choices=_any_or(ResultLevel.choices))
    tense = forms.ChoiceField(label=_("When"), required=False, choices=_any_or(Tense.choices))
    type = forms.ChoiceField(label=_("Value type"), required=False, choices=_any_or(ValueType.choices))
    direction = forms.ChoiceField(label=_("Direction"), required=False, choices=_any_or(Direction.choices))

    COLUMNS = {
        "family": "family",
        "level": "current__result_level",
        "tense": "current__tense",
        "type": "current__value_type",
        "direction": "current__direction",
    }

    def narrow(self, definitions: QuerySet[IndicatorDefinition]) -> QuerySet[IndicatorDefinition]:
        """The definitions that fit every valid field; each search word must occur somewhere."""
        self.is_valid()
        asked = self.cleaned_data
        for field, column in self.COLUMNS.items():
            if asked.get(field):
                definitions = definitions.filter(**{column: asked[field]})
        for word in asked.get("q", "").split():
            definitions = definitions.filter(
                Q(code__icontains=word)
                | Q(current__name__icontains=word)
                | Q(current__definition__icontains=word)
            )
        return definitions
