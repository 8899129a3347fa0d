"""The shape of an entry: fields by kind of value, numbers without guessing, files looked into. Saves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from indicators.entry.cells import cell_key, parse_cell
from indicators.entry.checks import FIGURE_FIELDS, clean_figures, clean_place, clean_text
from indicators.entry.entering import GivenEvidence
from indicators.entry.evidence import CheckedFile, check_files, clean_link
from indicators.entry.numbers import parse_number
from indicators.models import (
    Credibility,
    Marking,
    MissingReason,
    Observation,
    ProgrammeIndicator,
    Reliability,
    ReportingPeriod,
    ReportingUnit,
    ValueType,
)

MAX_PERIODS = 60
YES_NO = [("1", pgettext_lazy("answer", "Yes")), ("0", pgettext_lazy("answer", "No"))]
REACHED = [("1", gettext_lazy("Reached")), ("0", gettext_lazy("Not reached yet"))]


class Answer:
    """Shown as needed; whether it may stay empty is judged together with the reason beside it."""

    def validate(self, value: Any) -> None:
        if value not in (None, ""):
            super().validate(value)  # type: ignore[misc]


class AnswerChoice(Answer, forms.ChoiceField):
    """One of several answers."""


class AnswerText(Answer, forms.CharField):
    """An answer in words."""


class NumberField(Answer, forms.CharField):
    """A number as text, exact; empty is None and not zero."""

    widget = forms.TextInput(
        attrs={"inputmode": "decimal", "autocomplete": "off", "dir": "ltr", "class": "num", "maxlength": 40}
    )

    def to_python(self, value: Any) -> Any:
        return parse_number(super().to_python(value))

    def run_validators(self, value: Any) -> None:
        """Nothing more: the parser has said all."""

    def prepare_value(self, value: Any) -> Any:
        return plain_text(value) if isinstance(value, Decimal) else value


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class EvidenceField(forms.FileField):
    """Any number of files, each looked into."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[CheckedFile]:  # type: ignore[override]
        given: Sequence[File[bytes]] = data if isinstance(data, list | tuple) else [data] if data else []
        return check_files(one for one in given if one)


class FiguresForm(forms.Form):
    """The figures of one observation whose place is known: for editing and correcting."""

    use_required_attribute = False

    as_of = forms.DateField(
        label=gettext_lazy("Holds for the day"),
        help_text=gettext_lazy("The day for which the figure is true, e.g. the day of the inspection."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("A date such as 2025-09-30 was expected.")},
    )
    missing_reason = AnswerChoice(label=gettext_lazy("Is there a figure?"))
    reliability = forms.ChoiceField(
        label=gettext_lazy("Reliability of the source"), choices=Reliability.choices, initial=Reliability.F
    )
    credibility = forms.TypedChoiceField(
        label=gettext_lazy("Credibility of the information"),
        choices=Credibility.choices,
        coerce=int,
        initial=Credibility.UNJUDGED,
    )
    marking = forms.ChoiceField(
        label=gettext_lazy("Marking"), choices=Marking.choices, initial=Marking.NATO_UNCLASSIFIED
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Explain what is unusual. Needed when the check below finds something."),
    )
    evidence_files = EvidenceField(
        label=gettext_lazy("Evidence files"),
        required=False,
        help_text=gettext_lazy(
            "PDF, PNG, JPEG, Word, Excel, OpenDocument, CSV or text, up to 20 MB each; several at once."
        ),
    )
    evidence_link = forms.CharField(
        label=gettext_lazy("Link to evidence"),
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    evidence_elsewhere = forms.CharField(
        label=gettext_lazy("Held elsewhere"),
        required=False,
        help_text=gettext_lazy(
            "Where the evidence is kept, if it cannot be uploaded. No classified details."
        ),
    )
    declaration = forms.BooleanField(
        label=gettext_lazy("I declare that nothing entered here is classified above NATO UNCLASSIFIED."),
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        indicator: ProgrammeIndicator,
        today: date,
        is_submitted: bool = False,
        **kwargs: Any,
    ) -> None:
        self.indicator, self.today, self.is_submitted = indicator, today, is_submitted
        super().__init__(*args, **kwargs)
        self._add_answer_fields()
        reasons = [one for one in MissingReason.choices if one[0] != MissingReason.HELD_ELSEWHERE]
        if indicator.version.is_sensitive or self.initial.get("missing_reason"):
            reasons = list(MissingReason.choices)
        self.fields["missing_reason"].choices = reasons  # type: ignore[attr-defined]
        self.fields["as_of"].widget.attrs["max"] = today.isoformat()
        if indicator.version.value_type == ValueType.MILESTONE:
            self.fields["as_of"].label = _("Reached, or last checked, on")

    # --- Fields by kind of value ---

    def _add_answer_fields(self) -> None:
        version = self.indicator.version
        match ValueType(version.value_type):
            case ValueType.RATIO:
                self.fields["numerator"] = NumberField(label=version.numerator_label)
                self.fields["denominator"] = NumberField(label=version.denominator_label)
            case ValueType.ORDINAL if version.levels:
                self.fields["value"] = _choice(_("Level"), [_anchor(one) for one in version.levels])
            case ValueType.BINARY:
                self.fields["value"] = _choice(version.name, YES_NO)
            case ValueType.MILESTONE:
                self.fields["value"] = _choice(version.name, REACHED)
            case ValueType.TEXT:
                self.fields["text"] = AnswerText(label=_("Text"), widget=forms.Textarea(attrs={"rows": 6}))
            case ValueType.EFFECT_SIZE:
                self.fields["value"] = NumberField(label=_("Effect size"))
                self.fields["standard_error"] = NumberField(label=_("Standard error"), required=False)
                self.fields["sample_size"] = NumberField(label=_("Sample size (n)"), required=False)
            case ValueType.SCORE | ValueType.INDEX:
                self.fields["value"] = NumberField(label=_label(version))
                self.fields["sample_size"] = NumberField(label=_("Number of answers (n)"), required=False)
            case _:
                self.fields["value"] = NumberField(label=_label(version))

    @property
    def answer_fields(self) -> list[forms.BoundField]:
        names = ("numerator", "denominator", "value", "standard_error", "sample_size", "text")
        return [self[name] for name in names if name in self.fields]

    @property
    def place_fields(self) -> list[forms.BoundField]:
        return []

    # --- Cleaning ---

    def clean_evidence_link(self) -> str:
        return clean_link(self.cleaned_data["evidence_link"])

    def clean_evidence_elsewhere(self) -> str:
        return clean_text(self.cleaned_data["evidence_elsewhere"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_submitted and not cleaned.get("declaration"):
            self.add_error("declaration", _("Not ticked; your declaration is needed to submit."))
        period = self.place.get("period")
        if period is not None and not self.errors.keys() & set(FIGURE_FIELDS):
            try:
                self.checked_figures = clean_figures(
                    self.figures(), version=self.indicator.version, period=period, today=self.today
                )
            except ValidationError as problem:
                self.take_over(problem)
        return cleaned

    @property
    def place(self) -> dict[str, Any]:
        """Period, unit and cell."""
        return {"period": self.initial["period"], "unit": self.initial["unit"], "cell": self.initial["cell"]}

    def figures(self) -> dict[str, Any]:
        """What goes to the actions."""
        return {name: self.cleaned_data[name] for name in FIGURE_FIELDS if name in self.cleaned_data}

    def evidence(self) -> GivenEvidence:
        cleaned = self.cleaned_data
        return GivenEvidence(
            files=cleaned.get("evidence_files") or (),
            link=cleaned.get("evidence_link", ""),
            elsewhere=cleaned.get("evidence_elsewhere", ""),
        )

    def take_over(self, problem: ValidationError) -> None:
        """Put an action's refusal beside its fields."""
        if not hasattr(problem, "error_dict"):
            self.add_error(None, problem)
            return
        for name, errors in problem.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class ObservationForm(FiguresForm):
    """A new observation: where it belongs, and its figures."""

    period = forms.ModelChoiceField(ReportingPeriod.objects.none(), label=gettext_lazy("Period"))
    unit = forms.ModelChoiceField(
        ReportingUnit.objects.none(),
        label=gettext_lazy("Reporting unit"),
        empty_label=gettext_lazy("Choose a unit"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        periods = ReportingPeriod.objects.filter(
            programme=self.indicator.programme_id,
            frequency=self.indicator.frequency,
            starts_on__lte=self.today,
        ).order_by("-starts_on", "pk")
        newest = periods.values("pk")[:MAX_PERIODS]
        self.fields["period"].queryset = periods.filter(pk__in=newest)  # type: ignore[attr-defined]
        units = self.indicator.units.all()
        if units:
            self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        else:
            del self.fields["unit"]
        chosen = parse_cell_kindly(self.initial.get("cell", ""))
        for dimension in self.indicator.version.disaggregations:
            self._add_dimension(dimension, chosen.get(dimension["name"], ""))

    def _add_dimension(self, dimension: dict[str, Any], chosen: str) -> None:
        label = dimension.get("label", dimension["name"])
        categories = dimension.get("categories", [])
        field: forms.Field
        if categories:
            choices = [("", _("All together"))] + [(c["code"], c.get("label", c["code"])) for c in categories]
            field = forms.ChoiceField(label=label, choices=choices, required=False, initial=chosen)
        else:
            field = forms.CharField(
                label=label,
                required=False,
                initial=chosen,
                max_length=60,
                help_text=_("Empty: all together."),
            )
        self.fields[f"by-{dimension['name']}"] = field

    @property
    def place_fields(self) -> list[forms.BoundField]:
        names = ["period", "unit", *(name for name in self.fields if name.startswith("by-"))]
        return [self[name] for name in names if name in self.fields]

    @property
    def place(self) -> dict[str, Any]:
        return {
            "period": self.cleaned_data.get("period"),
            "unit": self.cleaned_data.get("unit"),
            "cell": self.cleaned_data.get("cell", ""),
        }

    def clean(self) -> dict[str, Any]:
        chosen = {n.removeprefix("by-"): v for n, v in self.cleaned_data.items() if n.startswith("by-") and v}
        try:
            self.cleaned_data["cell"] = cell_key(self.indicator.version, chosen)
            if not self.errors.keys() & {"period", "unit"}:
                clean_place(indicator=self.indicator, **self.place)
        except ValidationError as problem:
            self.take_over(problem)
        return super().clean()


class EvidenceForm(forms.Form):
    """More evidence for a draft or a returned figure."""

    evidence_files = EvidenceField(
        label=gettext_lazy("Files"),
        required=False,
        help_text=gettext_lazy(
            "PDF, PNG, JPEG, Word, Excel, OpenDocument, CSV or text, up to 20 MB each; several at once."
        ),
    )
    evidence_link = forms.CharField(
        label=gettext_lazy("Link"),
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    evidence_elsewhere = forms.CharField(
        label=gettext_lazy("Held elsewhere"),
        required=False,
        help_text=gettext_lazy(
            "Where the evidence is kept, if it cannot be uploaded. No classified details."
        ),
    )

    def clean_evidence_link(self) -> str:
        return clean_link(self.cleaned_data["evidence_link"])

    def clean_evidence_elsewhere(self) -> str:
        return clean_text(self.cleaned_data["evidence_elsewhere"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.values()):
            raise ValidationError(_("Nothing was given; a file, a link or where it is held was expected."))
        return cleaned

    def given(self) -> dict[str, Any]:
        """For the action."""
        return {name.removeprefix("evidence_"): value for name, value in self.cleaned_data.items()}


class CorrectionForm(FiguresForm):
    """Newer figures for an approved observation."""

    reason = forms.CharField(
        label=gettext_lazy("Why is the old figure wrong?"),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": gettext_lazy("No reason was given; say what was wrong with the old figure.")
        },
    )


class DecisionForm(forms.Form):
    """A validator's or an approver's word on an observation that waits."""

    decision = forms.ChoiceField(
        choices=[
            ("validate", gettext_lazy("Validate")),
            ("approve", gettext_lazy("Approve")),
            ("return", gettext_lazy("Return to be changed")),
            ("reject", gettext_lazy("Reject for good")),
        ]
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Needed to return or reject: what has to change?"),
    )


def initial_of(observation: Observation) -> dict[str, Any]:
    """A stored observation as a form's first values."""
    initial: dict[str, Any] = {name: getattr(observation, name) for name in FIGURE_FIELDS}
    if "value" in initial and observation.indicator.version.value_type in CHOSEN:
        initial["value"] = plain_text(observation.value)
    return initial | {"period": observation.period, "unit": observation.unit, "cell": observation.cell}


CHOSEN = {ValueType.ORDINAL, ValueType.BINARY, ValueType.MILESTONE}


def plain_text(value: Decimal | None) -> str:
    """A decimal without trailing zeros and exponent; empty when there is none."""
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_cell_kindly(text: str) -> dict[str, str]:
    """A cell from an address; what cannot be read preselects nothing."""
    try:
        return parse_cell(text)
    except ValidationError:
        return {}


def _choice(label: str, choices: Sequence[tuple[str, Any]]) -> forms.ChoiceField:
    return AnswerChoice(label=label, choices=choices, widget=forms.RadioSelect)


def _anchor(level: dict[str, Any]) -> tuple[str, str]:
    words = [str(level["level"]), level.get("label", ""), level.get("descriptor", "")]
    return str(level["level"]), " — ".join(word for word in words if word)


def _label(version: Any) -> str:
    return f"{version.name} ({version.unit})" if version.unit else str(version.name)
