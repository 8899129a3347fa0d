"""Who came, who taught and what it cost. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.courses.following import applied
from indicators.engine.courses.learning import passed
from indicators.engine.courses.parts import (
    FEWEST,
    OLDER,
    YOUNG,
    flag_sentences,
    not_recorded,
    refused_with,
    share_of,
    shown,
    too_few,
)
from indicators.engine.courses.types import (
    CourseFigure,
    Run,
)
from indicators.engine.display import format_number
from indicators.engine.messages import gettext_noop, message, refuse
from indicators.engine.types import RefusalCode


def regional_hours(run: Run) -> CourseFigure:
    if run.hours_total is None or run.hours_regional is None:
        return not_recorded(gettext_noop("Hours of instruction are not recorded."))
    return share_of(
        run.hours_regional,
        run.hours_total,
        FEWEST,
        what=gettext_noop("hours"),
        sentence=gettext_noop("%(part)s of %(whole)s hours by instructors of the region: %(value)s."),
        is_sample=False,
    )


def breadth(run: Run) -> CourseFigure:
    n = len(run.people)
    if few := too_few(gettext_noop("participants"), n, FEWEST):
        return refused_with(few, n=n)
    counts = Counter(one.nation for one in run.people)
    squares = sum(count * count for count in counts.values())
    value = exact.quotient(Decimal(n * n), Decimal(squares))
    said = message(
        gettext_noop("%(n)s participants as if from %(value)s nations of equal size."),
        n=n,
        value=shown(value),
    )
    return CourseFigure(
        code="", value=value, n=n, rule="1 / Σ p²", substituted=f"{n}² / {squares}", sentence=(said,)
    )


def women(run: Run) -> CourseFigure:
    return share_of(
        sum(one.sex == "f" for one in run.people),
        len(run.people),
        FEWEST,
        what=gettext_noop("participants"),
        sentence=gettext_noop("%(part)s of %(whole)s participants are women: %(value)s."),
        is_sample=False,
    )


def young(run: Run) -> CourseFigure:
    unclear = sum(one.age_band not in YOUNG | OLDER for one in run.people)
    if unclear:
        return not_recorded(
            gettext_noop("%(count)s participants are in an age band that lies on both sides of 35."),
            count=unclear,
        )
    return share_of(
        sum(one.age_band in YOUNG for one in run.people),
        len(run.people),
        FEWEST,
        what=gettext_noop("participants"),
        sentence=gettext_noop("%(part)s of %(whole)s participants are 35 or younger: %(value)s."),
        is_sample=False,
    )


def cost_passed(run: Run) -> CourseFigure:
    who = passed(run)
    if who.refusal:
        return replace(who, flags=())
    return _cost(
        run,
        who,
        FEWEST,
        gettext_noop("EUR %(cost)s for %(count)s graduates who passed: EUR %(value)s each."),
    )


def cost_applied(run: Run) -> CourseFigure:
    who = applied(run)
    if who.refusal:
        return replace(who, flags=())
    return _cost(
        run,
        who,
        1,
        gettext_noop(
            "EUR %(cost)s for %(count)s graduates who say that they apply it: EUR %(value)s each, at most; "
            "those who did not answer may apply it too."
        ),
    )


def _cost(run: Run, counted: CourseFigure, fewest: int, sentence: str) -> CourseFigure:
    if run.cost is None:
        return not_recorded(gettext_noop("The cost of the run is not recorded."))
    count = counted.numerator or Decimal(0)
    if count == 0:
        nobody = refuse(
            RefusalCode.DENOMINATOR_ZERO, gettext_noop("Nobody did, so there is no cost for each.")
        )
        return refused_with(nobody, n=counted.n, asked=counted.asked)
    if few := too_few(gettext_noop("such graduates"), int(count), fewest):
        return refused_with(few, n=int(count), asked=counted.asked)
    value = exact.quotient(run.cost, count)
    said = message(
        sentence,
        cost=format_number(run.cost, 0),
        count=format_number(count, 0),
        value=format_number(value, 0),
    )
    return CourseFigure(
        code="",
        value=value,
        numerator=run.cost,
        denominator=count,
        n=int(count),
        asked=counted.asked,
        flags=counted.flags,
        rule=gettext_noop("cost ÷ graduates"),
        substituted=f"{format_number(run.cost, 2)} / {format_number(count, 0)}",
        sentence=(said, *flag_sentences(counted.flags)),
    )
