"""The one place that says which figure of a course run follows from which records, and when it may not be given.

| code | Kirkpatrick | from | given when |
|---|---|---|---|
| ICI-04 | 1 reaction | reaction scores | 8 or more, from 60 % of the participants |
| ICI-05 | 2 learning | final scores, pass mark | 8 or more assessed |
| ICI-06 | 2 learning | scores before and after | 8 or more pairs |
| ICI-07 | 2 kept | scores before, after, +6 months | 8 or more people with all three, 40 % answered, a gain to keep |
| ICI-08 | 3 behaviour | follow-up at +6 | 10 or more answers, 40 % answered |
| ICI-09 | 3 behaviour | supervisors at +6 | 8 or more answers |
| ICI-10 | 4 results | nothing in a register | never: evaluators count verified results |
| ICI-11 | – | hours of instruction | 8 or more hours |
| ICI-12, 13, 14 | – | registration | 8 or more people (of known age band) |
| ICI-15 | – | follow-up at +6 | 8 or more asked |
| ICI-16 | 3 network | follow-up at +6 | 8 or more answers |
| ICI-17 | – | cost, pass mark, final scores | 8 or more passed, as its library rule asks |
| IN_POST | 4 results | follow-up at +12 | 8 or more answers, 40 % answered |
| COST_APPLIED | – | cost, follow-up at +6 | ICI-08 may be given, and somebody applied it |

Source: METHOD 1.3, 2.10, 2.11, 4.7; the library's own rules (indicators/catalogue/definitions/ICI-*.toml).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from indicators.engine import exact
from indicators.engine.courses import statistics
from indicators.engine.courses.types import (
    MONTH_6,
    MONTH_12,
    MONTHS,
    POST,
    PRE,
    Answer,
    CourseFigure,
    Person,
    Run,
)
from indicators.engine.display import format_number, format_share
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
Figure = Callable[[Run], CourseFigure]

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


def course_figures(run: Run, *, as_of: date) -> dict[str, CourseFigure]:
    """Every figure of a run by code, in the order of the table above: a value or a refusal, never neither.

    Args:
        as_of: what is asked some months after the run is refused as TOO_EARLY before.
    """
    found = {}
    for code, months, compute in FIGURES:
        found[code] = replace(_figure(run, months, compute, as_of), code=code, months=months)
    return found


def _figure(run: Run, months: int, compute: Figure, as_of: date) -> CourseFigure:
    due = months_later(run.ends_on, months)
    if as_of < due:
        return _refused(RefusalCode.TOO_EARLY, gettext_noop("Not due before %(due)s."), due=due.isoformat())
    if run.is_removed and compute not in (_regional, _results):
        return _refused(
            RefusalCode.NOT_RECORDED,
            gettext_noop("The records of persons were removed after their time; approved figures stay."),
        )
    return compute(run)


def months_later(day: date, months: int) -> date:
    """The same day some months later, or earlier; the last day of a shorter month.

    >>> months_later(date(2024, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


# --- Level 1 -----------------------------------------------------------------------------------------------------


def _reaction(run: Run) -> CourseFigure:
    given = [one.reaction for one in run.people if one.reaction is not None]
    low_response = _response_refusal(len(given), len(run.people), REACTION_RESPONSE)
    if (few := _too_few(gettext_noop("reaction scores"), len(given), FEWEST)) or low_response:
        return _with(few or low_response, n=len(given), asked=len(run.people))
    high = sum(one >= 4 for one in given)
    figure = _mean([Decimal(one) for one in given], asked=len(run.people))
    return replace(
        figure,
        sentence=(
            message(
                gettext_noop(
                    "%(n)s of %(asked)s participants gave %(mean)s of 5 on average; %(high)s gave 4 or more."
                ),
                n=len(given),
                asked=len(run.people),
                mean=_shown(figure.value),
                high=format_share(exact.quotient(Decimal(high), Decimal(len(given)))),
            ),
        ),
    )


# --- Level 2 -----------------------------------------------------------------------------------------------------


def _passed(run: Run) -> CourseFigure:
    if run.pass_mark is None:
        return _not_recorded(gettext_noop("The pass mark of the run is not recorded."))
    tested = [one.scores[POST] for one in run.people if POST in one.scores]
    passing = sum(one.percent >= run.pass_mark for one in tested)
    return _share(
        passing,
        len(tested),
        FEWEST,
        what=gettext_noop("people assessed"),
        sentence=gettext_noop("%(part)s of %(whole)s assessed reached the pass mark: %(value)s."),
        asked=len(run.people),
        flags=_forms(len({one.form for one in tested}) > 1, any(not one.form for one in tested)),
    )


def pairs(people: Sequence[Person], *occasions: str) -> list[tuple[float, ...]]:
    """Scores of those who have all the occasions: in points if one maximum holds for all, else in percent of it."""
    complete = [one for one in people if all(occasion in one.scores for occasion in occasions)]
    maxima = {score.maximum for one in people for score in one.scores.values()}
    return sorted(
        tuple(float(one.scores[o].score if len(maxima) == 1 else one.scores[o].percent) for o in occasions)
        for one in complete
    )


def _gain(run: Run) -> CourseFigure:
    rows = pairs(run.people, PRE, POST)
    flags = gain_flags(run.people)
    few = _too_few(gettext_noop("people with both scores"), len(rows), FEWEST, RefusalCode.N_PAIRS_TOO_SMALL)
    if few:
        return _with(few, n=len(rows), asked=len(run.people), flags=flags)
    found = statistics.gain([row[0] for row in rows], [row[1] for row in rows])
    if found is None:
        same = refuse(
            RefusalCode.NO_VARIATION,
            gettext_noop("All participants changed by the same, so no spread can be estimated."),
        )
        return _with(same, n=len(rows), asked=len(run.people), flags=flags)
    if abs(found.skewness) > SKEW_LIMIT:
        flags += (SKEWED,)
    value, low, high = (_decimal(x) for x in (found.g, found.low, found.high))
    said = message(
        gettext_noop(
            "%(n)s of %(asked)s participants with both scores gained %(gain)s points on average "
            "(%(low)s to %(high)s): a gain, not proof of an effect."
        ),
        n=len(rows),
        asked=len(run.people),
        gain=_shown(_decimal(found.mean)),
        low=_shown(_decimal(found.mean_low)),
        high=_shown(_decimal(found.mean_high)),
    )
    return CourseFigure(
        code="",
        value=value,
        low=low,
        high=high,
        standard_error=_decimal(found.standard_error),
        n=len(rows),
        asked=len(run.people),
        flags=flags,
        rule="g_av = J(n − 1)·d̄ / √((s²pre + s²post)/2)",
        substituted=f"n = {len(rows)}",
        sentence=(said, *_flag_sentences(flags)),
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
    return (*found, *_forms(differs, unknown))


def _forms(differ: bool, unknown: bool) -> tuple[str, ...]:
    if unknown:
        return (FORMS_NOT_STATED,)
    return (UNEQUAL_FORMS,) if differ else ()


def _kept(run: Run) -> CourseFigure:
    rows = pairs(run.people, PRE, POST, MONTH_6)
    answered = sum(MONTH_6 in one.scores for one in run.people)
    low_response = _response_refusal(answered, run.graduates, FOLLOW_UP_RESPONSE)
    few = _too_few(
        gettext_noop("people with all three scores"), len(rows), FEWEST, RefusalCode.N_PAIRS_TOO_SMALL
    )
    if low_response or few:
        return _with(low_response or few, n=len(rows), asked=run.graduates)
    found = statistics.kept([(row[0], row[1], row[2]) for row in rows], seed=SEED)
    if found is None:
        nothing = refuse(
            RefusalCode.NO_GAIN_TO_RETAIN,
            gettext_noop("The gain was not above its measurement error: there is nothing to keep."),
        )
        return _with(nothing, n=len(rows), asked=run.graduates)
    flags = _non_response(answered, run.graduates)
    value = _decimal(found.share)
    said = message(
        gettext_noop("Of the gain of %(n)s graduates, %(value)s was still there 6 months later."),
        n=len(rows),
        value=format_share(value),
    )
    return CourseFigure(
        code="",
        value=value,
        low=_decimal(found.low),
        high=_decimal(found.high),
        n=len(rows),
        asked=run.graduates,
        flags=flags,
        rule="(mean +6 − mean before) / (mean after − mean before)",
        substituted=f"n = {len(rows)}",
        sentence=(said, *_flag_sentences(flags)),
    )


# --- Levels 3 and 4 ----------------------------------------------------------------------------------------------


def answers_of(people: Sequence[Person], occasion: str) -> list[Answer]:
    """Follow-ups of all who were asked."""
    return [one.answers[occasion] for one in people if occasion in one.answers]


def _applied(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    known = [one.applied for one in said if one.applied is not None]
    return _followed_up(
        run,
        MONTH_6,
        known,
        FEWEST_APPLIED,
        gettext_noop("%(part)s of %(whole)s who answered applied something on the job: %(value)s."),
    )


def _in_post(run: Run) -> CourseFigure:
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
        return _refused(RefusalCode.NO_FOLLOW_UP, gettext_noop("Nobody was asked yet."))
    responded = sum(one.responded for one in said)
    refusal = _response_refusal(responded, run.graduates, FOLLOW_UP_RESPONSE)
    if refusal:
        return _with(refusal, n=len(known), asked=run.graduates)
    return _share(
        sum(known),
        len(known),
        fewest,
        what=gettext_noop("answers"),
        sentence=sentence,
        asked=run.graduates,
        flags=_non_response(responded, run.graduates),
    )


def _confirmed(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    known = [one.supervisor_confirmed for one in said if one.supervisor_confirmed is not None]
    return _share(
        sum(known),
        len(known),
        FEWEST,
        what=gettext_noop("supervisors who answered"),
        sentence=gettext_noop("%(part)s of %(whole)s supervisors who answered confirm a change: %(value)s."),
        asked=run.graduates,
        flags=_non_response(len(known), run.graduates),
    )


def _results(run: Run) -> CourseFigure:
    return _not_recorded(
        gettext_noop("Verified results are counted by evaluators from documents, not from a register.")
    )


def _responded(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    return _share(
        sum(one.responded for one in said),
        len(said),
        FEWEST,
        what=gettext_noop("graduates asked"),
        sentence=gettext_noop("%(part)s of %(whole)s graduates who were asked answered: %(value)s."),
    )


def _contacts(run: Run) -> CourseFigure:
    said = answers_of(run.people, MONTH_6)
    given = [Decimal(one.contacts) for one in said if one.contacts is not None]
    if few := _too_few(gettext_noop("answers"), len(given), FEWEST):
        return _with(few, n=len(given), asked=run.graduates)
    flags = _non_response(len(given), run.graduates)
    figure = _mean(given, asked=run.graduates)
    said_so = message(
        gettext_noop(
            "%(n)s graduates have been in touch with %(mean)s participants of other nations on average."
        ),
        n=len(given),
        mean=_shown(figure.value),
    )
    return replace(figure, flags=flags, sentence=(said_so, *_flag_sentences(flags)))


# --- Registration, hours, cost -----------------------------------------------------------------------------------


def _regional(run: Run) -> CourseFigure:
    if run.hours_total is None or run.hours_regional is None:
        return _not_recorded(gettext_noop("Hours of instruction are not recorded."))
    return _share(
        run.hours_regional,
        run.hours_total,
        FEWEST,
        what=gettext_noop("hours"),
        sentence=gettext_noop("%(part)s of %(whole)s hours by instructors of the region: %(value)s."),
        is_sample=False,
    )


def _breadth(run: Run) -> CourseFigure:
    n = len(run.people)
    if few := _too_few(gettext_noop("participants"), n, FEWEST):
        return _with(few, n=n)
    counts = Counter(one.nation for one in run.people)
    squares = sum(count * count for count in counts.values())
    value = exact.quotient(Decimal(n * n), Decimal(squares))
    said = message(
        gettext_noop("%(n)s participants as if from %(value)s nations of equal size."),
        n=n,
        value=_shown(value),
    )
    return CourseFigure(
        code="", value=value, n=n, rule="1 / Σ p²", substituted=f"{n}² / {squares}", sentence=(said,)
    )


def _women(run: Run) -> CourseFigure:
    return _share(
        sum(one.sex == "f" for one in run.people),
        len(run.people),
        FEWEST,
        what=gettext_noop("participants"),
        sentence=gettext_noop("%(part)s of %(whole)s participants are women: %(value)s."),
        is_sample=False,
    )


def _young(run: Run) -> CourseFigure:
    unclear = sum(one.age_band not in YOUNG | OLDER for one in run.people)
    if unclear:
        return _not_recorded(
            gettext_noop("%(count)s participants are in an age band that lies on both sides of 35."),
            count=unclear,
        )
    return _share(
        sum(one.age_band in YOUNG for one in run.people),
        len(run.people),
        FEWEST,
        what=gettext_noop("participants"),
        sentence=gettext_noop("%(part)s of %(whole)s participants are 35 or younger: %(value)s."),
        is_sample=False,
    )


def _cost_passed(run: Run) -> CourseFigure:
    passed = _passed(run)
    if passed.refusal:
        return replace(passed, flags=())
    return _cost(
        run,
        passed,
        FEWEST,
        gettext_noop("EUR %(cost)s for %(count)s graduates who passed: EUR %(value)s each."),
    )


def _cost_applied(run: Run) -> CourseFigure:
    applied = _applied(run)
    if applied.refusal:
        return replace(applied, flags=())
    return _cost(
        run,
        applied,
        1,
        gettext_noop(
            "EUR %(cost)s for %(count)s graduates who say that they apply it: EUR %(value)s each, at most; "
            "those who did not answer may apply it too."
        ),
    )


def _cost(run: Run, counted: CourseFigure, fewest: int, sentence: str) -> CourseFigure:
    if run.cost is None:
        return _not_recorded(gettext_noop("The cost of the run is not recorded."))
    count = counted.numerator or Decimal(0)
    if count == 0:
        nobody = refuse(
            RefusalCode.DENOMINATOR_ZERO, gettext_noop("Nobody did, so there is no cost for each.")
        )
        return _with(nobody, n=counted.n, asked=counted.asked)
    if few := _too_few(gettext_noop("such graduates"), int(count), fewest):
        return _with(few, n=int(count), asked=counted.asked)
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
        sentence=(said, *_flag_sentences(counted.flags)),
    )


FIGURES: tuple[tuple[str, int, Figure], ...] = (
    ("ICI-04", 0, _reaction),
    ("ICI-05", 0, _passed),
    ("ICI-06", 0, _gain),
    ("ICI-07", MONTHS[MONTH_6], _kept),
    ("ICI-08", MONTHS[MONTH_6], _applied),
    ("ICI-09", MONTHS[MONTH_6], _confirmed),
    ("ICI-10", 0, _results),
    ("ICI-11", 0, _regional),
    ("ICI-12", 0, _breadth),
    ("ICI-13", 0, _women),
    ("ICI-14", 0, _young),
    ("ICI-15", MONTHS[MONTH_6], _responded),
    ("ICI-16", MONTHS[MONTH_6], _contacts),
    ("ICI-17", 0, _cost_passed),
    ("IN_POST", MONTHS[MONTH_12], _in_post),
    ("COST_APPLIED", MONTHS[MONTH_6], _cost_applied),
)
LADDER = {1: "ICI-04", 2: "ICI-06", 3: "ICI-08", 4: "IN_POST"}
"""The figure that stands for each of Kirkpatrick's four levels."""
SHARES = {"ICI-05", "ICI-08", "ICI-09", "ICI-11", "ICI-13", "ICI-14", "ICI-15", "IN_POST"}
"""In percent."""


# --- What the figures share --------------------------------------------------------------------------------------


def _share(
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
    if few := _too_few(what, whole, fewest):
        return _with(few, n=int(whole), asked=asked, flags=flags)
    value = exact.quotient(100 * part, whole)
    low = high = None
    if is_sample:
        low, high = (_decimal(100 * x) for x in statistics.wilson(int(part), int(whole)))
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
        sentence=(said, *_flag_sentences(flags)),
    )


def _mean(values: Sequence[Decimal], *, asked: int) -> CourseFigure:
    low, high, error = statistics.mean_interval([float(one) for one in values])
    total = sum(values, Decimal(0))
    value = exact.quotient(total, Decimal(len(values)))
    return CourseFigure(
        code="",
        value=value,
        low=_decimal(low),
        high=_decimal(high),
        standard_error=_decimal(error),
        n=len(values),
        asked=asked,
        rule="Σ / n",
        substituted=f"{format_number(total, 2)} / {len(values)}",
    )


def _too_few(
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


def _response_refusal(answered: int, asked: int, need: Decimal) -> Refusal | None:
    share = Decimal(answered) / asked if asked else Decimal(0)
    if share >= need:
        return None
    return refuse(
        RefusalCode.RESPONSE_TOO_LOW,
        gettext_noop("Only %(have)s answered; at least %(need)s are needed."),
        have=format_share(share),
        need=format_share(need),
    )


def _non_response(answered: int, asked: int) -> tuple[str, ...]:
    is_low = bool(asked) and Decimal(answered) / asked < RELIABLE_RESPONSE
    return (NON_RESPONSE,) if is_low else ()


def _flag_sentences(flags: Sequence[str]) -> tuple[Message, ...]:
    return tuple(message(FLAG_TEXTS[flag]) for flag in flags)


def _with(
    refusal: Refusal | None, *, n: int = 0, asked: int | None = None, flags: tuple[str, ...] = ()
) -> CourseFigure:
    return CourseFigure(code="", refusal=refusal, n=n, asked=asked, flags=flags)


def _refused(code: RefusalCode, template: str, **params: object) -> CourseFigure:
    return CourseFigure(code="", refusal=refuse(code, template, **params))


def _not_recorded(template: str, **params: object) -> CourseFigure:
    return _refused(RefusalCode.NOT_RECORDED, template, **params)


def _decimal(value: float) -> Decimal:
    """Four decimals: more than any page shows, and the same in every place that keeps it."""
    return Decimal(str(round(value, 4)))


def _shown(value: Decimal | None) -> str:
    return "" if value is None else format_number(value, 2)
