"""What may be tried on an assessment, field by field. The address is the scratch copy: nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.engine.index import IndexInputs
from indicators.engine.types import Direction, Snapshot, ValueType
from indicators.engine.whatif import PLAN_NAMES, Change, Scratch
from indicators.models import ProgrammeIndicator, Reliability

LONGEST_ADDRESS = 6000
"""Below what web servers take in a line; some hundreds of changes."""
NOT_A_NUMBER = gettext_lazy("This is not a number; expected digits with a point, as in 1234.5.")
NOT_A_DAY = gettext_lazy("This is not a day; expected year-month-day, as in 2026-03-31.")
NOT_LISTED = gettext_lazy("“%(value)s” is not one of the choices; pick one of the list.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One judged indicator that something may be tried on."""

    indicator: ProgrammeIndicator
    snapshot: Snapshot

    @property
    def fields(self) -> tuple[str, ...]:
        """What its kind of agreement has."""
        rule = self.snapshot.rule
        if rule.is_context or rule.value_type is ValueType.TEXT:
            return ()
        reach = ("range_low", "range_high") if rule.direction is Direction.RANGE else ("target",)
        return (*reach, "target_on", "on_track_from", "at_risk_from", "weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenIndex:
    """A composite index as the base has it."""

    version: int
    name: str
    inputs: IndexInputs


def number_field(label: str, now: Decimal | None, **limits: Any) -> forms.DecimalField:
    limits = {"max_digits": 24, "decimal_places": 6} | limits
    shown = "" if now is None else plain(now)
    return forms.DecimalField(
        label=label,
        required=False,
        error_messages={"invalid": NOT_A_NUMBER},
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": shown, "size": 8}
        ),
        **limits,
    )


def plain(value: Decimal) -> str:
    """A decimal as a person would type it."""
    return format(value.normalize(), "f") if value else "0"


class ScratchForm(forms.Form):
    """Every change that may be tried; what is left empty stays as it is.

    Args:
        subjects: the judged indicators; indices: with parts that get weights; cells: categories that may be left out.
    """

    def __init__(
        self,
        *args: Any,
        subjects: Sequence[Subject],
        indices: Sequence[FrozenIndex] = (),
        cells: Iterable[tuple[str, str]] = (),
        may_leave_figures_out: bool = True,
        **given: Any,
    ) -> None:
        super().__init__(*args, **given)
        self.subjects, self.indices = subjects, indices
        for name, label in (("on_track_from", _("On track from")), ("at_risk_from", _("At risk from"))):
            self.fields[name] = border_field(_("All indicators: %(border)s") % {"border": label}, None)
        self.fields["out"] = _choices(
            _("Leave out"), [(str(one.indicator.pk), str(one.indicator)) for one in subjects]
        )
        if may_leave_figures_out:
            self.fields["grades"] = _choices(
                _("Leave out figures of sources graded"), [(str(c), str(w)) for c, w in Reliability.choices]
            )
            self.fields["cells"] = _choices(_("Leave out figures of"), list(cells))
        for subject in subjects:
            self.fields |= dict(_fields_of(subject))
        for index in indices:
            self.fields |= dict(_parts_of(index))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for subject in self.subjects:
            self._check(subject, found)
        self._check_for_all(found)
        if len(address_of(self)) > LONGEST_ADDRESS:
            self.add_error(None, _("These are too many changes for one address; try fewer at once."))
        return found

    def _check(self, subject: Subject, found: dict[str, Any]) -> None:
        """Borders and limits in order, whichever of a pair was given."""
        pk, plan = subject.indicator.pk, subject.snapshot.plan
        for lower, upper, may_equal in (
            ("at_risk_from", "on_track_from", True),
            ("range_low", "range_high", False),
        ):
            given = {name: found.get(f"{name}-{pk}") for name in (lower, upper)}
            shared = {name: found.get(name) for name in (lower, upper)}
            if not any(value is not None for value in given.values()):
                continue
            low, high = (
                next((v for v in (given[n], shared[n], getattr(plan, n)) if v is not None), None)
                for n in (lower, upper)
            )
            if low is None or high is None or low < high or (may_equal and low == high):
                continue
            field = lower if given[lower] is not None else upper
            text = _("From %(low)s to %(high)s is no order; the first must lie below the second.")
            self.add_error(f"{field}-{pk}", text % {"low": plain(low), "high": plain(high)})

    def _check_for_all(self, found: dict[str, Any]) -> None:
        low, high = found.get("at_risk_from"), found.get("on_track_from")
        if low is None and high is None:
            return
        for subject in self.subjects:
            plan = subject.snapshot.plan
            if (plan.at_risk_from if low is None else low) > (plan.on_track_from if high is None else high):
                field = "at_risk_from" if low is not None else "on_track_from"
                text = _("With this, “at risk from” would lie above “on track from” for %(name)s.")
                self.add_error(field, text % {"name": subject.indicator})
                return

    def scratch(self) -> Scratch:
        """What is tried, once the form is valid."""
        found = self.cleaned_data
        return Scratch(
            by_indicator={
                one.indicator.pk: Change(**values) for one in self.subjects if (values := _given(one, found))
            },
            on_track_from=found.get("on_track_from"),
            at_risk_from=found.get("at_risk_from"),
            left_out=frozenset(int(pk) for pk in found["out"]),
            grades=frozenset(found.get("grades", ())),
            cells=frozenset(found.get("cells", ())),
            parts={
                (index.version, pk): value
                for index in self.indices
                for pk in _indicators_in(index)
                if (value := found.get(f"part-{index.version}-{pk}")) is not None
            },
        )

    def shared_fields(self) -> list[Any]:
        return [self[name] for name in ("on_track_from", "at_risk_from")]

    def figure_fields(self) -> list[Any]:
        """Ways to leave figures out that offer a choice."""
        found = {name: self.fields.get(name) for name in ("grades", "cells")}
        return [self[name] for name, one in found.items() if getattr(one, "choices", ())]

    def rows(self) -> list[dict[str, Any]]:
        """One for each indicator: its own fields, and whether it is ticked to be left out."""
        ticked = set(self["out"].value() or ())
        return [
            {
                "indicator": one.indicator,
                "fields": {name: self[f"{name}-{one.indicator.pk}"] for name in one.fields},
                "due_on": one.snapshot.plan.target_on,
                "is_out": str(one.indicator.pk) in ticked,
            }
            for one in self.subjects
        ]

    def index_rows(self) -> list[dict[str, Any]]:
        rows = []
        for index in self.indices:
            fields = [self[f"part-{index.version}-{pk}"] for pk in _indicators_in(index)]
            rows.append(
                {"name": index.name, "fields": fields, "is_tried": any(one.value() for one in fields)}
            )
        return rows


def border_field(label: str, now: Decimal | None) -> forms.DecimalField:
    limits = {"max_digits": 4, "decimal_places": 2, "min_value": Decimal("0.01"), "max_value": Decimal("2")}
    return number_field(label, now, **limits)


def _choices(label: str, choices: Sequence[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": NOT_LISTED},
    )


def _fields_of(subject: Subject) -> Iterator[tuple[str, forms.Field]]:
    plan, pk, code = subject.snapshot.plan, subject.indicator.pk, subject.indicator.definition.code
    rule = subject.snapshot.rule
    bounds = {"min_value": rule.lower_bound, "max_value": rule.upper_bound}
    words = dict(FIELD_WORDS)
    for name in subject.fields:
        label = f"{code}: {words[name]}"
        match name:
            case "target_on":
                yield f"{name}-{pk}", _day_field(label)
            case "on_track_from" | "at_risk_from":
                yield f"{name}-{pk}", border_field(label, getattr(plan, name))
            case "weight":
                weight = subject.indicator.weight
                yield (
                    f"{name}-{pk}",
                    number_field(label, weight, max_digits=6, decimal_places=3, min_value=Decimal(0)),
                )
            case _:
                yield f"{name}-{pk}", number_field(label, getattr(plan, name), **bounds)


def _day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": NOT_A_DAY},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


def _parts_of(index: FrozenIndex) -> Iterator[tuple[str, forms.Field]]:
    for pk, (name, weight) in _indicators_in(index).items():
        label = f"{index.name}: {name}"
        limits = {"max_digits": 6, "decimal_places": 3, "min_value": Decimal(0)}
        yield f"part-{index.version}-{pk}", number_field(label, weight, **limits)


def _indicators_in(index: FrozenIndex) -> dict[int, tuple[str, Decimal]]:
    return {
        part.indicator: (part.name, part.weight) for member in index.inputs.members for part in member.parts
    }


def _given(subject: Subject, found: dict[str, Any]) -> dict[str, Any]:
    pk = subject.indicator.pk
    return {
        name: value for name in (*PLAN_NAMES, "weight") if (value := found.get(f"{name}-{pk}")) is not None
    }


def address_of(form: ScratchForm) -> str:
    """The query that leads back to what is tried; only what is not empty."""
    pairs = []
    for name, one in form.fields.items():
        given = one.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        values = given if isinstance(given, list) else [given]
        pairs += [(name, str(value).strip()) for value in values if value not in (None, "")]
    return urlencode(pairs)


FIELD_WORDS = (
    ("target", gettext_lazy("Target")),
    ("range_low", gettext_lazy("Lower limit")),
    ("range_high", gettext_lazy("Upper limit")),
    ("target_on", gettext_lazy("Due")),
    ("on_track_from", gettext_lazy("On track from")),
    ("at_risk_from", gettext_lazy("At risk from")),
    ("weight", gettext_lazy("Weight")),
)
