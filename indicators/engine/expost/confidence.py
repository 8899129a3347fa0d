"""How far a result can be relied on: the weakest link, with the reasons. Imports no statistics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from indicators.engine.messages import gettext_noop, message

from .types import Confidence, ExPostResult, Reason

_ORDER = (Confidence.NONE, Confidence.LOW, Confidence.MODERATE, Confidence.HIGH)
MIN_DATA_QUALITY = 2
"""Level of a data quality assessment from which a result may be called high (METHOD 2.10)."""
DATA_QUALITY = "data_quality"


def weakest_link(reasons: Iterable[Reason]) -> tuple[Confidence, tuple[Reason, ...]]:
    """The confidence that all reasons allow together, and the reasons, the strictest first.

    Two or more weaknesses of a comparison allow no more than low; no reason at all allows high.

    Source: METHOD 2.10.
    """
    ordered = sorted(reasons, key=lambda one: _ORDER.index(one.allows))
    level = ordered[0].allows if ordered else Confidence.HIGH
    if sum(one.is_weakness for one in ordered) >= 2:
        level = min(level, Confidence.LOW, key=_ORDER.index)
    return level, tuple(ordered)


def with_data_quality(result: ExPostResult, level: int | None) -> ExPostResult:
    """The result with the data quality of its indicator taken into account.

    Args:
        result: as a method gave it; until this is called it counts as not assessed and is moderate at best.
        level: of the data quality assessment, 1 (poor) to 3 or more; None when there was none.

    Returns:
        The same result with confidence and reasons set anew. A refusal stays as it is.
    """
    if result.refusal is not None:
        return result
    others = [one for one in result.reasons if one.name != DATA_QUALITY]
    return with_reasons(result, (*others, *data_quality(level)), replace_all=True)


def with_reasons(result: ExPostResult, more: Iterable[Reason], *, replace_all: bool = False) -> ExPostResult:
    """The result with more reasons; its confidence can only fall, or they replace its own."""
    if result.refusal is not None:
        return result
    level, reasons = weakest_link((*(() if replace_all else result.reasons), *more))
    return replace(result, confidence=level, reasons=reasons)


def data_quality(level: int | None) -> tuple[Reason, ...]:
    """What a data quality assessment allows; nothing to say from level 2 on."""
    if level is None:
        text = gettext_noop("The quality of the data has not been assessed.")
        return (Reason(name=DATA_QUALITY, allows=Confidence.MODERATE, text=message(text)),)
    if level < MIN_DATA_QUALITY:
        text = gettext_noop("The data quality assessment is at level %(level)s, below %(need)s.")
        said = message(text, level=level, need=MIN_DATA_QUALITY)
        return (Reason(name=DATA_QUALITY, allows=Confidence.LOW, text=said, is_weakness=True),)
    return ()


def no_comparison() -> Reason:
    """A change without a comparison."""
    text = gettext_noop("A change before and after, without a comparison, is not an effect.")
    return Reason(name="no_comparison", allows=Confidence.LOW, text=message(text))


def single_series() -> Reason:
    """One series with enough points, but nothing to compare it with."""
    text = gettext_noop("One series without a comparison: something else may have happened at the date.")
    return Reason(name="single_series", allows=Confidence.MODERATE, text=message(text))


def few_points(need: int) -> Reason:
    """Fewer points than a result needs that may be called computed."""
    text = gettext_noop("Fewer than %(need)s points on a side: indicative only.")
    return Reason(name="few_points", allows=Confidence.LOW, text=message(text, need=need))


def weakness(name: str, template: str, **params: object) -> Reason:
    """One weakness of a comparison design; alone it allows moderate."""
    said = message(template, **params)
    return Reason(name=name, allows=Confidence.MODERATE, text=said, is_weakness=True)


def decisive(name: str, template: str, **params: object) -> Reason:
    """A weakness that alone allows no more than low."""
    said = message(template, **params)
    return Reason(name=name, allows=Confidence.LOW, text=said, is_weakness=True)
