"""Form fields whose errors name what was given and what was expected. Shape and types only."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.models import AdjustmentDecision, Programme

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
FIRST_YEAR, LAST_YEAR = 1950, 2100
NOT_LISTED = gettext_lazy("“%(value)s” is not one of the choices; pick one of the list.")


class PlainDecimalField(forms.DecimalField):
    """A number typed as 1234.5: a point, no commas, no spaces, no exponent, whatever the language."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("max_digits", 24)
        given.setdefault("decimal_places", 6)
        given.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**given)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.strip()
            if "," in value:
                raise ValidationError(
                    _(
                        "“%s” has a comma; write a point for decimals and nothing between thousands, as in 1234.5."
                    )
                    % value
                )
            if value and not NUMBER.fullmatch(value):
                raise ValidationError(
                    _("“%s” is not a number; expected digits with a point, as in 1234.5.") % value
                )
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else value


class DayField(forms.DateField):
    """A day, as the browser's own date field sends it."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d"], **given)

    def to_python(self, value: Any) -> Any:
        try:
            day = super().to_python(value)
        except ValidationError:
            raise ValidationError(
                _("“%s” is not a day; expected year-month-day, as in 2026-03-31.") % value
            ) from None
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(
                _("“%(given)s” is out of reach; expected a day from %(first)d to %(last)d.")
                % {"given": value, "first": FIRST_YEAR, "last": LAST_YEAR}
            )
        return day


class WholeNumberField(forms.IntegerField):
    """A whole number."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("min_value", 0)
        given.setdefault("max_value", 32767)
        super().__init__(**given)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError:
            raise ValidationError(
                _("“%s” is not a whole number; expected digits, as in 15.") % value
            ) from None


class DecisionField(forms.ModelChoiceField):
    """The adjustment decision that a change carries out, out of those of a programme that allow such a change."""

    def __init__(self, *, kinds: Collection[str], **given: Any) -> None:
        self.kinds = list(kinds)
        super().__init__(
            queryset=AdjustmentDecision.objects.none(),
            required=False,
            label=gettext_lazy("Carries out the decision"),
            empty_label=gettext_lazy("None"),
            **given,
        )

    def of(self, programme: Programme) -> None:
        self.queryset = AdjustmentDecision.objects.filter(programme=programme, kind__in=self.kinds)

    def label_from_instance(self, decision: Any) -> str:
        words = decision.rationale if len(decision.rationale) <= 80 else decision.rationale[:77] + "…"
        return f"{decision.get_kind_display()}, {date_format(decision.decided_at, 'DATE_FORMAT')}: {words}"


class PlainForm(forms.Form):
    """A form whose errors say what was given and what was expected."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for field in self.fields.values():
            field.error_messages["required"] = _("Empty; please fill this in.")
            if isinstance(field, forms.ModelMultipleChoiceField):
                field.error_messages["invalid_choice"] = NOT_LISTED
                field.error_messages["invalid_pk_value"] = _(
                    "“%(pk)s” is not one of the choices; pick from the list."
                )
            elif isinstance(field, forms.ChoiceField):
                field.error_messages["invalid_choice"] = NOT_LISTED


def show_refusal(form: forms.Form, refusal: ValidationError) -> None:
    """Put what an action refused into the form: at its field where the form has it, else above the form."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal.messages)
        return
    for name, errors in refusal.error_dict.items():
        for message in ValidationError(errors).messages:
            if name in form.fields:
                form.add_error(name, message)
            else:
                prefix = "" if name == NON_FIELD_ERRORS else name.replace("_", " ").capitalize() + ": "
                form.add_error(None, prefix + message)


def attempt(form: forms.Form, verb: Callable[..., Any], **given: Any) -> Any:
    """Do the verb with what the form holds. False when the form or the verb refuses; the form then says why."""
    if not form.is_valid():
        return False
    try:
        return verb(**{**form.cleaned_data, **given})
    except ValidationError as refusal:
        show_refusal(form, refusal)
        return False
