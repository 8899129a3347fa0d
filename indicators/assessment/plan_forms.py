"""Shapes and types of an ex-post plan. No rights, no saving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.assessment.comparable import (
    countries_in,
    other_indicators,
    registers_of,
    releases_of,
    sites_of,
)
from indicators.assessment.forms import DATE, MonthsField
from indicators.models import ExPostMethod, PlannedComparison, ProgrammeIndicator, User

Choices = list[tuple[Any, list[tuple[str, str]]]]
EMPTY = gettext_lazy("Empty; please fill this in.")


class PlanForm(forms.Form):
    """What a plan is about."""

    question = forms.CharField(
        label=gettext_lazy("Question"),
        help_text=gettext_lazy("What should be known afterwards? One or two sentences."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        error_messages={"required": EMPTY},
    )
    part = forms.CharField(
        label=gettext_lazy("Part of the programme"),
        help_text=gettext_lazy("e.g. “Phase 2”; empty: the whole programme."),
        max_length=120,
        required=False,
    )
    starts_on = forms.DateField(label=gettext_lazy("Starts on"), widget=DATE)
    ends_on = forms.DateField(label=gettext_lazy("Ends on"), widget=DATE)
    follow_up_months = MonthsField(
        label=gettext_lazy("Measured again, in months after the end"),
        help_text=gettext_lazy("Separated by commas: 0, 6, 12, 24."),
        max_length=80,
        error_messages={"required": EMPTY},
    )
    collects = forms.CharField(
        label=gettext_lazy("Who collects the figures"),
        help_text=gettext_lazy("An office, not a person, that is there after the end too."),
        max_length=200,
        error_messages={"required": EMPTY},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for this version"),
        help_text=gettext_lazy("Printed with every result from now on."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=4000,
        required=False,
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_first:
            del self.fields["reason"]


class SpokenDecimalField(forms.DecimalField):
    """A number whose error says what was given."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(
                _("“%(given)s” is not a number; expected digits with a point, as in 2.5.")
                % {"given": str(value)[:40]}
            ) from None


class PrimaryForm(forms.Form):
    """One primary indicator: compared with whom, by which method, and what counts as a change that matters."""

    comparisons = forms.MultipleChoiceField(
        label=gettext_lazy("Compared with"),
        help_text=gettext_lazy(
            "Those that the programme does not reach. Without any, a change can be seen but not an effect."
        ),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    smallest_change = SpokenDecimalField(
        label=gettext_lazy("Smallest change that matters"),
        max_digits=24,
        decimal_places=6,
        min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": EMPTY},
    )
    transition_from = forms.DateField(
        label=gettext_lazy("Change expected from"),
        help_text=gettext_lazy("Empty: from the start."),
        widget=DATE,
        required=False,
    )
    transition_until = forms.DateField(
        label=gettext_lazy("In transition until"),
        help_text=gettext_lazy("Periods from then to here count on neither side. Empty: no transition."),
        widget=DATE,
        required=False,
    )
    horizon_months = forms.IntegerField(
        label=gettext_lazy("Effect after, in months"),
        help_text=gettext_lazy("For interrupted series: how long after the change its size is given."),
        min_value=1,
        max_value=120,
        initial=12,
    )
    method = forms.ChoiceField(label=gettext_lazy("Method"), required=False)
    method_reason = forms.CharField(
        label=gettext_lazy("Why not the proposed method"),
        help_text=gettext_lazy("Only for another method than the proposed one. Printed with every result."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=4000,
        required=False,
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, indicator: ProgrammeIndicator, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comparisons"].choices = comparison_choices(indicator, user)  # type: ignore[attr-defined]
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            ("", gettext_lazy("As the decision table proposes")),
            *ExPostMethod.choices,
        ]
        unit = indicator.version.unit
        if unit:
            self.fields["smallest_change"].help_text = gettext_lazy("In the indicator's unit: %s.") % unit

    def clean_smallest_change(self) -> Any:
        given = self.cleaned_data["smallest_change"]
        if given is not None and given <= 0:
            raise forms.ValidationError(gettext_lazy("0 was given; a number above 0 was expected."))
        return given


def comparison_choices(indicator: ProgrammeIndicator, user: User) -> Choices:
    """What may stand beside the indicator, in groups. Six queries."""
    sites = [(f"unit:{one.pk}", str(one)) for one in sites_of(indicator, user)]
    others = [
        (f"indicator:{one.pk}", f"{one.partner or one.programme.name} · {one.name} ({one.programme.code})")
        for one in other_indicators(indicator, user)
    ]
    releases = list(releases_of(indicator))
    names = {one.pk: str(one) for one in releases}
    countries = [
        (f"country:{release}:{one.pk}", f"{one} · {names[release]}")
        for release, one in countries_in(releases, indicator)
    ]
    registers = [
        (f"run:{one.pk}", f"{one.course.title} · {one.code}") for one in registers_of(indicator, user)
    ]
    groups: Choices = [
        (
            gettext_lazy("Registers of people who are tested twice and do not take the course"),
            registers if len(registers) > 1 else [],
        ),
        (gettext_lazy("Sites that the programme does not support"), sites if len(sites) > 1 else []),
        (gettext_lazy("The same indicator of other partners"), others),
        (gettext_lazy("Countries in a published series, by its release"), countries),
    ]
    return [(title, rows) for title, rows in groups if rows]


def comparisons_in(references: Sequence[str]) -> list[PlannedComparison]:
    """Unsaved rows from what was ticked, each once."""
    found = []
    for reference in sorted(set(references), key=_order):
        kind, *numbers = reference.split(":")
        match kind:
            case "unit":
                found.append(PlannedComparison(unit_id=int(numbers[0])))
            case "run":
                found.append(PlannedComparison(run_id=int(numbers[0])))
            case "indicator":
                found.append(PlannedComparison(indicator_id=int(numbers[0])))
            case _:
                found.append(PlannedComparison(release_id=int(numbers[0]), country_id=int(numbers[1])))
    return found


def _order(reference: str) -> tuple[str, tuple[int, ...]]:
    kind, *numbers = reference.split(":")
    return kind, tuple(map(int, numbers))
