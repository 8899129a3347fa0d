"""Several runs as one: shares add their parts, gains are weighted by their precision, costs add up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.courses.statistics import Z
from indicators.engine.courses.types import CourseFigure
from indicators.engine.distributions import wilson
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, RefusalCode


def pool(figures: Sequence[CourseFigure], code: str) -> CourseFigure:
    """One figure of several runs; runs that were refused are left out and counted.

    Args:
        figures: of the same code, one for each run.

    Returns:
        `n`: what the given figures rest on; `asked`: how many runs there are, `denominator` None for a gain. A refusal
        when no run gives one.

    Source: METHOD 2.1 (ratio of sums), 2.10; inverse-variance weights as in Borenstein et al. (2009), ch. 11.
    """
    given = [one for one in figures if one.refusal is None]
    if not given:
        nothing = refuse(
            RefusalCode.NOT_RECORDED,
            gettext_noop("None of %(count)s runs gives this figure."),
            count=len(figures),
        )
        return CourseFigure(code=code, refusal=nothing, asked=len(figures))
    said = (message(gettext_noop("%(given)s of %(count)s runs."), given=len(given), count=len(figures)),)
    n = sum(one.n for one in given)
    if all(one.denominator for one in given):
        return _of_parts(given, code, n, len(figures), said)
    return _of_precision(given, code, n, len(figures), said)


def _of_parts(
    given: Sequence[CourseFigure], code: str, n: int, runs: int, said: tuple[Message, ...]
) -> CourseFigure:
    part = sum((one.numerator or Decimal(0) for one in given), Decimal(0))
    whole = sum((one.denominator or Decimal(0) for one in given), Decimal(0))
    is_share = all(one.low is not None for one in given)
    scale = Decimal(100) if is_share else Decimal(1)
    low = high = None
    if is_share:
        low, high = (Decimal(str(round(100 * x, 4))) for x in wilson(int(part), int(whole)))
    return CourseFigure(
        code=code,
        value=exact.quotient(scale * part, whole),
        numerator=part,
        denominator=whole,
        low=low,
        high=high,
        n=n,
        asked=runs,
        sentence=said,
    )


def _of_precision(
    given: Sequence[CourseFigure], code: str, n: int, runs: int, said: tuple[Message, ...]
) -> CourseFigure:
    weights = [1 / float(one.standard_error or 1) ** 2 for one in given]
    mean = sum(w * float(one.value or 0) for w, one in zip(weights, given, strict=True)) / sum(weights)
    reach = Z / sum(weights) ** 0.5
    value, low, high = (Decimal(str(round(x, 4))) for x in (mean, mean - reach, mean + reach))
    return CourseFigure(code=code, value=value, low=low, high=high, n=n, asked=runs, sentence=said)
