"""Levels 1 and 2 of a course run: reaction, who passed, what was learnt and what was kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.courses import statistics
from indicators.engine.courses.parts import (
    ATTRITION,
    CEILING,
    CEILING_FROM,
    FEWEST,
    FLAG_SHARE,
    FOLLOW_UP_RESPONSE,
    REACTION_RESPONSE,
    SEED,
    SKEW_LIMIT,
    SKEWED,
    flag_sentences,
    form_flags,
    four_decimals,
    mean_of,
    non_response,
    not_recorded,
    refused_with,
    response_refusal,
    share_of,
    shown,
    too_few,
)
from indicators.engine.courses.types import (
    MONTH_6,
    POST,
    PRE,
    CourseFigure,
    Person,
    Run,
)
from indicators.engine.display import format_share
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import RefusalCode


def reaction(run: Run) -> CourseFigure:
    given = [one.reaction for one in run.people if one.reaction is not None]
    low_response = response_refusal(len(given), len(run.people), REACTION_RESPONSE)
    if (few := too_few(gettext_noop("reaction scores"), len(given), FEWEST)) or low_response:
        return refused_with(few or low_response, n=len(given), asked=len(run.people))
    high = sum(one >= 4 for one in given)
    figure = mean_of([Decimal(one) for one in given], asked=len(run.people))
    return replace(
        figure,
        sentence=(
            message(
                gettext_noop(
                    "%(n)s of %(asked)s participants gave %(mean)s of 5 on average; %(high)s gave 4 or more."
                ),
                n=len(given),
                asked=len(run.people),
                mean=shown(figure.value),
                high=format_share(exact.quotient(Decimal(high), Decimal(len(given)))),
            ),
        ),
    )


def passed(run: Run) -> CourseFigure:
    if run.pass_mark is None:
        return not_recorded(gettext_noop("The pass mark of the run is not recorded."))
    tested = [one.scores[POST] for one in run.people if POST in one.scores]
    passing = sum(one.percent >= run.pass_mark for one in tested)
    return share_of(
        passing,
        len(tested),
        FEWEST,
        what=gettext_noop("people assessed"),
        sentence=gettext_noop("%(part)s of %(whole)s assessed reached the pass mark: %(value)s."),
        asked=len(run.people),
        flags=form_flags(len({one.form for one in tested}) > 1, any(not one.form for one in tested)),
    )


def pairs(people: Sequence[Person], *occasions: str) -> list[tuple[float, ...]]:
    """Scores of those who have all the occasions: in points if one maximum holds for all, else in percent of it."""
    complete = [one for one in people if all(occasion in one.scores for occasion in occasions)]
    maxima = {score.maximum for one in people for score in one.scores.values()}
    return sorted(
        tuple(float(one.scores[o].score if len(maxima) == 1 else one.scores[o].percent) for o in occasions)
        for one in complete
    )


def learning_gain(run: Run) -> CourseFigure:
    rows = pairs(run.people, PRE, POST)
    flags = gain_flags(run.people)
    few = too_few(gettext_noop("people with both scores"), len(rows), FEWEST, RefusalCode.N_PAIRS_TOO_SMALL)
    if few:
        return refused_with(few, n=len(rows), asked=len(run.people), flags=flags)
    found = statistics.gain([row[0] for row in rows], [row[1] for row in rows])
    if found is None:
        same = refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop("All participants changed by the same, so no spread can be estimated."),
        )
        return refused_with(same, n=len(rows), asked=len(run.people), flags=flags)
    if abs(found.skewness) > SKEW_LIMIT:
        flags += (SKEWED,)
    value, low, high = (four_decimals(x) for x in (found.g, found.low, found.high))
    said = message(
        gettext_noop(
            "%(n)s of %(asked)s participants with both scores gained %(gain)s points on average "
            "(%(low)s to %(high)s): a gain, not proof of an effect."
        ),
        n=len(rows),
        asked=len(run.people),
        gain=shown(four_decimals(found.mean)),
        low=shown(four_decimals(found.mean_low)),
        high=shown(four_decimals(found.mean_high)),
    )
    return CourseFigure(
        code="",
        value=value,
        low=low,
        high=high,
        standard_error=four_decimals(found.standard_error),
        n=len(rows),
        asked=len(run.people),
        flags=flags,
        rule="g_av = J(n − 1)·d̄ / √((s²pre + s²post)/2)",
        substituted=f"n = {len(rows)}",
        sentence=(said, *flag_sentences(flags)),
    )


def gain_flags(people: Sequence[Person]) -> tuple[str, ...]:
    """What makes a gain of these people doubtful: a ceiling, lost people, other or unknown versions of the test."""
    found: list[str] = []
    both = [one for one in people if PRE in one.scores and POST in one.scores]
    near_top = sum(one.scores[PRE].percent >= CEILING_FROM for one in both)
    if both and Decimal(near_top) / len(both) > FLAG_SHARE:
        found.append(CEILING)
    if people and 1 - Decimal(len(both)) / len(people) > FLAG_SHARE:
        found.append(ATTRITION)
    differs = any(one.scores[PRE].form != one.scores[POST].form for one in both)
    unknown = any(not one.scores[o].form for one in both for o in (PRE, POST))
    return (*found, *form_flags(differs, unknown))


def gain_kept(run: Run) -> CourseFigure:
    rows = pairs(run.people, PRE, POST, MONTH_6)
    answered = sum(MONTH_6 in one.scores for one in run.people)
    low_response = response_refusal(answered, run.graduates, FOLLOW_UP_RESPONSE)
    few = too_few(
        gettext_noop("people with all three scores"), len(rows), FEWEST, RefusalCode.N_PAIRS_TOO_SMALL
    )
    if low_response or few:
        return refused_with(low_response or few, n=len(rows), asked=run.graduates)
    found = statistics.kept([(row[0], row[1], row[2]) for row in rows], seed=SEED)
    if found is None:
        nothing = refuse(
            RefusalCode.NO_GAIN_TO_RETAIN,
            gettext_noop("The gain was not above its measurement error: there is nothing to keep."),
        )
        return refused_with(nothing, n=len(rows), asked=run.graduates)
    flags = non_response(answered, run.graduates)
    value = four_decimals(found.share)
    said = message(
        gettext_noop("Of the gain of %(n)s graduates, %(value)s was still there 6 months later."),
        n=len(rows),
        value=format_share(value),
    )
    return CourseFigure(
        code="",
        value=value,
        low=four_decimals(found.low),
        high=four_decimals(found.high),
        n=len(rows),
        asked=run.graduates,
        flags=flags,
        rule="(mean +6 − mean before) / (mean after − mean before)",
        substituted=f"n = {len(rows)}",
        sentence=(said, *flag_sentences(flags)),
    )
