"""Shapes and types of what people give in this room. No rights, no saving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.models import AssessmentSchedule, Kind, Programme

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MonthsField(forms.CharField):
    """Whole months, separated by commas: "0, 6, 12"."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        words = [word.strip() for word in (super().clean(value) or "").split(",") if word.strip()]
        wrong = [word for word in words if not (word.isascii() and word.isdigit() and len(word) <= 3)]
        if wrong:
            raise ValidationError(
                _("“%(given)s” is no number of months; expected whole numbers such as 0, 6, 12."),
                params={"given": wrong[0][:20]},
            )
        return sorted({int(word) for word in words})


class ScheduleForm(forms.Form):
    """When a programme is assessed without anybody asking."""

    frequency = forms.ChoiceField(label=gettext_lazy("While it runs"))
    days_after_period = forms.IntegerField(
        label=gettext_lazy("Days after the end of a period"),
        help_text=gettext_lazy("Late figures still get in until then."),
        min_value=0,
        max_value=180,
        initial=30,
    )
    follow_up_months = MonthsField(
        label=gettext_lazy("Ex-post assessments, in months after the end"),
        help_text=gettext_lazy("Separated by commas: 0, 6, 12, 24. Empty: none."),
        required=False,
        max_length=80,
        initial=[0, 6, 12],
    )
    is_active = forms.BooleanField(label=gettext_lazy("Plan assessments"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = AssessmentSchedule._meta.get_field("frequency").choices
        self.fields["frequency"].choices = choices  # type: ignore[attr-defined]


class AlertForm(forms.Form):
    """What closes an alert."""

    cause = forms.CharField(
        label=gettext_lazy("Cause"),
        help_text=gettext_lazy("What happened, as far as anybody knows; “no cause found” is an answer too."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )
    action = forms.CharField(
        label=gettext_lazy("What is done about it"),
        help_text=gettext_lazy("Also “nothing”, with the reason."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )


class RequestForm(forms.Form):
    """Ask for an assessment now."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Kind.choices)
    as_of = forms.DateField(
        label=gettext_lazy("As of"),
        widget=DATE,
        help_text=gettext_lazy("Figures of periods that ended by this day count."),
    )


class AssessmentFilterForm(forms.Form):
    """What the list of assessments shows. Anything unknown is ignored."""

    programme = forms.ModelChoiceField(
        queryset=Programme.objects.none(),
        required=False,
        to_field_name="code",
        label=gettext_lazy("Programme"),
    )
    kind = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), *Kind.choices], required=False, label=gettext_lazy("Kind")
    )
    show = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("The latest of each programme")),
            ("all", gettext_lazy("All, with earlier revisions")),
        ],
        required=False,
        label=gettext_lazy("Show"),
    )
