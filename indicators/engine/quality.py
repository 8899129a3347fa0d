"""How good the data are: age, coverage, and what looks wrong with a new entry. Never changes a number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from . import exact
from .display import format_number, format_value, is_share_of_whole
from .messages import gettext_noop, message
from .rules import METHOD_RULES, Rules
from .types import Coverage, IndicatorRule, Message, PeriodValue, ValueType

MIN_HISTORY = 5
MIN_ROUND_VALUES = 5
_MAY_REPEAT = frozenset({ValueType.BINARY, ValueType.MILESTONE, ValueType.ORDINAL})
"""Few values are possible, so that the same one again says nothing."""


class Freshness(StrEnum):
    """fresh ≤ 1 < ageing ≤ 2 < stale, in units of frequency plus grace (METHOD 2.7)."""

    FRESH = "fresh"
    AGEING = "ageing"
    STALE = "stale"


def staleness(value_on: date, as_of: date, *, frequency_days: int, grace_days: int) -> Decimal | None:
    """Age of a value in units of (frequency + grace); None for an indicator without a calendar (METHOD 2.7)."""
    unit = frequency_days + grace_days
    if frequency_days <= 0 or unit <= 0:
        return None
    return exact.quotient(Decimal(max((as_of - value_on).days, 0)), Decimal(unit))


def freshness(age: Decimal | None, rules: Rules = METHOD_RULES) -> Freshness:
    """The word for an age; what has no calendar is never stale."""
    if age is None or age <= rules.ageing_above:
        return Freshness.FRESH
    return Freshness.AGEING if age <= rules.stale_above else Freshness.STALE


def stale_from(
    value_on: date, *, frequency_days: int, grace_days: int, rules: Rules = METHOD_RULES
) -> date | None:
    """The first day on which a value is stale: its age then exceeds 2 × (frequency + grace) (METHOD 2.7)."""
    if frequency_days <= 0 or frequency_days + grace_days <= 0:
        return None
    return value_on + timedelta(days=int(rules.stale_above * (frequency_days + grace_days)) + 1)


def coverage(series: Sequence[PeriodValue], as_of: date) -> Coverage:
    """Reported of expected over the periods that ended by `as_of`; a surplus in one does not fill another."""
    reported = expected = 0
    for period in series:
        if period.ends_on <= as_of:
            reported += min(period.reported, period.expected)
            expected += period.expected
    return Coverage(reported=reported, expected=expected)


def is_partial(found: Coverage, rules: Rules = METHOD_RULES) -> bool:
    """Less of what was expected has been reported than the rules ask for (METHOD 2.7: 80 %)."""
    share = found.share
    return share is not None and share < rules.partial_below


def robust_z(value: Decimal, history: Sequence[Decimal]) -> Decimal | None:
    """0.6745 · |x − median| ÷ MAD against earlier values; None with fewer than 5, or when they do not vary.

    Source: Iglewicz & Hoaglin (1993); METHOD 2.7.

    >>> robust_z(Decimal(81), [Decimal(x) for x in (31, 34, 38, 81, 39, 33)])
    Decimal('10.1175')
    """
    if len(history) < MIN_HISTORY:
        return None
    middle = exact.median(history)
    mad = exact.median([abs(x - middle) for x in history])
    return None if mad == 0 else exact.quotient(Decimal("0.6745") * abs(value - middle), mad)


def entry_warnings(
    rule: IndicatorRule, new: Decimal, history: Sequence[Decimal], rules: Rules = METHOD_RULES
) -> tuple[Message, ...]:
    """What looks unusual about a new value; each needs a comment from whoever enters it (METHOD 2.7).

    Args:
        rule: the indicator's rule.
        new: the value about to be submitted (for a ratio scale × numerator ÷ denominator).
        history: earlier approved values of the same site, oldest first.
        rules: from where on a value is an outlier or a jump.

    Returns:
        Soft warnings, possibly none: outlier (robust z above 3.5), jump (above 3 × the usual step, or 3 × the largest
        where most steps were none), the first other value of a series that never varied, same as the previous three,
        all values multiples of 5 or 10.
    """
    found = (
        _outlier(rule, new, history, rules),
        _jump(rule, new, history, rules),
        _first_change(rule, new, history),
        _repeated(rule, new, history),
        _round_numbers(rule, new, history),
    )
    return tuple(one for one in found if one is not None)


def _outlier(rule: IndicatorRule, new: Decimal, history: Sequence[Decimal], rules: Rules) -> Message | None:
    z = robust_z(new, history)
    if z is None or z <= rules.outlier_above:
        return None
    return message(
        gettext_noop("%(new)s is far from the usual %(usual)s (robust z %(z)s, limit %(limit)s)."),
        new=format_value(new, rule),
        usual=format_value(exact.median(history), rule),
        z=format_number(z, 1),
        limit=format_number(rules.outlier_above, 2),
    )


def _jump(rule: IndicatorRule, new: Decimal, history: Sequence[Decimal], rules: Rules) -> Message | None:
    if len(history) < MIN_HISTORY:
        return None
    steps = [abs(b - a) for a, b in pairwise(history)]
    usual = exact.median(steps)
    step = abs(new - history[-1])
    if usual == 0:
        return _jump_of_a_still_series(rule, new, history, max(steps), rules)
    if step <= rules.jump_above * usual:
        return None
    return message(
        gettext_noop(
            "The step from %(last)s to %(new)s is more than %(limit)s times the usual step of %(usual)s."
        ),
        last=format_value(history[-1], rule),
        new=format_value(new, rule),
        limit=format_number(rules.jump_above, 2),
        usual=format_value(usual, rule),
    )


def _jump_of_a_still_series(
    rule: IndicatorRule, new: Decimal, history: Sequence[Decimal], largest: Decimal, rules: Rules
) -> Message | None:
    """Most steps were none, so that nothing is usual: the largest step so far takes its place."""
    if largest == 0 or abs(new - history[-1]) <= rules.jump_above * largest:
        return None
    return message(
        gettext_noop(
            "The step from %(last)s to %(new)s is more than %(limit)s times the largest step so far, %(largest)s."
        ),
        last=format_value(history[-1], rule),
        new=format_value(new, rule),
        limit=format_number(rules.jump_above, 2),
        largest=format_value(largest, rule),
    )


def _first_change(rule: IndicatorRule, new: Decimal, history: Sequence[Decimal]) -> Message | None:
    """A series that never varied has no spread to measure a jump by; its first other value is one."""
    if rule.value_type in _MAY_REPEAT or len(history) < MIN_HISTORY:
        return None
    if len(set(history)) > 1 or new == history[-1]:
        return None
    return message(
        gettext_noop("All %(count)s earlier values were %(last)s; %(new)s is the first other one."),
        count=len(history),
        last=format_value(history[-1], rule),
        new=format_value(new, rule),
    )


def placeholder_warning(rule: IndicatorRule, *entered: Decimal | None) -> Message | None:
    """A figure that looks typed to fill a field: a whole number of four equal digits or more, or 999.

    Args:
        rule: the indicator's rule; levels, yes and no are never asked.
        entered: the figures as they were entered, a ratio's parts and not its share: 33.33 is a third.

    Source: METHOD 2.7, implausible patterns of digits.
    """
    if rule.value_type in _MAY_REPEAT:
        return None
    for one in entered:
        if one is not None and _is_one_digit(one):
            return message(
                gettext_noop("%(given)s is one digit again and again; was it typed to fill the field?"),
                given=format_number(one, 0),
            )
    return None


def _is_one_digit(given: Decimal) -> bool:
    if given != given.to_integral_value():
        return False
    digits = format(abs(given), ".0f")
    return len(set(digits)) == 1 and (len(digits) >= 4 or digits == "999")


def _repeated(rule: IndicatorRule, new: Decimal, history: Sequence[Decimal]) -> Message | None:
    if rule.value_type in _MAY_REPEAT or len(history) < 3 or any(x != new for x in history[-3:]):
        return None
    return message(
        gettext_noop("%(new)s is the same as the previous three values."), new=format_value(new, rule)
    )


def _round_numbers(rule: IndicatorRule, new: Decimal, history: Sequence[Decimal]) -> Message | None:
    values = [*history, new]
    if rule.value_type in _MAY_REPEAT or rule.value_type is ValueType.TEXT:
        return None
    if len(values) < MIN_ROUND_VALUES or all(x == 0 for x in values) or len(set(values)) == 1:
        return None
    for unit in (10, 5):
        if all(x % unit == 0 for x in values):
            return message(
                gettext_noop("All %(count)s values are multiples of %(unit)s; were they estimated?"),
                count=len(values),
                unit=unit,
            )
    return None


def entry_errors(
    rule: IndicatorRule,
    numerator: Decimal | None,
    denominator: Decimal | None,
    value: Decimal | None,
) -> dict[str, Message]:
    """What is impossible about an entry, by field; empty when it may be saved (METHOD 2.7).

    Args:
        rule: the indicator's rule.
        numerator, denominator: given for a ratio, absent otherwise (a count may state an exposure as denominator).
        value: given for anything but a ratio and text.

    Returns:
        At most one message for each of ``numerator``, ``denominator``, ``value``; each names what was given and what
        was expected.
    """
    if rule.value_type is ValueType.RATIO:
        return _ratio_errors(rule, numerator, denominator)
    if rule.value_type is ValueType.TEXT:
        return {}
    errors: dict[str, Message] = {}
    if denominator is not None and denominator <= 0:
        errors["denominator"] = _not_positive(denominator)
    if value is None:
        errors["value"] = message(gettext_noop("No value was given; a number was expected (0 is a number)."))
    elif (problem := _value_error(rule, value)) is not None:
        errors["value"] = problem
    return errors


def _ratio_errors(
    rule: IndicatorRule, numerator: Decimal | None, denominator: Decimal | None
) -> dict[str, Message]:
    errors: dict[str, Message] = {}
    if numerator is None:
        errors["numerator"] = message(
            gettext_noop("No numerator was given; a number was expected (0 is a number).")
        )
    elif numerator < 0:
        errors["numerator"] = _negative(numerator)
    if denominator is None:
        errors["denominator"] = message(
            gettext_noop("No denominator was given; a number above 0 was expected.")
        )
    elif denominator <= 0:
        errors["denominator"] = _not_positive(denominator)
    if errors or numerator is None or denominator is None:
        return errors
    shown = exact.quotient(exact.times(rule.scale, numerator), denominator)
    if is_share_of_whole(rule) and numerator > denominator:
        errors["numerator"] = message(
            gettext_noop(
                "The numerator %(given)s is larger than the denominator %(limit)s; a part was expected."
            ),
            given=format_number(numerator, 6),
            limit=format_number(denominator, 6),
        )
    elif (problem := _range_error(rule, shown)) is not None:
        errors["numerator"] = problem
    return errors


def _value_error(rule: IndicatorRule, value: Decimal) -> Message | None:
    match rule.value_type:
        case ValueType.COUNT if value < 0:
            return _negative(value)
        case ValueType.BINARY | ValueType.MILESTONE if value not in {0, 1}:
            return message(
                gettext_noop("%(given)s was given; 0 (no) or 1 (yes) was expected."),
                given=format_number(value, 6),
            )
        case _:
            return _range_error(rule, value)


def _range_error(rule: IndicatorRule, value: Decimal) -> Message | None:
    if rule.lower_bound is not None and value < rule.lower_bound:
        return message(
            gettext_noop("%(given)s was given; %(limit)s or more was expected."),
            given=format_value(value, rule),
            limit=format_value(rule.lower_bound, rule),
        )
    if rule.upper_bound is not None and value > rule.upper_bound:
        return message(
            gettext_noop("%(given)s was given; %(limit)s or less was expected."),
            given=format_value(value, rule),
            limit=format_value(rule.upper_bound, rule),
        )
    return None


def _negative(given: Decimal) -> Message:
    return message(
        gettext_noop("%(given)s was given; 0 or more was expected."), given=format_number(given, 6)
    )


def _not_positive(given: Decimal) -> Message:
    return message(
        gettext_noop("%(given)s was given; a number above 0 was expected."), given=format_number(given, 6)
    )
