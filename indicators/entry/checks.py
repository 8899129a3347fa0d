"""Is an entry possible (errors), and does it look right (warnings)? Reads; never writes, never corrects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.engine import exact
from indicators.engine.quality import entry_errors, entry_warnings, placeholder_warning
from indicators.engine.rules import Rules
from indicators.engine.types import Message
from indicators.entry.cells import canonical_cell
from indicators.entry.numbers import parse_number, parse_whole_number
from indicators.markings import check_marking
from indicators.models import (
    WAITING,
    Credibility,
    IndicatorVersion,
    Marking,
    MissingReason,
    ProgrammeIndicator,
    Reliability,
    ReportingPeriod,
    ReportingUnit,
    State,
    ValueType,
)
from indicators.templatetags.ui import day, with_days

ANSWER_FIELDS = ("numerator", "denominator", "value", "text", "missing_reason")
"""What is answered: replaced as a whole by a correction."""
FIGURE_FIELDS = (
    *ANSWER_FIELDS,
    "standard_error",
    "sample_size",
    "as_of",
    "reliability",
    "credibility",
    "marking",
    "comment",
)
DEFAULTS: Mapping[str, Any] = {
    "numerator": None,
    "denominator": None,
    "value": None,
    "text": "",
    "missing_reason": "",
    "standard_error": None,
    "sample_size": None,
    "reliability": Reliability.F,
    "credibility": Credibility.UNJUDGED,
    "marking": Marking.NATO_UNCLASSIFIED,
    "comment": "",
}
MAX_TEXT = 5000
COUNTED_BESIDE = (State.APPROVED, *WAITING)
"""A part is compared with the total that counts, or waits to be decided on."""
BY_HAND = ("form", "grid")
"""Sources of which evidence is asked."""
HISTORY_LENGTH = 24
"""So many earlier values are enough to say what is usual."""

Errors = dict[str, list[str | ValidationError]]


def in_words(message: Message) -> str:
    """The engine's message in the reader's language."""
    return with_days(_(message.template) % message.params)


# --- Where a figure belongs --------------------------------------------------------------------------------------


def clean_place(
    *, indicator: ProgrammeIndicator, period: ReportingPeriod, unit: ReportingUnit | None, cell: str
) -> str:
    """The canonical cell, once period, unit and cell fit the indicator; ValidationError by field if not.

    Reads `indicator.units`: prefetch them for many.
    """
    errors: Errors = {}
    if not indicator.is_active:
        errors["indicator"] = [_("This indicator is no longer in use in its programme.")]
    if period.programme_id != indicator.programme_id:  # type: ignore[attr-defined]
        errors["period"] = [_("This period belongs to another programme.")]
    elif period.frequency != indicator.frequency:
        errors["period"] = [
            _("“%(given)s” was given; a period of an indicator reported “%(expected)s” was expected.")
            % {"given": period.label, "expected": indicator.get_frequency_display()}
        ]
    if problem := _unit_problem(indicator, period, unit):
        errors["unit"] = [problem]
    canonical = ""
    try:
        canonical = canonical_cell(indicator.version, cell)
    except ValidationError as problem_in_cell:
        errors["cell"] = [problem_in_cell]
    if errors:
        raise ValidationError(errors)  # type: ignore[arg-type]
    return canonical


def _unit_problem(indicator: ProgrammeIndicator, period: ReportingPeriod, unit: ReportingUnit | None) -> str:
    units = indicator.units.all()
    if unit is None:
        return (
            _("No unit was given; one of the units that report this indicator was expected.") if units else ""
        )
    if unit in units:
        return ""
    if not units and period.course_run_id is not None:  # type: ignore[attr-defined]
        run = period.course_run
        if run is not None and run.unit_id == unit.pk:  # type: ignore[attr-defined]
            return ""
    expected = ", ".join(one.code for one in list(units)[:20]) or _("no unit: the whole programme")
    return _("“%(given)s” was given; expected: %(expected)s.") % {"given": unit.code, "expected": expected}


# --- What a figure says ------------------------------------------------------------------------------------------


def clean_figures(
    given: Mapping[str, Any], *, version: IndicatorVersion, period: ReportingPeriod, today: date
) -> dict[str, Any]:
    """Every figure field with its clean value; ValidationError by field when the entry is impossible.

    Args:
        given: some of FIGURE_FIELDS; numbers as text or Decimal.
        today: the date in the programme's time zone.
    """
    if unknown := set(given) - set(FIGURE_FIELDS):
        raise TypeError(f"no such figure: {', '.join(sorted(unknown))}")
    errors: Errors = {}
    clean = {**DEFAULTS, "as_of": None, **given}
    for name in ("numerator", "denominator", "value", "standard_error"):
        clean[name] = _parsed(clean[name], parse_number, name, errors)
    clean["sample_size"] = _parsed(clean["sample_size"], parse_whole_number, "sample_size", errors)
    for name in ("text", "comment"):
        clean[name] = _clean_text(clean[name], name, errors)
    _check_choices(clean, errors)
    if problem := _as_of_problem(clean["as_of"], period, today):
        errors["as_of"] = [problem]
    if not errors:
        errors = _answer_errors(clean, version)
    if errors:
        raise ValidationError(errors)  # type: ignore[arg-type]
    return clean


def _parsed(given: Any, parse: Any, name: str, errors: Errors) -> Any:
    try:
        return parse(given)
    except ValidationError as problem:
        errors[name] = [problem]
        return None


def _clean_text(given: Any, name: str, errors: Errors) -> str:
    try:
        return clean_text(given)
    except ValidationError as problem:
        errors[name] = [problem]
        return ""


def clean_text(given: Any) -> str:
    """A text without spaces around, not too long, without NUL and without a marking; ValidationError if not."""
    text = str(given or "").strip()
    if len(text) > MAX_TEXT:
        raise ValidationError(
            _("The text has %(given)s characters; at most %(limit)s were expected."),
            code="length",
            params={"given": len(text), "limit": MAX_TEXT},
        )
    if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValidationError(_("The text holds characters that cannot be stored; plain text was expected."))
    check_marking(text)
    return text


def _check_choices(clean: dict[str, Any], errors: Errors) -> None:
    for name, choices in (
        ("missing_reason", MissingReason),
        ("reliability", Reliability),
        ("credibility", Credibility),
        ("marking", Marking),
    ):
        try:
            clean[name] = choices(clean[name]).value
        except (ValueError, TypeError):
            errors[name] = [
                _("“%(given)s” was given; one of %(expected)s was expected.")
                % {
                    "given": "…" if name == "marking" else str(clean[name])[:30],
                    "expected": ", ".join(str(one) for one in choices.values if one != ""),
                }
            ]


def _as_of_problem(as_of: Any, period: ReportingPeriod, today: date) -> str:
    if not isinstance(as_of, date):
        return _("No date was given; the day for which the figure holds was expected.")
    shown = {"given": day(as_of), "today": day(today), "start": day(period.starts_on)}
    if as_of > today:
        return _("%(given)s was given, which lies in the future; %(today)s or earlier was expected.") % shown
    if as_of < period.starts_on:
        return _("%(given)s was given, before the period begins; %(start)s or later was expected.") % shown
    return ""


def _answer_errors(clean: Mapping[str, Any], version: IndicatorVersion) -> Errors:
    numbers = [name for name in ("numerator", "denominator", "value") if clean[name] is not None]
    if clean["missing_reason"]:
        superfluous = numbers + [n for n in ("standard_error", "sample_size") if clean[n] is not None]
        return {
            name: [_("A figure was given together with a reason why there is none; give one of the two.")]
            for name in superfluous
        }
    kind = version.value_type
    expected = {"numerator", "denominator"} if kind == ValueType.RATIO else {"value"}
    if kind == ValueType.TEXT:
        expected = set()
        if not clean["text"]:
            return {"text": [_("No text was given; a text, or the reason why there is none, was expected.")]}
    superfluous = [name for name in numbers if name not in expected]
    if superfluous:
        return {name: [_("No number was expected here for this kind of indicator.")] for name in superfluous}
    found = entry_errors(version.rule(), clean["numerator"], clean["denominator"], clean["value"])
    errors: Errors = {name: [in_words(message)] for name, message in found.items()}
    errors |= _level_errors(clean["value"], version)
    if clean["standard_error"] is not None and clean["standard_error"] < 0:
        errors["standard_error"] = [_("A standard error of 0 or more was expected.")]
    return errors


def _level_errors(value: Decimal | None, version: IndicatorVersion) -> Errors:
    levels = [str(one["level"]) for one in version.levels]
    if version.value_type != ValueType.ORDINAL or value is None or not levels:
        return {}
    if any(Decimal(level) == value for level in levels):
        return {}
    return {
        "value": [
            _("%(given)s was given; one of the levels %(expected)s was expected.")
            % {"given": value, "expected": ", ".join(levels)}
        ]
    }


# --- What looks unusual ------------------------------------------------------------------------------------------


def shown_value(version: IndicatorVersion, figures: Mapping[str, Any]) -> Decimal | None:
    """The figure on the indicator's own scale: for a ratio scale × numerator ÷ denominator; None without one."""
    if version.value_type != ValueType.RATIO:
        value: Decimal | None = figures["value"]
        return value
    numerator, denominator = figures["numerator"], figures["denominator"]
    if numerator is None or denominator is None or denominator == 0:
        return None
    return exact.quotient(exact.times(version.scale, numerator), denominator)


def figure_warnings(
    figures: Mapping[str, Any],
    *,
    version: IndicatorVersion,
    period: ReportingPeriod,
    history: Sequence[Decimal],
    rules: Rules,
) -> list[str]:
    """What looks unusual about clean figures, in words; each needs a comment (METHOD 2.7). Asks no query."""
    found = []
    new = shown_value(version, figures)
    if new is not None and version.value_type != ValueType.TEXT:
        rule = version.rule()
        said = [*entry_warnings(rule, new, history, rules)]
        typed = placeholder_warning(rule, *(figures[name] for name in ("numerator", "denominator", "value")))
        found = [in_words(message) for message in (*said, *([typed] if typed is not None else []))]
    if figures["as_of"] > period.due_on:
        found.append(
            _("The figure holds for %(given)s, after the day on which the period was due (%(due)s).")
            % {"given": day(figures["as_of"]), "due": day(period.due_on)}
        )
    return found


def no_evidence() -> str:
    """What is said of a figure that rests on nothing, in the reader's language."""
    return _("No evidence is given: no file, no link, and not said where it is held.")
