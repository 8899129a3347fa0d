"""Forms of a course register: a file, and what holds for a run as a whole. Shape and types only."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.entry.forms import NumberField
from indicators.entry.importing import Table, read_table
from indicators.entry.importing.reader import MAX_BYTES
from indicators.entry.register.columns import refusal


class AmountField(NumberField):
    """A number from 0 to a limit with two decimals at most; empty is not recorded."""

    def __init__(self, *, most: Decimal, **given: Any) -> None:
        self.most = most
        super().__init__(required=False, **given)

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        if number is not None and not (0 <= number <= self.most and number == round(number, 2)):
            expected = _("a number from 0 to %s with two decimals at most") % self.most
            raise refusal(str(value), expected)
        return number


class RunFactsForm(forms.Form):
    pass_mark = AmountField(
        label=gettext_lazy("Pass mark, in percent of the maximum"),
        most=Decimal(100),
        help_text=gettext_lazy("For the pass rate and the cost for each graduate who passed."),
    )
    cost = AmountField(
        label=gettext_lazy("Direct cost of the run, in EUR"),
        most=Decimal("999999999999"),
        help_text=gettext_lazy("In constant prices. Empty: not known, which is not 0."),
    )
    hours_total = AmountField(label=gettext_lazy("Hours of instruction"), most=Decimal(99999))
    hours_regional = AmountField(
        label=gettext_lazy("Of these by instructors of the region"),
        most=Decimal(99999),
    )
    register_version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=12)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        total, regional = found.get("hours_total"), found.get("hours_regional")
        if regional is not None and not self.errors and (total is None or regional > total):
            self.add_error(
                "hours_regional",
                _("%(given)s was given; at most all hours of instruction (%(total)s) were expected.")
                % {"given": regional, "total": _("none given") if total is None else total},
            )
        return found


class RegisterFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Register as XLSX or CSV"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": gettext_lazy("No file was chosen; an XLSX or CSV file was expected.")},
    )

    def clean_file(self) -> Table:
        """The table in it; no file is left behind."""
        upload: UploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > MAX_BYTES:
            raise ValidationError(_("The file is too large; at most 50 MB were expected."))
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in upload.name or "")
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"register-{plain[-60:]}"
            with path.open("wb") as target:
                for chunk in upload.chunks():
                    target.write(chunk)
            return read_table(path)
