"""Forms about a programme, its design, its places and its people: shape and types of input."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from indicators.models import (
    AdjustmentDecision,
    Assumption,
    Course,
    DesignVersion,
    Framework,
    GlobalRole,
    Membership,
    Objective,
    Organisation,
    Partner,
    Programme,
    ReportingPeriod,
    ReportingUnit,
    Role,
    User,
)
from indicators.programmes.fields import DayField, DecisionField, PlainForm, WholeNumberField
from indicators.sent import whole_number

ANY = ("", _("Any"))


class ProgrammeFilterForm(PlainForm):
    """Which programmes the list shows. Nonsense in the address filters nothing."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    framework = forms.ChoiceField(label=_("Framework"), required=False, choices=[ANY, *Framework.choices])
    partner = forms.ModelChoiceField(
        label=_("Partner"),
        required=False,
        queryset=Partner.objects.all(),
        to_field_name="code",
        empty_label=_("Any"),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[ANY, ("planned", _("Planned")), ("active", _("Running")), ("ended", _("Ended"))],
    )


class ProgrammeForm(PlainForm):
    """A programme's own facts."""

    code = forms.CharField(
        label=_("Code"), max_length=20, help_text=_("Capitals, digits and hyphens, e.g. NMI or ICI-RC.")
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    summary = forms.CharField(
        label=_("What it is about"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Two or three sentences that anyone understands."),
    )
    framework = forms.ChoiceField(label=_("Framework"), choices=Framework.choices)
    partners = forms.ModelMultipleChoiceField(
        label=_("Partner countries"), queryset=Partner.objects.all(), widget=forms.CheckboxSelectMultiple
    )
    organisations = forms.ModelMultipleChoiceField(
        label=_("Organisations taking part"),
        queryset=Organisation.objects.all(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    starts_on = DayField(label=_("Starts on"))
    ends_on = DayField(label=_("Ends on"))
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=40,
        initial="UTC",
        help_text=_("Days begin and end here, e.g. Asia/Baghdad."),
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )
    fiscal_year_start_month = forms.TypedChoiceField(
        label=_("First month of the reporting year"), coerce=int, choices=list(MONTHS.items()), initial=1
    )
    grace_days = WholeNumberField(
        label=_("Days to report"),
        initial=15,
        max_value=365,
        help_text=_("Days after the end of a period until its figures are due."),
    )
    needs_validation = forms.BooleanField(
        label=_("Figures are validated before approval"),
        required=False,
        help_text=_("A data validator checks each submitted figure before an approver sees it."),
    )
    validation_days = WholeNumberField(
        label=_("Days to validate"),
        initial=20,
        max_value=366,
        help_text=_("Days after the end of a period until its figures should be validated."),
    )
    approval_days = WholeNumberField(
        label=_("Days to approve"),
        initial=25,
        max_value=366,
        help_text=_("Days after the end of a period until its figures should be approved."),
    )
    lock_days = WholeNumberField(
        label=_("Days until a period is locked"),
        required=False,
        min_value=1,
        max_value=3660,
        help_text=_(
            "From this day after its end nothing in a period changes; 30 is usual. Empty: never locked."
        ),
    )


class ProgrammeChangeForm(ProgrammeForm):
    """The same, with the version that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ScopeForm(PlainForm):
    scope = forms.CharField(
        label=_("Scope"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What is inside, what is deliberately outside."),
    )


class DesignVersionForm(PlainForm):
    reason = forms.CharField(
        label=_("Why does the design change?"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    decision = DecisionField(kinds=AdjustmentDecision.MOVES_DESIGN)

    def __init__(self, *args: Any, programme: Programme, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["decision"].of(programme)  # type: ignore[attr-defined]


class InForceForm(PlainForm):
    in_force_from = DayField(label=_("In force from"), required=False, help_text=_("Empty: today."))


class ObjectiveForm(PlainForm):
    code = forms.CharField(
        label=_("Code"), max_length=12, help_text=_("Short and stable, e.g. OC1; kept across versions.")
    )
    level = forms.ChoiceField(label=_("Results level"), choices=Objective.Level.choices)
    statement = forms.CharField(
        label=_("Statement"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The change that should be true at the end."),
    )
    parent = forms.ModelChoiceField(
        label=_("Contributes to"),
        queryset=Objective.objects.none(),
        required=False,
        empty_label=_("Nothing above it"),
    )
    position = WholeNumberField(label=_("Place in the list"), initial=0, required=False)

    def __init__(
        self, *args: Any, design: DesignVersion, objective: Objective | None = None, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        self.fields["parent"].queryset = design.objectives.exclude(  # type: ignore[attr-defined]
            Q(level=Objective.Level.OUTPUT) | Q(pk=objective.pk if objective else None)
        )

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or 0


class AssumptionForm(PlainForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Assumption.Kind.choices)
    statement = forms.CharField(label=_("Statement"), widget=forms.Textarea(attrs={"rows": 2}))
    likelihood = forms.ChoiceField(
        label=_("Likelihood"), choices=Assumption.Rating.choices, initial=Assumption.Rating.MEDIUM
    )
    impact = forms.ChoiceField(
        label=_("Impact"), choices=Assumption.Rating.choices, initial=Assumption.Rating.MEDIUM
    )
    response = forms.CharField(
        label=_("What we do about it"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )


class UnitForm(PlainForm):
    code = forms.CharField(label=_("Code"), max_length=30)
    name = forms.CharField(label=_("Name"), max_length=160)
    kind = forms.ChoiceField(label=_("Kind"), choices=ReportingUnit.Kind.choices)
    parent = forms.ModelChoiceField(
        label=_("Part of"),
        queryset=ReportingUnit.objects.none(),
        required=False,
        empty_label=_("Nothing above it"),
    )
    partner = forms.ModelChoiceField(
        label=_("Country"),
        queryset=Partner.objects.none(),
        required=False,
        empty_label=_("As what it is part of"),
    )
    is_active = forms.BooleanField(label=_("Reports now"), required=False, initial=True)

    def __init__(
        self, *args: Any, programme: Programme, unit: ReportingUnit | None = None, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        above = programme.units.exclude(kind=ReportingUnit.Kind.COURSE)
        if unit is not None:
            above = above.exclude(pk=unit.pk)
        self.fields["parent"].queryset = above  # type: ignore[attr-defined]
        self.fields["partner"].queryset = programme.partners.all()  # type: ignore[attr-defined]


class MemberForm(PlainForm):
    user = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    starts_on = DayField(label=_("From"), required=False, help_text=_("Empty: from today."))
    ends_on = DayField(label=_("Last day"), required=False, help_text=_("Empty: until further notice."))

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        people = User.objects.filter(is_active=True).exclude(global_role=GlobalRole.PARTNER_VIEWER)
        self.fields["user"].queryset = people.order_by("first_name", "last_name", "username")  # type: ignore[attr-defined]


class MembershipEndForm(PlainForm):
    ends_on = DayField(label=_("Last day"), required=False, help_text=_("Empty: access ends now."))


class PeriodField(forms.ModelMultipleChoiceField):
    """Periods with how often they come: a month and what happened in it have the same name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.label} · {obj.get_frequency_display()}"


class PeriodsForm(PlainForm):
    """Periods of one programme, chosen on its calendar."""

    periods = PeriodField(
        label=_("Periods"),
        queryset=ReportingPeriod.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, programme: Programme, asked: list[str], **given: Any) -> None:
        super().__init__(*args, **given)
        rows = ReportingPeriod.objects.filter(programme=programme)
        keys = [key for key in map(whole_number, asked) if key is not None]
        self.fields["periods"].queryset = rows.filter(pk__in=keys).order_by("-starts_on", "pk")  # type: ignore[attr-defined]
        self.fields["periods"].initial = keys


class ReopenForm(PeriodsForm):
    until = DayField(label=_("Open until"), help_text=_("Last day; after it the periods lock by themselves."))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class LockForm(PeriodsForm):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class ExceptionForm(PeriodsForm):
    user = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    until = DayField(label=_("Open until"), help_text=_("Last day on which this person may enter figures."))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)

    def __init__(self, *args: Any, programme: Programme, asked: list[str], **given: Any) -> None:
        super().__init__(*args, programme=programme, asked=asked, **given)
        held = Membership.objects.active().filter(
            programme=programme, role__in=[Role.OFFICER, Role.VALIDATOR, Role.APPROVER]
        )
        people = User.objects.filter(pk__in=held.values("user"), is_active=True)
        self.fields["user"].queryset = people.order_by("first_name", "last_name", "username")  # type: ignore[attr-defined]


class ReasonForm(PlainForm):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class SubstituteForm(PlainForm):
    user = forms.ModelChoiceField(
        label=_("Substitute"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    starts_on = DayField(label=_("From"), required=False, help_text=_("Empty: from today."))
    ends_on = DayField(label=_("Last day"), help_text=_("The place goes back by itself after this day."))

    def __init__(self, *args: Any, but: User, **given: Any) -> None:
        super().__init__(*args, **given)
        people = User.objects.filter(is_active=True).exclude(
            Q(global_role=GlobalRole.PARTNER_VIEWER) | Q(pk=but.pk)
        )
        self.fields["user"].queryset = people.order_by("first_name", "last_name", "username")  # type: ignore[attr-defined]


class CourseForm(PlainForm):
    code = forms.CharField(label=_("Code"), max_length=30)
    title = forms.CharField(label=_("Title"), max_length=160)
    topic = forms.ChoiceField(label=_("Topic"), choices=Course.Topic.choices)


class RunForm(PlainForm):
    code = forms.CharField(label=_("Code"), max_length=30, help_text=_("e.g. CYB-2026-1."))
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"))
    seats = WholeNumberField(label=_("Seats offered"))
    parent = forms.ModelChoiceField(
        label=_("Held at"),
        queryset=ReportingUnit.objects.none(),
        required=False,
        empty_label=_("Nowhere in particular"),
        help_text=_("The reporting unit that the course belongs to."),
    )

    def __init__(self, *args: Any, programme: Programme, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["parent"].queryset = programme.units.exclude(  # type: ignore[attr-defined]
            kind=ReportingUnit.Kind.COURSE
        )
