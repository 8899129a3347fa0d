"""What figures of a course share: smallest numbers, flags, shares, means, refusals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.courses import statistics
from indicators.engine.courses.types import (
    CourseFigure,
)
from indicators.engine.display import format_number, format_share
from indicators.engine.distributions import wilson
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, Refusal, RefusalCode

FEWEST = 8
FEWEST_APPLIED = 10
REACTION_RESPONSE = Decimal("0.60")
FOLLOW_UP_RESPONSE = Decimal("0.40")
RELIABLE_RESPONSE = Decimal("0.60")
"""Below it a follow-up is marked as of low confidence (METHOD 4.7)."""
FLAG_SHARE = Decimal("0.20")
CEILING_FROM = 90
SKEW_LIMIT = 1.0
SEED = 20250101
"""Of the bootstrap: a page that is loaded again shows the same interval."""
YOUNG = {"<30", "30-35"}
OLDER = {"36-39", "40+"}

CEILING, ATTRITION, UNEQUAL_FORMS = "CEILING", "ATTRITION", "UNEQUAL_FORMS"
FORMS_NOT_STATED, NON_RESPONSE, SKEWED = "FORMS_NOT_STATED", "NON_RESPONSE", "SKEWED"
FLAG_TEXTS = {
    CEILING: gettext_noop(
        "More than 20 %% of the scores before were near the maximum: the gain is understated."
    ),
    ATTRITION: gettext_noop("More than 20 %% of the participants lack one of the scores; they may differ."),
    UNEQUAL_FORMS: gettext_noop("Different versions of the test were used; a difference may be the test's."),
    FORMS_NOT_STATED: gettext_noop("Which version of the test was used is not stated for all."),
    NON_RESPONSE: gettext_noop("Fewer than 60 %% answered; those who did not may differ: low confidence."),
    SKEWED: gettext_noop("The gains are skewed; few people carry much of the mean."),
}


def share_of(
    part: int | Decimal,
    whole: int | Decimal,
    fewest: int,
    *,
    what: str,
    sentence: str,
    asked: int | None = None,
    flags: tuple[str, ...] = (),
    is_sample: bool = True,
) -> CourseFigure:
    """A share in percent; with Wilson's interval where those counted stand for others."""
    part, whole = Decimal(part), Decimal(whole)
    if few := too_few(what, whole, fewest):
        return refused_with(few, n=int(whole), asked=asked, flags=flags)
    value = exact.quotient(100 * part, whole)
    low = high = None
    if is_sample:
        low, high = (four_decimals(100 * x) for x in wilson(int(part), int(whole)))
    said = message(
        sentence,
        part=format_number(part, 1),
        whole=format_number(whole, 1),
        value=format_share(value / 100),
    )
    return CourseFigure(
        code="",
        value=value,
        numerator=part,
        denominator=whole,
        low=low,
        high=high,
        n=int(whole),
        asked=asked,
        flags=flags,
        rule="100 × numerator / denominator",
        substituted=f"100 × {format_number(part, 1)} / {format_number(whole, 1)}",
        sentence=(said, *flag_sentences(flags)),
    )


def mean_of(values: Sequence[Decimal], *, asked: int) -> CourseFigure:
    low, high, error = statistics.mean_interval([float(one) for one in values])
    total = sum(values, Decimal(0))
    value = exact.quotient(total, Decimal(len(values)))
    return CourseFigure(
        code="",
        value=value,
        low=four_decimals(low),
        high=four_decimals(high),
        standard_error=four_decimals(error),
        n=len(values),
        asked=asked,
        rule="Σ / n",
        substituted=f"{format_number(total, 2)} / {len(values)}",
    )


def too_few(
    what: str, have: int | Decimal, need: int, code: RefusalCode = RefusalCode.DENOMINATOR_TOO_SMALL
) -> Refusal | None:
    if have >= need:
        return None
    return refuse(code, TOO_FEW[what], have=format_number(Decimal(have), 1), need=need)


TOO_FEW = {
    "reaction scores": gettext_noop("Too few reaction scores: %(have)s of %(need)s needed."),
    "people assessed": gettext_noop("Too few people assessed: %(have)s of %(need)s needed."),
    "people with both scores": gettext_noop("Too few pairs: %(have)s of %(need)s needed."),
    "people with all three scores": gettext_noop(
        "Too few people with all three scores: %(have)s of %(need)s needed."
    ),
    "answers": gettext_noop("Too few answers: %(have)s of %(need)s needed."),
    "supervisors who answered": gettext_noop("Too few supervisors answered: %(have)s of %(need)s needed."),
    "graduates asked": gettext_noop("Too few graduates were asked: %(have)s of %(need)s needed."),
    "hours": gettext_noop("Too few hours: %(have)s of %(need)s needed."),
    "participants": gettext_noop("Too few participants: %(have)s of %(need)s needed."),
    "such graduates": gettext_noop("Too few such graduates: %(have)s of %(need)s needed."),
}
"""Whole sentences, so that each can be translated."""


def response_refusal(answered: int, asked: int, need: Decimal) -> Refusal | None:
    share = Decimal(answered) / asked if asked else Decimal(0)
    if share >= need:
        return None
    return refuse(
        RefusalCode.RESPONSE_TOO_LOW,
        gettext_noop("Only %(have)s answered; at least %(need)s are needed."),
        have=format_share(share),
        need=format_share(need),
    )


def non_response(answered: int, asked: int) -> tuple[str, ...]:
    is_low = bool(asked) and Decimal(answered) / asked < RELIABLE_RESPONSE
    return (NON_RESPONSE,) if is_low else ()


def flag_sentences(flags: Sequence[str]) -> tuple[Message, ...]:
    return tuple(message(FLAG_TEXTS[flag]) for flag in flags)


def refused_with(
    refusal: Refusal | None, *, n: int = 0, asked: int | None = None, flags: tuple[str, ...] = ()
) -> CourseFigure:
    return CourseFigure(code="", refusal=refusal, n=n, asked=asked, flags=flags)


def refused(code: RefusalCode, template: str, **params: object) -> CourseFigure:
    return CourseFigure(code="", refusal=refuse(code, template, **params))


def not_recorded(template: str, **params: object) -> CourseFigure:
    return refused(RefusalCode.NOT_RECORDED, template, **params)


def four_decimals(value: float) -> Decimal:
    """Four decimals: more than any page shows, and the same in every place that keeps it."""
    return Decimal(str(round(value, 4)))


def shown(value: Decimal | None) -> str:
    return "" if value is None else format_number(value, 2)


def form_flags(differ: bool, unknown: bool) -> tuple[str, ...]:
    if unknown:
        return (FORMS_NOT_STATED,)
    return (UNEQUAL_FORMS,) if differ else ()
