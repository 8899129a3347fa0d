"""Forms about people and tokens: shape and types of input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from indicators.models import DigestRhythm, GlobalRole, NoticeChoice, Partner, Topic

NOT_LISTED = _("“%(value)s” is not one of the choices; pick one of the list.")


class PersonFilterForm(forms.Form):
    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    state = forms.ChoiceField(
        label=_("Account"),
        required=False,
        choices=[("", _("Any")), ("active", _("Active")), ("ended", _("Deactivated"))],
    )


class PersonForm(forms.Form):
    """Who somebody is, and which role they hold everywhere."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("For signing in. Letters, digits and @ . + - _ only."),
    )
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    global_role = forms.ChoiceField(label=_("Role everywhere"), required=False, choices=GlobalRole.choices)
    partner = forms.ModelChoiceField(
        label=_("Nation"),
        queryset=Partner.objects.all(),
        required=False,
        empty_label=_("None"),
        help_text=_("For partner viewers: the nation whose releasable data they see."),
    )

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for field in self.fields.values():
            field.error_messages["required"] = _("Empty; please fill this in.")
            if isinstance(field, forms.ChoiceField):
                field.error_messages["invalid_choice"] = _(
                    "“%(value)s” is not one of the choices; pick one of the list."
                )


class PersonChangeForm(PersonForm):
    is_active = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("Taken away, every session and token ends at once.")
    )


class TokenForm(forms.Form):
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("One year"))],
        initial=90,
    )


class DigestForm(forms.Form):
    digest = forms.ChoiceField(
        label=_("By mail"), choices=DigestRhythm.choices, error_messages={"invalid_choice": NOT_LISTED}
    )


class NoticeChoiceForm(forms.Form):
    """For each topic, how one hears of it."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for topic in Topic:
            self.fields[topic.value] = forms.ChoiceField(
                label=topic.label,
                choices=NoticeChoice.Way.choices,
                error_messages={"invalid_choice": NOT_LISTED},
            )


def attempt(form: forms.Form, verb: Callable[..., Any], **given: Any) -> Any:
    """Do the verb with what the form holds. False when the form or the verb refuses; the form then says why."""
    if not form.is_valid():
        return False
    try:
        return verb(**form.cleaned_data, **given)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
