"""A file from elsewhere, and what whoever brings it says of it. Shape and types only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from indicators.exchange.context_reading import Wording
from indicators.exchange.holding import content_of
from indicators.exchange.iati_programmes import read_choices


class _FileForm(forms.Form):
    """With `file` clean as (plain name, bytes)."""

    def clean_file(self) -> tuple[str, bytes]:
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        return content_of(upload)


def _plain(text: str) -> str:
    """Hidden characters that no database keeps are refused."""
    if any((ord(c) < 32 and c not in "\r\n\t") or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValidationError(_("The text holds characters that cannot be stored; plain text was expected."))
    return text


class IatiForm(_FileForm):
    file = forms.FileField(
        label=_("IATI file"),
        widget=forms.FileInput(attrs={"accept": ".xml"}),
        error_messages={"required": _("No file was chosen; an IATI file (XML) was expected.")},
    )
    choices = forms.CharField(
        label=_("Which programme is which activity?"),
        required=False,
        max_length=20_000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "dir": "ltr", "spellcheck": "false"}),
        help_text=_(
            "One line for each: identifier=CODE/COUNTRY. Only for activities that are new here; a programme with this "
            "code is used, or registered. A country only where the file names none."
        ),
    )

    is_strict = forms.BooleanField(
        label=_("As a whole or not at all"),
        required=False,
        help_text=_("Take nothing over if anything is refused or left out."),
    )

    def clean_choices(self) -> str:
        text = _plain(self.cleaned_data["choices"])
        read_choices(text.splitlines())
        return text


class EditionForm(_FileForm):
    file = forms.FileField(
        label=_("File (CSV or XLSX)"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        error_messages={"required": _("No file was chosen; a CSV or XLSX file was expected.")},
    )
    vintage = forms.CharField(
        label=_("Edition"),
        max_length=60,
        help_text=_("What the publisher calls it, for example “2025 release”."),
    )
    retrieved_on = forms.DateField(
        label=_("Retrieved on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: today."),
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=300,
        help_text=_("Address or description of where it is from."),
    )
    series = forms.CharField(
        label=_("Series"),
        required=False,
        max_length=22,
        help_text=_(
            "Code of the series. Empty for World Bank governance and UCDP events: those files say which they are."
        ),
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    publisher = forms.CharField(label=_("Publisher"), required=False, max_length=200)
    unit = forms.CharField(label=_("Unit"), required=False, max_length=60)
    licence = forms.CharField(label=_("Licence"), required=False, max_length=60)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name, value in found.items():
            if isinstance(value, str):
                try:
                    found[name] = _plain(value)
                except ValidationError as problem:
                    self.add_error(name, problem)
        return found

    def told(self) -> dict[str, Any]:
        """Everything but the file, as text."""
        found = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        day = found["retrieved_on"]
        return found | {"series": found["series"].upper(), "retrieved_on": day.isoformat() if day else ""}


def wording_of(told: dict[str, Any]) -> Wording:
    """What is said of a series that is new."""
    return Wording(**{name: told[name] for name in ("name", "publisher", "unit", "licence")})
