"""Shape of what people send about a file. No permissions, no side effects."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from indicators.entry.importing.files import DELIMITERS, ENCODINGS, MAX_BYTES, MEGABYTE
from indicators.entry.importing.layout import DAY_ORDERS, FIELD_LABELS, PLACE_FIELDS, WIDE
from indicators.models import FileImport, Frequency, ImportTerm, Programme, ReportingPeriod

SHOWN_PERIODS = 60
NOTHING = ("", _("– says nothing –"))


class FileForm(forms.Form):
    """The file itself."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("CSV, XLSX or ODS; HXL tags, Kobo and DHIS2 exports (JSON, XML, CSV). At most 200 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,.ods,.json,.xml"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file has %(mb)s MB; at most %(limit)s were expected."),
                params={"mb": file.size // MEGABYTE, "limit": MAX_BYTES // MEGABYTE},
            )
        return file


class TableForm(forms.Form):
    """Which table of the file, and how its text is written."""

    table = forms.ChoiceField(label=_("Sheet"), required=False)
    header = forms.IntegerField(label=_("Row of column names"), min_value=1, max_value=1000, required=False)
    encoding = forms.ChoiceField(
        label=_("Letters are written in"), required=False, choices=list(ENCODINGS.items())
    )
    delimiter = forms.ChoiceField(
        label=_("Columns are parted by"), required=False, choices=list(DELIMITERS.items())
    )

    def __init__(self, *args: Any, file_import: FileImport, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tables = file_import.preview.get("tables", [])
        if len(tables) > 1:
            self.fields["table"].choices = [(name, name) for name in tables]  # type: ignore[attr-defined]
        else:
            del self.fields["table"]
        if file_import.preview.get("kind") != "csv":
            del self.fields["encoding"], self.fields["delimiter"]


class LayoutForm(forms.Form):
    """What each column says, and what holds for all rows."""

    dates = forms.ChoiceField(label=_("Days are written"), choices=list(DAY_ORDERS.items()))
    until_blank = forms.BooleanField(label=_("The table ends at its first empty row"), required=False)

    def __init__(self, *args: Any, file_import: FileImport, dimensions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = list((file_import.layout or {}).get("names", []))
        choices = field_choices(dimensions)
        for place, name in enumerate(self.names):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=name or _("Column %(number)s") % {"number": place + 1}, choices=choices, required=False
            )
        for name in PLACE_FIELDS:
            self.fields[f"fixed-{name}"] = forms.CharField(
                label=FIELD_LABELS[name], max_length=200, required=False
            )

    def chosen(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "columns": [given[f"column-{place}"] for place in range(len(self.names))],
            "fixed": {name: given[f"fixed-{name}"] for name in PLACE_FIELDS},
            "dates": given["dates"],
            "until_blank": given["until_blank"],
        }


def initial_of(file_import: FileImport) -> dict[str, Any]:
    """What the proposed, or confirmed, layout says, for a `LayoutForm`."""
    layout = file_import.layout or {}
    found: dict[str, Any] = {"dates": layout.get("dates", "ymd"), "until_blank": layout.get("until_blank")}
    found |= {f"column-{place}": meant for place, meant in enumerate(layout.get("columns", []))}
    found |= {f"fixed-{name}": text for name, text in layout.get("fixed", {}).items()}
    return found


def field_choices(dimensions: list[str]) -> list[Any]:
    places = [(name, FIELD_LABELS[name]) for name in PLACE_FIELDS]
    places += [(f"dim:{name}", name) for name in dimensions]
    figures = [
        (name, label) for name, label in FIELD_LABELS.items() if name not in PLACE_FIELDS and name not in WIDE
    ]
    return [
        NOTHING,
        (_("Where the figure belongs"), places),
        (_("What it says"), figures),
        (_("Many figures in one row"), [(name, FIELD_LABELS[name]) for name in WIDE]),
    ]


class WordsForm(forms.Form):
    """What words of the file mean that nobody has matched yet."""

    def __init__(
        self, *args: Any, words: list[dict[str, Any]], ours: dict[str, list[Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.words = words
        for place, word in enumerate(words):
            label = word["theirs"]
            if word["kind"] == "cell":
                self.fields[f"word-{place}"] = forms.CharField(label=label, max_length=200, required=False)
            else:
                self.fields[f"word-{place}"] = forms.ChoiceField(
                    label=label, required=False, choices=[("", _("– not yet –")), *ours[word["kind"]]]
                )

    @property
    def lines(self) -> list[tuple[Any, dict[str, Any]]]:
        labels = dict(ImportTerm.Kind.choices)
        return [
            (self[f"word-{place}"], word | {"label": labels[word["kind"]]})
            for place, word in enumerate(self.words)
        ]

    def matched(self) -> dict[tuple[str, str], str]:
        found = {}
        for place, word in enumerate(self.words):
            if ours := self.cleaned_data[f"word-{place}"]:
                found[word["kind"], word["theirs"]] = "" if ours == "=" else ours
        return found


class TemplateForm(forms.Form):
    """For which periods a workbook to fill in is made."""

    period = forms.ModelChoiceField(label=_("Period"), queryset=ReportingPeriod.objects.none())

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        periods = ReportingPeriod.objects.filter(programme=programme).exclude(frequency=Frequency.EVENT)
        field: Any = self.fields["period"]
        field.queryset = periods.order_by("-starts_on", "frequency")
        field.label_from_instance = lambda one: f"{one.label} ({one.get_frequency_display()})"
