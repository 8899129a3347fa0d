"""Forms about a tailored indicator: how it is used, what was agreed, what the partner says. Shape and types only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from indicators.models import (
    AdjustmentDecision,
    Direction,
    Frequency,
    IndicatorVersion,
    Marking,
    Membership,
    Objective,
    Partner,
    Programme,
    ReportingUnit,
    ResultLevel,
    Role,
    SignOff,
    TargetRevision,
    User,
    ValueType,
)
from indicators.programmes.designing import current_design
from indicators.programmes.fields import DayField, DecisionField, PlainDecimalField, PlainForm


class LibrarySearchForm(PlainForm):
    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    level = forms.ChoiceField(
        label=_("Results level"), required=False, choices=[("", _("Any")), *ResultLevel.choices]
    )


class UseForm(PlainForm):
    """How a programme uses an indicator."""

    rationale = forms.CharField(
        label=_("Why does it fit here?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "What about this partner makes this the right thing to measure? Readers see this sentence."
        ),
    )
    local_name = forms.CharField(
        label=_("Local name"), max_length=200, required=False, help_text=_("Empty: the library's name.")
    )
    objective = forms.ModelChoiceField(
        label=_("Objective"), queryset=Objective.objects.none(), required=False, empty_label=_("None yet")
    )
    frequency = forms.ChoiceField(label=_("How often it is reported"), choices=Frequency.choices)
    units = forms.ModelMultipleChoiceField(
        label=_("Who reports"),
        queryset=ReportingUnit.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: one figure for the whole programme."),
    )
    responsible = forms.ModelChoiceField(
        label=_("Responsible officer"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody yet"),
    )
    weight = PlainDecimalField(
        label=_("Weight"),
        max_digits=6,
        decimal_places=3,
        initial=Decimal(1),
        help_text=_("Beside the others of the programme; 1 is usual."),
    )
    is_critical = forms.BooleanField(
        label=_("Critical"),
        required=False,
        help_text=_("The programme is never better than its worst critical one."),
    )
    is_core = forms.BooleanField(
        label=_("Common core"), required=False, help_text=_("May be compared across partners, by progress.")
    )
    marking = forms.ChoiceField(
        label=_("Marking"), choices=Marking.choices, initial=Marking.NATO_UNCLASSIFIED
    )
    releasable_to = forms.ModelMultipleChoiceField(
        label=_("Releasable to"),
        queryset=Partner.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("These nations see the indicator and are asked to sign it off."),
    )

    def __init__(self, *args: Any, programme: Programme, **given: Any) -> None:
        super().__init__(*args, **given)
        design = current_design(programme)
        choices = {
            "objective": design.objectives.all() if design else Objective.objects.none(),
            "units": programme.units.filter(is_active=True),
            "responsible": officers_of(programme),
            "releasable_to": programme.partners.all(),
        }
        if "partner" in self.fields:
            choices["partner"] = programme.partners.all()
        for name, rows in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]


def officers_of(programme: Programme) -> Any:
    """Who may answer for an indicator: the programme's officers and approvers of today."""
    held = Membership.objects.active().filter(programme=programme, role__in=[Role.OFFICER, Role.APPROVER])
    return User.objects.filter(pk__in=held.values("user"), is_active=True).order_by("first_name", "username")


class UseChangeForm(UseForm):
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    row_version = forms.IntegerField(widget=forms.HiddenInput)


class PlanForm(PlainForm):
    """Baseline, target, path and thresholds; only what the kind of indicator knows."""

    baseline = PlainDecimalField(
        label=_("Baseline"), required=False, help_text=_("The value before. Zero is a value.")
    )
    baseline_on = DayField(label=_("Baseline date"), required=False)
    baseline_source = forms.CharField(label=_("Baseline source"), max_length=200, required=False)
    target = PlainDecimalField(label=_("Target"), required=False)
    target_on = DayField(label=_("Target date"), required=False)
    range_low = PlainDecimalField(label=_("Lower limit"), required=False)
    range_high = PlainDecimalField(label=_("Upper limit"), required=False)
    trajectory = forms.ChoiceField(
        label=_("Planned path"),
        choices=TargetRevision._meta.get_field("trajectory").choices or [],
        initial="linear",
    )
    on_track_from = PlainDecimalField(
        label=_("On track from"),
        max_digits=4,
        decimal_places=2,
        help_text=_("Share of the planned progress."),
    )
    at_risk_from = PlainDecimalField(
        label=_("At risk from"),
        max_digits=4,
        decimal_places=2,
        help_text=_("Below this it is off track."),
    )
    reason = forms.CharField(
        label=_("Reason for lower thresholds"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=2000,
    )

    def __init__(self, *args: Any, version: IndicatorVersion, **given: Any) -> None:
        super().__init__(*args, **given)
        for name in needless(version):
            self.fields.pop(name, None)
        for name in ("baseline", "target", "range_low", "range_high"):
            if name in self.fields:
                self.fields[name].label = f"{self.fields[name].label} ({version.unit})"


def needless(version: IndicatorVersion) -> set[str]:
    """The fields of an agreement that this kind of indicator does not have."""
    if version.is_context or version.value_type == ValueType.TEXT:
        return {
            "target",
            "target_on",
            "range_low",
            "range_high",
            "trajectory",
            "on_track_from",
            "at_risk_from",
        }
    if version.direction == Direction.RANGE:
        return {"target", "trajectory"}
    return {"range_low", "range_high"}


class TailorForm(PlanForm, UseForm):
    """A library indicator on its way into a programme."""

    partner = forms.ModelChoiceField(
        label=_("Tailored for"),
        queryset=Partner.objects.none(),
        required=False,
        empty_label=_("The whole programme"),
    )

    def __init__(self, *args: Any, programme: Programme, version: IndicatorVersion, **given: Any) -> None:
        super().__init__(*args, programme=programme, version=version, **given)


class RevisionForm(PlanForm):
    """A new agreement, with the number of the one that was read."""

    effective_on = DayField(label=_("Valid from"), required=False, help_text=_("Empty: today."))
    reason_code = forms.ChoiceField(
        label=_("Kind of reason"),
        choices=[
            choice for choice in TargetRevision.Reason.choices if choice[0] != TargetRevision.Reason.FIRST
        ],
    )
    decision = DecisionField(
        kinds=AdjustmentDecision.MOVES_TARGETS,
        help_text=_("Needed when the reason is an evaluation decision."),
    )
    number = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, programme: Programme, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["decision"].of(programme)  # type: ignore[attr-defined]
        reason = self.fields["reason"]
        reason.label, reason.required = _("Reason in words"), True


class MilestoneForm(PlainForm):
    """One interim target; a row left empty is none."""

    due_on = DayField(label=_("Date"), required=False)
    value = PlainDecimalField(label=_("Value"), required=False)
    label = forms.CharField(label=_("What it stands for"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begun = [name for name in ("due_on", "value") if cleaned.get(name) is not None]
        if len(begun) == 1 or (not begun and cleaned.get("label")):
            for name in {"due_on", "value"} - set(begun) - set(self.errors):
                self.add_error(name, _("Empty; a milestone has a date and a value."))
        return cleaned


MilestoneFormSet = forms.formset_factory(
    MilestoneForm, extra=4, max_num=40, absolute_max=40, validate_max=True
)


def milestones_in(formset: Any) -> list[tuple[Any, Decimal, str]]:
    """The rows that were filled in, in order of time."""
    rows = [form.cleaned_data for form in formset if form.cleaned_data.get("due_on") is not None]
    return sorted((row["due_on"], row["value"], row["label"]) for row in rows)


class SignOffForm(PlainForm):
    decision = forms.ChoiceField(
        label=_("Decision"), choices=SignOff.Decision.choices, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Comment"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=2000,
        help_text=_("Needed when you decline; both sides see it."),
    )
    number = forms.IntegerField(widget=forms.HiddenInput)


class DecideForm(forms.Form):
    """What a second person says of proposed thresholds."""

    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("Needed to decline."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
