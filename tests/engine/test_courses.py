"""Figures of a course run: what each follows from, its smallest data, and that pages and verdicts agree."""

import math
import random
from datetime import date
from decimal import Decimal

import pytest

from indicators.engine.courses.figures import FIGURES, course_figures, months_later
from indicators.engine.courses.pooling import pool
from indicators.engine.courses.statistics import gain, kept
from indicators.engine.courses.types import Answer, Person, Run, Score
from indicators.engine.noncentral import noncentral_limits

ENDED = date(2025, 1, 31)
LATER = date(2026, 6, 1)


def people(count=12, **given):
    """Twelve who were tested before and after on a test of 50 points and all answered."""
    found = []
    for i in range(count):
        scores = {
            "pre": Score(score=Decimal(15 + i), maximum=Decimal(50), form="A"),
            "post": Score(score=Decimal(25 + i + i % 3), maximum=Decimal(50), form="A"),
            "m6": Score(score=Decimal(23 + i + i % 2), maximum=Decimal(50), form="A"),
        }
        answer = Answer(
            responded=True,
            applied=i % 4 != 0,
            in_post=i != 1,
            supervisor_confirmed=i % 2 == 0,
            contacts=i % 5,
        )
        person = {
            "nation": "KWT" if i % 3 else "QAT", "sex": "f" if i % 4 == 0 else "m", "age_band": "<30",
            "reaction": Decimal("4.5"), "scores": scores, "answers": {"m6": answer, "m12": answer},
        }  # fmt: skip
        found.append(Person(**(person | given)))
    return found


def run(members=None, **given):
    facts = {
        "pass_mark": Decimal(60), "cost": Decimal(18000), "hours_total": Decimal(40), "hours_regional": Decimal(10)
    }  # fmt: skip
    return Run(ends_on=ENDED, people=people() if members is None else members, **(facts | given))


def figures(one, as_of=LATER):
    return course_figures(one, as_of=as_of)


def test_every_figure_of_the_table_is_a_value_or_a_refusal():
    for one in (run(), run([]), run(is_removed=True), run(pass_mark=None, cost=None, hours_total=None)):
        found = figures(one)

        assert list(found) == [code for code, *_ in FIGURES]
        for figure in found.values():
            assert (figure.value is None) == (figure.refusal is not None), figure


def test_figures_that_a_person_can_work_out():
    found = figures(run())

    assert (found["ICI-08"].numerator, found["ICI-08"].denominator) == (9, 12)
    assert found["ICI-08"].value == 75
    assert found["ICI-13"].value == 25
    assert found["ICI-14"].value == 100
    assert found["ICI-12"].value == Decimal("1.8")  # 144 / (8² + 4²)
    assert found["ICI-11"].value == 25
    assert found["ICI-04"].value == Decimal("4.5")
    assert found["COST_APPLIED"].value == 2000
    assert (found["COST_APPLIED"].numerator, found["COST_APPLIED"].denominator) == (18000, 9)
    assert found["ICI-10"].refusal.code == "NOT_RECORDED"


@pytest.mark.parametrize(
    ("code", "members", "refusal"),
    [
        ("ICI-06", people(7), "N_PAIRS_TOO_SMALL"),
        ("ICI-05", people(7), "DENOMINATOR_TOO_SMALL"),
        ("ICI-08", people(9), "DENOMINATOR_TOO_SMALL"),
        ("ICI-04", [*people(8), *people(8, reaction=None)], "RESPONSE_TOO_LOW"),
        ("ICI-04", [*people(7)], "DENOMINATOR_TOO_SMALL"),
        ("ICI-08", [*people(10), *people(16, answers={})], "RESPONSE_TOO_LOW"),
        ("COST_APPLIED", [*people(10), *people(16, answers={})], "RESPONSE_TOO_LOW"),
        ("ICI-08", people(answers={}), "NO_FOLLOW_UP"),
        ("COST_APPLIED", people(answers={"m6": Answer(responded=True, applied=False)}), "DENOMINATOR_ZERO"),
        ("ICI-14", people(age_band="30-39"), "NOT_RECORDED"),
        ("ICI-05", [], "DENOMINATOR_TOO_SMALL"),
    ],
)
def test_too_little_is_refused_with_its_reason(code, members, refusal):
    found = figures(run(members))[code]

    assert found.value is None
    assert found.refusal.code == refusal
    assert str(found.refusal.message)


def test_a_question_that_nobody_answered_is_not_a_no():
    members = [*people(10), *people(2, answers={"m6": Answer(responded=True, applied=None)})]

    assert figures(run(members))["ICI-08"].denominator == 10


def test_what_is_asked_later_is_refused_before():
    found = figures(run(), as_of=date(2025, 7, 30))

    assert found["ICI-08"].refusal.code == "TOO_EARLY"
    assert "2025-07-31" in str(found["ICI-08"].refusal.message)
    assert found["ICI-06"].refusal is None


def test_flags_name_what_makes_a_gain_doubtful():
    top = {"pre": Score(score=Decimal(48), maximum=Decimal(50), form="A")}
    other = {
        o: Score(score=Decimal(s), maximum=Decimal(50), form=f)
        for o, s, f in (("pre", 20, "A"), ("post", 30, "B"))
    }
    members = [*people(8), *people(3, scores=other)]

    assert figures(run(members))["ICI-06"].flags[:1] == ("UNEQUAL_FORMS",)
    assert "ATTRITION" in figures(run([*people(8), *people(3, scores={})]))["ICI-06"].flags
    ceiling = [
        *people(8),
        *people(3, scores=top | {"post": Score(score=Decimal(49), maximum=Decimal(50), form="A")}),
    ]
    assert "CEILING" in figures(run(ceiling))["ICI-06"].flags
    few = [*people(10), *people(9, answers={"m6": Answer(responded=False)})]
    assert figures(run(few))["ICI-08"].flags == ("NON_RESPONSE",)


def test_gains_are_those_of_the_ex_post_engine():
    from indicators.engine.expost.paired import paired_gain

    draw = random.Random(5)
    for _turn in range(60):
        n = draw.randint(8, 50)
        before = [draw.gauss(50, 15) for _ in range(n)]
        after = [x + draw.gauss(draw.uniform(3, 30), draw.uniform(4, 15)) for x in before]
        mine, theirs = gain(before, after), paired_gain(before, after)
        assert math.isclose(mine.g, theirs.value, abs_tol=1e-9)
        # Where SciPy's root finding fails the ex-post engine falls back to a normal interval: close, not the same.
        assert math.isclose(mine.low, theirs.low, abs_tol=0.03)
        assert math.isclose(mine.high, theirs.high, abs_tol=0.03)
        assert math.isclose(mine.mean_low, theirs.params["mean_low"], abs_tol=1e-6)
        assert math.isclose(mine.skewness, theirs.params["skewness"], abs_tol=1e-9)


def test_the_limits_are_those_of_the_noncentral_t_distribution():
    from scipy import stats

    draw = random.Random(7)
    for _turn in range(100):
        t, df = draw.uniform(0.1, 20), draw.randint(7, 60)
        low, high = noncentral_limits(t, df)

        assert math.isclose(stats.nct.cdf(t, df, low), 0.975, abs_tol=1e-6), (t, df)
        assert math.isclose(stats.nct.cdf(t, df, high), 0.025, abs_tol=1e-6), (t, df)


@pytest.mark.parametrize(("t", "df"), [(0.3, 7), (2.9, 39), (11.4, 15), (40.0, 20)])
def test_the_interval_of_a_loss_mirrors_that_of_a_gain(t, df):
    low, high = noncentral_limits(t, df)
    mirrored = noncentral_limits(-t, df)

    assert low < t < high
    assert math.isclose(mirrored[0], -high, abs_tol=1e-8)
    assert math.isclose(mirrored[1], -low, abs_tol=1e-8)


def test_what_was_kept_is_that_of_the_ex_post_engine():
    from indicators.engine.expost.persistence import retention

    draw = random.Random(6)
    rows = [
        (b, b + draw.gauss(15, 6), b + draw.gauss(10, 6)) for b in (draw.gauss(50, 12) for _ in range(20))
    ]
    mine = kept(rows, seed=9)
    theirs = retention(*([row[i] for row in rows] for i in range(3)), seed=9)

    assert (mine.share, mine.low, mine.high) == pytest.approx(
        (theirs.value, theirs.low, theirs.high), abs=1e-9
    )


def test_nothing_is_kept_of_no_gain():
    flat = {
        o: Score(score=Decimal(20 + i % 2), maximum=Decimal(50)) for i, o in enumerate(("pre", "post", "m6"))
    }
    members = [
        *people(4, scores=flat),
        *people(4, scores=flat | {"pre": Score(score=Decimal(22), maximum=Decimal(50))}),
    ]

    assert figures(run(members))["ICI-07"].refusal.code == "NO_GAIN_TO_RETAIN"


def test_pooled_shares_add_their_parts_and_gains_weigh_by_precision():
    one, other = run(), run(people(24))
    shares = [figures(one)["ICI-08"], figures(other)["ICI-08"], figures(run([]))["ICI-08"]]

    pooled = pool(shares, "ICI-08")

    assert (pooled.numerator, pooled.denominator, pooled.asked) == (27, 36, 3)
    gains = [figures(one)["ICI-06"], figures(other)["ICI-06"]]
    both = pool(gains, "ICI-06")
    assert min(g.value for g in gains) <= both.value <= max(g.value for g in gains)
    assert both.high - both.low < min(g.high - g.low for g in gains)
    assert pool(shares[2:], "ICI-08").refusal.code == "NOT_RECORDED"


def test_months_end_with_the_month():
    assert months_later(date(2024, 2, 29), 24) == date(2026, 2, 28)
    assert months_later(date(2025, 3, 31), -1) == date(2025, 2, 28)
