"""Did the maturity levels of an institution's functions rise? Ordinal, so no means of levels (METHOD 2.9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indicators.engine.errors import EngineError
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import Message, RefusalCode

from . import labels, words
from .checked import checked
from .confidence import data_quality, no_comparison, weakest_link
from .signed_rank import MIN_NONZERO_WILCOXON, Wilcoxon, hodges_lehmann, wilcoxon
from .situation import MIN_FUNCTIONS
from .types import Answer, Assumption, ExPostResult, Param, refused
from .words import shown

METHOD = "Wilcoxon signed-rank over functions, Hodges–Lehmann shift"
WILCOXON_TOO_FEW = "WILCOXON_TOO_FEW"


@checked
def ordinal_maturity(
    before: Mapping[str, int], after: Mapping[str, int], *, same_assessors: bool | None = None
) -> ExPostResult:
    """Change of the levels of the same functions.

    Args:
        before, after: function → level, whole numbers on one scale; functions with only one of both are left out.
        same_assessors: whether the same people or the same written criteria gave both levels; None when unknown.

    Returns:
        value: Hodges–Lehmann shift in levels with its 95 % interval; p_value exact, zeros dropped, None with fewer than
        6 functions that changed (flag WILCOXON_TOO_FEW). params: how many rose, fell, stayed, median levels, rank
        correlation. Table ``functions``. Refusal: FUNCTIONS_TOO_FEW (fewer than 6 with both levels).

    Source: METHOD 2.9, 2.10; Wilcoxon (1945); Kerby (2014) for the rank correlation.
    """
    names = sorted(set(before) & set(after))
    if any(int(level) != level for levels in (before, after) for level in levels.values()):
        raise EngineError("A maturity level is not a whole number.")
    label = message(labels.MATURITY)
    if len(names) < MIN_FUNCTIONS:
        few = refuse(
            RefusalCode.FUNCTIONS_TOO_FEW,
            gettext_noop("%(have)s functions have a level before and after; at least %(need)s are needed."),
            have=len(names),
            need=MIN_FUNCTIONS,
        )
        return refused(few, method=METHOD, label=label, n=len(names))
    changes = [after[name] - before[name] for name in names]
    test = wilcoxon(changes)
    shift, low, high = hodges_lehmann(changes)
    total = test.n_nonzero * (test.n_nonzero + 1) / 2
    params: dict[str, Param] = {
        "rose": sum(c > 0 for c in changes),
        "fell": sum(c < 0 for c in changes),
        "stayed": sum(c == 0 for c in changes),
        "median_before": float(np.median([before[name] for name in names])),
        "median_after": float(np.median([after[name] for name in names])),
        "n_nonzero": test.n_nonzero,
        "zero_rule": test.method,
        "rank_correlation": (2 * test.rank_sum_positive - total) / total if total else 0.0,
    }
    has_enough = test.n_nonzero >= MIN_NONZERO_WILCOXON
    confidence, reasons = weakest_link((no_comparison(), *data_quality(None)))
    left_out = sorted(set(before) ^ set(after))
    if left_out:
        params["left_out"] = ", ".join(left_out)
    return ExPostResult(
        method=METHOD,
        label=label,
        value=shift,
        low=low,
        high=high,
        p_value=test.p_value if has_enough else None,
        n=len(names),
        params=params,
        assumptions=_assumptions(same_assessors),
        flags=() if has_enough else (WILCOXON_TOO_FEW,),
        confidence=confidence,
        reasons=reasons,
        tables=(
            words.table(
                "functions",
                gettext_noop("Levels of the functions"),
                ("function", "before", "after", "change"),
                [(name, before[name], after[name], after[name] - before[name]) for name in names],
            ),
        ),
        steps=(
            words.step(
                gettext_noop("Wilcoxon signed-rank test over the functions"),
                test.method,
                f"n = {test.n_nonzero}, W⁺ = {shown(test.rank_sum_positive)}",
                f"p = {shown(test.p_value)}; {words.interval_text(shift, low, high)}",
            ),
        ),
        sentence=_sentence(params, test, has_enough=has_enough),
    )


def _sentence(params: Mapping[str, Param], test: Wilcoxon, *, has_enough: bool) -> tuple[Message, ...]:
    said = [
        message(
            gettext_noop("%(rose)s functions rose, %(fell)s fell and %(stayed)s stayed where they were."),
            rose=params["rose"],
            fell=params["fell"],
            stayed=params["stayed"],
        )
    ]
    if not has_enough:
        said.append(
            message(
                gettext_noop("Only %(have)s functions changed; from %(need)s on chance can be weighed."),
                have=test.n_nonzero,
                need=MIN_NONZERO_WILCOXON,
            )
        )
    elif test.p_value >= 0.05:
        said.append(message(gettext_noop("The change cannot be told from chance.")))
    said.append(message(gettext_noop("This is a change in maturity; nothing shows what caused it.")))
    return tuple(said)


def _assumptions(same_assessors: bool | None) -> tuple[Assumption, ...]:
    same = Answer.CANNOT_TELL if same_assessors is None else Answer.YES if same_assessors else Answer.NO
    return (
        words.assumption(
            "same_yardstick",
            same,
            gettext_noop("The same assessors or the same written criteria gave both levels."),
        ),
        words.assumption(
            "functions_are_separate",
            Answer.CANNOT_TELL,
            gettext_noop("Functions are judged separately; one decision does not move several of them."),
        ),
        words.comparison(is_there=False),
    )
