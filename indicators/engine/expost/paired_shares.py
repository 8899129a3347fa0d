"""The same respondents or sites asked yes or no twice: did the share of yes change? Change, never effect."""

from __future__ import annotations

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .proportions import mcnemar_exact, newcombe_paired
from .situation import MIN_PAIRS
from .types import Answer, ExPostResult, refused
from .words import percent

METHOD = "Newcombe square-and-add interval of paired proportions; exact McNemar test"


@checked
def paired_shares(both: int, only_before: int, only_after: int, neither: int) -> ExPostResult:
    """Difference of two shares of the same units.

    Pooling the two answers as if other people had given them (`before_after`) would waste that they are the same.

    Args:
        both, only_before, only_after, neither: units with yes at both times, only the first, only the second, none.

    Returns:
        value, low, high: share after − share before, −1 to 1; p_value: exact McNemar over the units that changed.
        Refusal: N_PAIRS_TOO_SMALL (fewer than 8 units).

    Raises:
        EngineError: a count below 0.

    Source: METHOD 2.9; Newcombe (1998), Statistics in Medicine 17:2635; McNemar (1947), Psychometrika 12:153.
    """
    label = message(labels.CHANGE)
    counts = (both, only_before, only_after, neither)
    if min(counts) < 0:
        raise EngineError(f"{counts} are not the four counts of pairs; 0 or more was expected.")
    n = sum(counts)
    if n < MIN_PAIRS:
        few = gettext_noop(
            "%(have)s respondents or sites answered before and after; at least %(need)s are needed."
        )
        too_few = refuse(RefusalCode.N_PAIRS_TOO_SMALL, few, have=n, need=MIN_PAIRS)
        return refused(too_few, method=METHOD, label=label, n=n)
    difference, low, high = newcombe_paired(*counts)
    before, after = (both + only_before) / n, (both + only_after) / n
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    said = [
        message(
            gettext_noop("Yes before: %(before)s, after: %(after)s of the same %(n)s."),
            before=percent(before),
            after=percent(after),
            n=n,
        )
    ]
    if words.includes(0.0, low, high):
        said.append(message(gettext_noop("The difference cannot be told from chance.")))
    said.append(
        message(
            gettext_noop(
                "This is change, not effect: nothing shows what would have happened without the programme."
            )
        )
    )
    return ExPostResult(
        method=METHOD,
        label=label,
        value=difference,
        low=low,
        high=high,
        p_value=mcnemar_exact(only_before, only_after),
        n=n,
        params={
            "kind": "difference",
            "share_before": before,
            "share_after": after,
            "turned_to_yes": only_after,
            "turned_to_no": only_before,
        },
        assumptions=(
            words.assumption(
                "same_question",
                Answer.CANNOT_TELL,
                gettext_noop("The question was asked in the same way both times."),
            ),
            words.nothing_else_changed(),
            words.comparison(is_there=False),
        ),
        confidence=confidence,
        reasons=reasons,
        steps=(
            words.step(
                gettext_noop("Difference of two shares of the same units"),
                "(b + c_after)/n − (b + c_before)/n",
                f"{both + only_after}/{n} − {both + only_before}/{n}",
                words.interval_text(difference, low, high),
            ),
        ),
        sentence=tuple(said),
    )
