"""Forms about a composite index: what it is for, its parts, weights of single partners. Shape and types only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from indicators.models import Across, Aggregation, Partner, Programme, ProgrammeIndicator, Reads
from indicators.programmes.fields import PlainDecimalField, PlainForm
from indicators.programmes.recipes import MOST, OwnWeight, Part

SPARE, LEAST_ROWS = 2, 5


class Choices:
    """Rows that many fields of a page offer; they are read once."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.pairs = [("", "—"), *((row.pk, label_of(row)) for row in rows)]

    def offer(self, field: Any) -> None:
        field.queryset = self.rows
        field.choices = self.pairs


def label_of(row: Any) -> str:
    """The row's name; of an indicator also the partner for whom it is tailored."""
    partner = getattr(row, "partner", None)
    return f"{row} · {partner}" if partner is not None else str(row)


class IndexForm(PlainForm):
    """Name, purpose, of whom it speaks, how it is joined, and why."""

    name = forms.CharField(label=_("Name"), max_length=120)
    purpose = forms.CharField(
        label=_("What it is for"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Which question it answers, and for whom. Readers see this sentence."),
    )
    across = forms.ChoiceField(
        label=_("What it describes"),
        choices=Across.choices,
        initial=Across.PROGRAMME,
        widget=forms.RadioSelect,
    )
    aggregation = forms.ChoiceField(
        label=_("How the parts are joined"),
        choices=Aggregation.choices,
        initial=Aggregation.GEOMETRIC,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why these indicators, goalposts and weights"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with this version; old results keep theirs."),
    )
    weights_reason = forms.CharField(
        label=_("Why these partners have weights of their own"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    number = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["number"].error_messages["invalid"] = _("Load the page again.")


class PartForm(PlainForm):
    """One indicator in the index; a row without an indicator is none."""

    indicator = forms.ModelChoiceField(
        label=_("Indicator"), queryset=ProgrammeIndicator.objects.none(), required=False
    )
    reads = forms.ChoiceField(label=_("What enters"), choices=Reads.choices, initial=Reads.LEVEL)
    low = PlainDecimalField(label=_("Lower end"), required=False)
    high = PlainDecimalField(label=_("Upper end"), required=False)
    is_logarithmic = forms.BooleanField(label=_("Logarithmic"), required=False)
    weight = PlainDecimalField(label=_("Weight"), required=False, max_digits=7, decimal_places=6)

    def __init__(self, *args: Any, choices: Choices, **given: Any) -> None:
        super().__init__(*args, **given)
        choices.offer(self.fields["indicator"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begun = any(cleaned.get(name) is not None for name in ("low", "high", "weight"))
        if begun and cleaned.get("indicator") is None and "indicator" not in self.errors:
            self.add_error("indicator", _now("Empty; pick the indicator that these figures belong to."))
        return cleaned


class OwnWeightForm(PlainForm):
    """The weight of one part for one partner; a row without a partner is none."""

    partner = forms.ModelChoiceField(label=_("Partner"), queryset=Partner.objects.none(), required=False)
    indicator = forms.ModelChoiceField(
        label=_("Indicator"), queryset=ProgrammeIndicator.objects.none(), required=False
    )
    weight = PlainDecimalField(label=_("Weight"), required=False, max_digits=7, decimal_places=6)

    def __init__(self, *args: Any, choices: Choices, partners: Choices, **given: Any) -> None:
        super().__init__(*args, **given)
        choices.offer(self.fields["indicator"])
        partners.offer(self.fields["partner"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        empty = {name for name in ("partner", "indicator", "weight") if cleaned.get(name) is None}
        if 0 < len(empty) < 3:
            for name in empty - set(self.errors):
                self.add_error(name, _now("Empty; a partner's weight names partner, indicator and weight."))
        return cleaned


def part_formset(data: Any, initial: list[dict[str, Any]], choices: Choices) -> Any:
    """The rows of the parts: those there are and some to spare."""
    kind = forms.formset_factory(
        PartForm,
        extra=max(SPARE, LEAST_ROWS - len(initial)),
        max_num=MOST,
        absolute_max=MOST,
        validate_max=True,
    )
    return kind(data, prefix="parts", initial=initial, form_kwargs={"choices": choices})


def own_weight_formset(
    programme: Programme, data: Any, initial: list[dict[str, Any]], choices: Choices
) -> Any:
    """The rows of single partners' weights."""
    kind = forms.formset_factory(OwnWeightForm, extra=6, max_num=40, absolute_max=40, validate_max=True)
    partners = Choices(programme.partners.all())
    return kind(data, prefix="own", initial=initial, form_kwargs={"choices": choices, "partners": partners})


def usable_indicators(programme: Programme) -> Choices:
    """What may be chosen: indicators in use; the action says why one of them does not fit."""
    return Choices(
        ProgrammeIndicator.objects.active()
        .filter(programme=programme)
        .select_related("definition", "version", "partner", "programme")
        .order_by("definition__code", "partner__name", "pk")
    )


def parts_in(formset: Any) -> list[Part]:
    """The rows that name an indicator, each with its place in the form."""
    return [
        Part(place=place, **form.cleaned_data)
        for place, form in enumerate(formset)
        if form.cleaned_data.get("indicator") is not None
    ]


def own_weights_in(formset: Any) -> list[OwnWeight]:
    return [
        OwnWeight(**form.cleaned_data) for form in formset if form.cleaned_data.get("partner") is not None
    ]
