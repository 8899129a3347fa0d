"""Levels 3 and 4 of a course run: what graduates and supervisors say months later. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from indicators.engine.courses.parts import (
    FEWEST,
    FEWEST_APPLIED,
    FOLLOW_UP_RESPONSE,
    flag_sentences,
    mean_of,
    non_response,
    not_recorded,
    refused,
    refused_with,
    response_refusal,
    share_of,
    shown,
    too_few,
)
from indicators.engine.courses.types import (
    MONTH_6,
    MONTH_12,
    Answer,
    CourseFigure,
    Person,
    Run,
)
from indicators.engine.messages import gettext_noop, message
from indicators.engine.types import RefusalCode


def answers_of(people: Sequence[Person], occasion: str) -> list[Answer]:
    """Follow-ups of all who were asked."""
    return [one.answers[occasion] for one in people if occasion in one.answers]


def applied(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    known = [one.applied for one in said if one.applied is not None]
    return _followed_up(
        run,
        MONTH_6,
        known,
        FEWEST_APPLIED,
        gettext_noop("%(part)s of %(whole)s who answered applied something on the job: %(value)s."),
    )


def in_post(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_12)
    known = [one.in_post for one in said if one.in_post is not None]
    return _followed_up(
        run,
        MONTH_12,
        known,
        FEWEST,
        gettext_noop("%(part)s of %(whole)s who answered are still in post: %(value)s."),
    )


def _followed_up(run: Run, occasion: str, known: Sequence[bool], fewest: int, sentence: str) -> CourseFigure:
    said = answers_of(run.people, occasion)
    if not said:
        return refused(RefusalCode.NO_FOLLOW_UP, gettext_noop("Nobody was asked yet."))
    responded = sum(one.responded for one in said)
    refusal = response_refusal(responded, run.graduates, FOLLOW_UP_RESPONSE)
    if refusal:
        return refused_with(refusal, n=len(known), asked=run.graduates)
    return share_of(
        sum(known),
        len(known),
        fewest,
        what=gettext_noop("answers"),
        sentence=sentence,
        asked=run.graduates,
        flags=non_response(responded, run.graduates),
    )


def confirmed(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    known = [one.supervisor_confirmed for one in said if one.supervisor_confirmed is not None]
    return share_of(
        sum(known),
        len(known),
        FEWEST,
        what=gettext_noop("supervisors who answered"),
        sentence=gettext_noop("%(part)s of %(whole)s supervisors who answered confirm a change: %(value)s."),
        asked=run.graduates,
        flags=non_response(len(known), run.graduates),
    )


def verified_results(run: Run) -> CourseFigure:
    return not_recorded(
        gettext_noop("Verified results are counted by evaluators from documents, not from a register.")
    )


def responded(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    return share_of(
        sum(one.responded for one in said),
        len(said),
        FEWEST,
        what=gettext_noop("graduates asked"),
        sentence=gettext_noop("%(part)s of %(whole)s graduates who were asked answered: %(value)s."),
    )


def contacts(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    given = [Decimal(one.contacts) for one in said if one.contacts is not None]
    if few := too_few(gettext_noop("answers"), len(given), FEWEST):
        return refused_with(few, n=len(given), asked=run.graduates)
    flags = non_response(len(given), run.graduates)
    figure = mean_of(given, asked=run.graduates)
    said_so = message(
        gettext_noop(
            "%(n)s graduates have been in touch with %(mean)s participants of other nations on average."
        ),
        n=len(given),
        mean=shown(figure.value),
    )
    return replace(figure, flags=flags, sentence=(said_so, *flag_sentences(flags)))
