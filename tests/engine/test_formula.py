"""The language of formula indicators: what it says, what it refuses and where, and what missing does to it."""

from __future__ import annotations

import re
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.engine.formula import (
    FUNCTIONS,
    Absent,
    FormulaError,
    Inputs,
    Known,
    Reference,
    check,
    compiled,
    compute,
    in_words,
    outcomes,
    parse,
    references,
    substituted,
    to_text,
    year_starts,
)
from indicators.engine.formula import tree as nodes
from indicators.engine.messages import message
from indicators.engine.types import IndicatorRule, RefusalCode, ValueType

GAP = Absent(why=message("nothing reported"))
KNOWN = {
    "NMI-06": Known(value_type=ValueType.RATIO, label="Posts that meet the standard"),
    "NMI-07": Known(
        value_type=ValueType.COUNT,
        label="People trained",
        dimensions={"sex": frozenset({"female", "male"}), "nation": frozenset()},
    ),
    "NMI-08": Known(value_type=ValueType.BINARY, label="Law in force"),
    "NMI-09": Known(value_type=ValueType.TEXT, label="Story"),
    "ICI-03/JOR": Known(value_type=ValueType.SCORE, label="Readiness"),
}


def rule(value_type=ValueType.NUMBER, **given_):
    return IndicatorRule(
        value_type=value_type, direction="ascending", time_rule="last", site_rule="mean", **given_
    )


def inputs(tree, **columns):
    """Columns by name, the same for every part; None is a gap."""
    count = max(len(column) for column in columns.values())
    return Inputs(
        columns={one: [_value(v) for v in columns[one.name]] for one in references(tree)},
        labels=[f"p{place}" for place in range(count)],
        year_starts=[place - place % 4 for place in range(count)],
        days=[31, 28, 31, 30, 31, 30][:count],
    )


def _value(given_):
    if given_ is None:
        return GAP
    return given_ if isinstance(given_, bool) else Decimal(str(given_))


def result(text, **columns):
    """The values of each period; None where there is none, "!" where the formula failed."""
    tree = parse(text)
    found = []
    for one in compute(tree, inputs(tree, **columns)):
        if isinstance(one, Absent):
            found.append("!" if one.is_fault else None)
        else:
            found.append(one)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[A] + 2 * [B]", [Decimal(21), Decimal(42)]),
        ("([A] + 2) * [B]", [Decimal(30), Decimal(80)]),
        ("-[A] - -[B]", [Decimal(9), Decimal(18)]),
        ("[A] - [B] - 1", [Decimal(-10), Decimal(-19)]),
        ("0.1 + 0.2 + [A] * 0", [Decimal("0.3"), Decimal("0.3")]),
        ("[B] / 3 * 3 = [B] or [B] >= 20", [False, True]),
        ("not [A] = 1 and [B] > 0", [False, True]),
        ("if([A] >= 2, [B], [A])", [Decimal(1), Decimal(20)]),
        ("greatest([A], [B], 15)", [Decimal(15), Decimal(20)]),
        ("least([A], [B])", [Decimal(1), Decimal(2)]),
        ("abs([A] - [B])", [Decimal(9), Decimal(18)]),
        ("round([B] / 3, 2)", [Decimal("3.33"), Decimal("6.67")]),
        ("round([A] / 2)", [Decimal(0), Decimal(1)]),
        ("[A] ≥ 2", [False, True]),
        ("ISNULL([A])", [False, False]),
        ("[B] ^ [A]", [Decimal(10), Decimal(400)]),
        ("2 ^ 2 ^ [A]", [Decimal(4), Decimal(16)]),
        ("-[A] ^ 2 + 2 ^ -1", [Decimal("-0.5"), Decimal("-3.5")]),
        ("0 ^ [A] + 0 ^ 0 * [A]", [Decimal(1), Decimal(2)]),
        ("[B] % 3 - -[B] % 3 * 10", [Decimal(11), Decimal(22)]),
        ("round(log([B]) / log10([B]), 6)", [Decimal("2.302585")] * 2),
        ("firstNonNull(removeZeros([A] - 1), -9)", [Decimal(-9), Decimal(1)]),
        ("round(normDistCum([A], 1, 2), 6)", [Decimal("0.5"), Decimal("0.691462")]),
        ("round(normDistDen([A], 1, 2), 6)", [Decimal("0.199471"), Decimal("0.176033")]),
        ("[A] * days()", [Decimal(31), Decimal(56)]),
    ],
)
def test_figures_of_one_period(text, expected):
    assert result(text, A=[1, 2], B=[10, 20]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offset([A], -1)", [None, 1, 2, None, 4]),
        ("[A] - offset([A], -1)", [None, 1, None, None, 1]),
        ("sum(last([A], 2))", [None, 3, None, None, 9]),
        ("sum(last(firstNonNull([A], 0), 2))", [None, 3, 2, 4, 9]),
        ("mean(last([A], 3))", [1, Decimal("1.5"), Decimal("1.5"), 3, Decimal("4.5")]),
        ("min(last([A], 3))", [1, 1, 1, 2, 4]),
        ("max(last([A], 2))", [1, 2, 2, 4, 5]),
        ("median(last([A], 3))", [1, Decimal("1.5"), Decimal("1.5"), 3, Decimal("4.5")]),
        ("count(last([A], 3))", [1, 2, 2, 2, 2]),
        ("round(stddev(last([A], 2)), 4)", [None, Decimal("0.7071"), None, None, Decimal("0.7071")]),
        ("round(stddevPop(last([A], 2)), 4)", [0, Decimal("0.5"), 0, 0, Decimal("0.5")]),
        ("variance(last([A], 2))", [None, Decimal("0.5"), None, None, Decimal("0.5")]),
        (
            "percentile(last([A], 5), 0.25)",
            [1, Decimal("1.25"), Decimal("1.25"), Decimal("1.5"), Decimal("1.75")],
        ),
        ("percentile(last([A], 5), 0)", [1, 1, 1, 1, 1]),
        ("percentile(last([A], 5), 1)", [1, 2, 2, 4, 5]),
        ("ytd([A])", [1, 3, None, None, 5]),
        ("removeZeros(ytd(firstNonNull([A], 0)))", [1, 3, 3, 7, 5]),
        (
            "AVG(last([A], 2)) - periodOffset(percentileCont(last([A], 1), 0.5), -1)",
            [None, Decimal("0.5"), 0, None, Decimal("0.5")],
        ),
    ],
)
def test_figures_of_several_periods(text, expected):
    assert result(text, A=[1, 2, None, 4, 5]) == [None if e is None else Decimal(e) for e in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One figure missing, the other there; then both missing. The table of docs/formulas.md.
        ("[M] + [A]", [None, None]),
        ("[M] * 0", [None, None]),
        ("-[M]", [None, None]),
        ("[M] < [A]", [None, None]),
        ("[M] = [M]", [None, None]),
        ("isNull([M])", [True, True]),
        ("isNotNull([M])", [False, False]),
        ("firstNonNull([M], [A])", [1, None]),
        ("firstNonNull([M], [A], 0)", [1, 0]),
        ("greatest([M], [A])", [None, None]),
        ("abs([M])", [None, None]),
        ("if(isNull([M]), 7, [M])", [7, 7]),
        ("if([M] > 0, 1, 2)", [None, None]),
        ("if([A] > 0, 1, [M])", [1, None]),
        ("[M] > 0 and [A] > 5", [False, None]),
        ("[M] > 0 and [A] > 0", [None, None]),
        ("[M] > 0 or [A] > 0", [True, None]),
        ("[M] > 0 or [A] > 5", [None, None]),
        ("not [M] > 0", [None, None]),
        ("[M] ^ 2", [None, None]),
        ("2 % [M]", [None, None]),
        ("log([M])", [None, None]),
        ("removeZeros([M])", [None, None]),
        ("removeZeros([A] * 0)", [None, None]),
        ("normDistCum([A], [M], 1)", [None, None]),
    ],
)
def test_missing_is_not_zero(text, expected):
    assert result(text, M=[None, None], A=[1, None]) == expected


def test_division_by_zero_is_refused_for_that_period_alone():
    assert result("[A] / [B]", A=[1, 1], B=[0, 2]) == ["!", Decimal("0.5")]
    tree = parse("[A] / [B]")
    found = outcomes(tree, rule(), inputs(tree, A=[1, 1], B=[0, 2]))
    assert found[0].refusal.code is RefusalCode.DENOMINATOR_ZERO
    assert found[1].value == Decimal("0.5")


@pytest.mark.parametrize(
    "text",
    [
        "[A] % 0", "0 ^ (-[A])", "(-[A]) ^ 0.5", "log(0 * [A])", "log10(-[A])", "normDistCum(1, 1, 0 * [A])",
        "normDistDen(1, 1, -[A])", "10 ^ (60 * [A])", "((10 ^ 18) ^ 18) ^ 18 * [A]",
        "normDistDen([A], 1, 10 ^ -61)", "10 ^ (10 ^ 50 * [A])",
    ],
)  # fmt: skip
def test_what_does_not_exist_is_a_fault_that_nothing_hides(text):
    assert result(f"firstNonNull({text}, 5)", A=[1]) == ["!"]
    tree = parse(text)
    (found,) = outcomes(tree, rule(), inputs(tree, A=[1]))
    assert found.refusal.code in {RefusalCode.OUT_OF_BOUNDS, RefusalCode.DENOMINATOR_ZERO}
    assert "%" not in str(found.refusal.message)


def test_very_large_exponents_cost_nothing():
    began = time.perf_counter()
    assert result("1.0000001 ^ (10 ^ 17) + [A]", A=[1] * 50) == ["!"] * 50
    assert result("round(0.5 ^ (10 ^ 17), 6) + [A]", A=[1] * 50) == [Decimal(1)] * 50
    assert time.perf_counter() - began < 1


def test_names_of_other_tools_are_read_and_written_as_ours():
    assert to_text(parse("avg(last(yearToDate([A]), 2))")) == "mean(last(ytd([A]), 2))"
    assert to_text(parse("STDDEVSAMP(last([A],2))^-2%(3^2^2)")) == "stddev(last([A], 2)) ^ (-2) % 3 ^ 2 ^ 2"


def test_nothing_hides_a_division_by_zero_but_the_branch_not_taken():
    assert result("firstNonNull([A] / [B], 5)", A=[1], B=[0]) == ["!"]
    assert result("isNull([A] / [B])", A=[1], B=[0]) == ["!"]
    assert result("if([B] = 0, 0, [A] / [B])", A=[1], B=[0]) == [Decimal(0)]
    assert result("[B] != 0 and [A] / [B] > 1", A=[1], B=[0]) == [False]


def test_a_share_keeps_its_parts_and_the_rules_of_shares():
    tree = parse("([A].numerator + [B].numerator) / ([A].denominator + [B].denominator)")
    columns = {("A", "numerator"): 3, ("A", "denominator"): 4, ("B", "numerator"): 1, ("B", "denominator"): 4}
    given_ = Inputs(
        columns={one: [Decimal(columns[one.name, one.part])] for one in references(tree)},
        labels=["2025 Q1"],
        year_starts=[0],
    )
    share = rule(ValueType.RATIO, scale=Decimal(100), min_denominator=Decimal(5))

    (found,) = outcomes(tree, share, given_)
    assert (found.value, found.numerator, found.denominator) == (Decimal(50), Decimal(4), Decimal(8))

    strict = rule(ValueType.RATIO, scale=Decimal(100), min_denominator=Decimal(9))
    (refused,) = outcomes(tree, strict, given_)
    assert refused.refusal.code is RefusalCode.DENOMINATOR_TOO_SMALL
    assert (refused.value, refused.denominator) == (None, Decimal(8))


def test_results_out_of_bounds_and_beyond_measure_are_refused():
    tree = parse("[A] * 999999999999999999")
    (large,) = outcomes(tree, rule(), inputs(tree, A=[10]))
    assert large.refusal.code is RefusalCode.OUT_OF_BOUNDS
    tree = parse("[A] + 1")
    bounded = rule(ValueType.INDEX, lower_bound=Decimal(0), upper_bound=Decimal(100))
    over, inside = outcomes(tree, bounded, inputs(tree, A=[100, 99]))
    assert over.refusal.code is RefusalCode.OUT_OF_BOUNDS
    assert inside.value == Decimal(100)


def test_a_gap_has_a_reason_and_is_no_refusal():
    tree = parse("[A] + [B]")
    (found,) = outcomes(tree, rule(), inputs(tree, A=[1], B=[None]))
    assert (found.value, found.refusal, str(found.missing)) == (None, None, "nothing reported")


def test_yes_and_no_become_one_and_zero():
    tree = parse("[A] >= 2")
    found = outcomes(tree, rule(ValueType.BINARY), inputs(tree, A=[1, 2]))
    assert [one.value for one in found] == [Decimal(0), Decimal(1)]


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("", "ends here", 1),
        ("1 +", "ends here", 4),
        ("[NMI-06] [NMI-07]", "was not expected", 10),
        ("([NMI-07] + 1", "never closed", 1),
        ("[NMI-07", "never closed", 1),
        ("[NMI-6] + 1", "did you mean NMI-06", 1),
        ("[nmi7]", "did you mean NMI-07", 1),
        ("1 + [XYZ]", "expected one of the list", 5),
        ("sun(last([NMI-07], 3))", "did you mean sum", 1),
        ("NMI", "square brackets", 1),
        ("[NMI-07] ** 2", "a power is written a ^ b", 10),
        ("[NMI-07] ^", "ends here", 11),
        ("50% * [NMI-07]", "for percent write 100 * a / b", 3),
        ("[NMI-07] %", "for percent write 100 * a / b", 10),
        ("percentile(last([NMI-07], 3), 25)", "a number from 0 to 1", 31),
        ("percentile(last([NMI-07], 3), [NMI-07])", "a number from 0 to 1", 31),
        ("percentile([NMI-07], 0.5)", "percentile works over periods", 1),
        ("normDistCum([NMI-07])", "normDistCum(a, mean, sd)", 1),
        ("days([NMI-07])", "days()", 1),
        ("log([NMI-08])", "expected a number", 5),
        ("'x' * 10", "Texts", 1),
        ("[NMI-07].__class__", "not part of this language", 10),
        ("[NMI-07].label", "no part of an indicator", 10),
        ("[NMI-07].numerator", "not a share", 1),
        ("[NMI-07; sex]", "no disaggregation", 1),
        ("[NMI-07; rank=OF-3]", "not split by rank", 1),
        ("[NMI-07; sex=f]", "no category", 1),
        ("[NMI-07] + [NMI-08]", "yes or no; expected a number", 12),
        ("if([NMI-07], 1, 2)", "a number; expected yes or no", 4),
        ("if([NMI-08], 1, [NMI-08])", "expected a number", 17),
        ("not [NMI-07]", "expected yes or no", 5),
        ("1 < [NMI-07] < 3", "two figures at a time", 14),
        ("min([NMI-07], 3)", "least(a, b", 1),
        ("mean([NMI-07])", "works over periods", 1),
        ("last([NMI-07], 3)", "figures of several periods", 1),
        ("offset([NMI-07], 1)", "from -120 to -1", 18),
        ("sum(last([NMI-07], [NMI-07]))", "whole number", 20),
        ("sum(last([NMI-06], 3))", ".numerator", 10),
        ("ytd([NMI-06])", ".numerator", 5),
        ("[NMI-09]", "in words", 1),
        ("1 + 1", "names no indicator", 1),
        ("[NMI-08]", "expected a number", 1),
        ("1234567890123456789012", "too long", 1),
        ("(" * 100, "nested deeper", 26),
        ("-" * 100 + "1", "nested deeper", 26),
        ("1+" * 200 + "1", "more than 200 parts", 201),
        ("1" * 3000, "at most 2000", 2001),
    ],
)
def test_faults_are_named_with_their_place(text, said, column):
    with pytest.raises(FormulaError) as caught:
        check(parse(text), KNOWN, result=ValueType.NUMBER)

    assert said in str(caught.value) or said in caught.value.message.params.get("usage", "")
    assert caught.value.place(text) == (1, column)


def test_the_caret_stands_below_the_fault():
    text = "[NMI-07]\n + [NMI-7]"
    with pytest.raises(FormulaError) as caught:
        check(parse(text), KNOWN, result=ValueType.NUMBER)

    assert caught.value.place(text) == (2, 4)
    assert caught.value.caret(text) == (" + [NMI-7]", "   ^^^^^^^")


def test_the_result_fits_the_indicator():
    check(parse("[NMI-06].numerator / [NMI-07]"), KNOWN, result=ValueType.RATIO)
    check(parse("[NMI-06] > 80"), KNOWN, result=ValueType.BINARY)
    for text, kind in [
        ("[NMI-06]", ValueType.RATIO),
        ("[NMI-06]", ValueType.BINARY),
        ("[NMI-06]", ValueType.TEXT),
    ]:
        with pytest.raises(FormulaError):
            check(parse(text), KNOWN, result=kind)


HOSTILE = [
    "9**9**9**9", "9^9^9", "__import__('os').system('id')", "().__class__.__bases__", "open('/etc/passwd').read()",
    "'x'*10**10", "[x for x in range(9)]", "lambda: 1", "[A]" * 600, "((((" * 400, "----" * 400, "1+" * 900 + "1",
    "exec", "a.b.c", "[A].numerator.numerator", "{}", "if(", "sum(" * 30, "\x00", "\ud800", "[" * 2000, "]", "1e999",
    "1/0", "NaN", "Infinity", "0x10", "[A]\n\n\n;;", "١٢٣", "offset(offset([A], -1), -120)", "`id`", "%s", "{0}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_gives_an_error_of_ours_or_a_harmless_tree(text):
    _only_our_error(text)


def _only_our_error(text):
    try:
        tree = parse(text)
        assert parse(to_text(tree)) == tree
        check(tree, KNOWN | {"A": Known(value_type=ValueType.NUMBER)}, result=ValueType.NUMBER)
    except FormulaError as error:
        line, carets = error.caret(text)
        assert all([str(error), "\n" not in line, set(carets.strip()) == {"^"}])  # noqa: PT017 - raised or not


PIECES = st.sampled_from(
    [
        *"+-*/()=<>,.;[]^% \n1",
        "[A]",
        "[B; x=y].n",
        "if(",
        "sum(last(",
        "offset(",
        "and",
        "or",
        "not",
        "isNull(",
        "12.5",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join)))
def test_whatever_the_text_only_our_own_error_is_raised(text):
    _only_our_error(text)


def _reference(name, part):
    return nodes.Reference(name=name, part=part)


NUMBERS = st.recursive(
    st.one_of(
        st.decimals(0, 1000, places=2).map(lambda value: nodes.Number(value=value)),
        st.builds(_reference, st.sampled_from("AB"), st.sampled_from(["value", "n"])),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda sign, left, right: nodes.Binary(sign=sign, left=left, right=right),
            st.sampled_from("+-*/%^"),
            inner,
            inner,
        ),
        inner.map(lambda one: nodes.Unary(sign="-", operand=one)),
        st.builds(
            lambda name, one: nodes.Call(name=name, arguments=(one,)),
            st.sampled_from(["log", "log10", "removeZeros", "abs"]),
            inner,
        ),
        st.builds(
            lambda name, parts: nodes.Call(name=name, arguments=tuple(parts)),
            st.sampled_from(["normDistCum", "normDistDen"]),
            st.lists(inner, min_size=3, max_size=3),
        ),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: nodes.Call(name="firstNonNull", arguments=tuple(parts))
        ),
        st.builds(
            lambda sign, a, b, c: nodes.Call(
                name="if", arguments=(nodes.Binary(sign=sign, left=a, right=b), b, c)
            ),
            st.sampled_from(["<", ">=", "="]),
            inner,
            inner,
            inner,
        ),
        inner.map(
            lambda one: nodes.Call(
                name="mean",
                arguments=(nodes.Call(name="last", arguments=(one, nodes.Number(value=Decimal(2)))),),
            )
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(NUMBERS)
def test_a_tree_written_and_read_again_is_the_same_tree(tree):
    assert parse(to_text(tree)) == tree


FIGURES = st.lists(st.one_of(st.none(), st.decimals(-1000, 1000, places=3)), min_size=3, max_size=3)


@settings(max_examples=200, deadline=None)
@given(NUMBERS, FIGURES, FIGURES)
def test_every_checked_tree_computes_on_every_figures(tree, a, b):
    given_ = Inputs(
        columns={
            one: [GAP if v is None else v for v in (a if one.name == "A" else b)] for one in references(tree)
        },
        labels=["1", "2", "3"],
        year_starts=[0, 0, 0],
    )
    for found in outcomes(tree, rule(), given_):
        assert (found.value is not None) + (found.refusal is not None) + (found.missing is not None) == 1
    assert all(substituted(tree, given_, place) for place in range(3))
    assert in_words(tree, {"A": "First"})


def test_the_formula_in_words():
    tree = parse("if(isNull([NMI-06]), 0, ([NMI-07; sex=female] + ytd([NMI-07])) / offset([NMI-07], -2))")

    said = in_words(tree, {name: one.label for name, one in KNOWN.items()})

    assert said == (
        "if “Posts that meet the standard” (NMI-06) is missing, then 0, otherwise "
        "(“People trained” (NMI-07) where sex is female plus "
        "“People trained” (NMI-07) added up from the start of the year) "
        "divided by “People trained” (NMI-07) 2 periods earlier"
    )


def test_every_function_and_sign_can_be_said_in_words():
    for function in FUNCTIONS.values():
        text = function.usage.split(" or ")[0].replace(", …", "").replace("condition", "a > b")
        for name in ("mean, sd", "a", "b"):
            text = re.sub(rf"(?<![A-Za-z]){name}(?![A-Za-z])", "[A], [A]" if "," in name else "[A]", text)
        said = in_words(parse(text if not text.startswith("last") else f"sum({text})"), {})
        assert said
        assert "%" not in said
    assert in_words(parse("[A] % 2 ^ days()"), {}) == (
        "the remainder of A divided by 2 to the power of the days of the period"
    )


def test_the_formula_with_its_numbers():
    per_day = parse("percentile(last([A], 2), 0.5) / days()")
    assert substituted(per_day, inputs(per_day, A=[1, 2]), 1) == "percentile(1; 2, 0.5) / 28"
    tree = parse("([A] + 1) / sum(last([B], 2)) - offset([A], -1)")

    assert substituted(tree, inputs(tree, A=[1, 2], B=[3, None]), 1) == "(2 + 1) / sum(3; –) - 1"


def test_a_name_may_be_of_one_partner_and_a_cell_of_several_dimensions():
    tree = parse("[ICI-03/JOR; sex=female; nation=KWT].n")

    assert tree == Reference(name="ICI-03/JOR", cell="nation=KWT;sex=female", part="n")
    assert parse(to_text(tree)) == tree


def test_years_begin_in_the_fiscal_month():
    months = [date(2025, month, 1) for month in (1, 4, 7, 10)] + [date(2026, 1, 1)]

    assert year_starts(months) == [0, 0, 0, 0, 4]
    assert year_starts(months, 4) == [0, 1, 1, 1, 1]


def test_the_worst_formula_of_the_permitted_size_stays_cheap():
    """Windows within windows do not multiply: each node is computed once for all periods."""
    text = "[A]"
    for _ in range(7):
        text = f"mean(last({text}, 120))"
    tree = parse(text)
    column = inputs(tree, A=list(range(240)))
    run = compiled(tree)

    began = time.perf_counter()
    found = run(column)
    taken = time.perf_counter() - began

    assert len(found) == 240
    assert taken < 2
