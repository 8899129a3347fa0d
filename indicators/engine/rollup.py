"""Sites and disaggregation cells of one period become one figure. Periods are joined in `timeline`, never here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import exact
from .display import format_number
from .messages import gettext_noop, message, refuse
from .types import IndicatorRule, Measurement, Message, PeriodValue, Refusal, RefusalCode, SiteRule, ValueType

LARGEST_VALUE = Decimal("1E+18")
"""From here on a figure is a slip of the pen, and would not fit into what keeps it."""
_PICKED: dict[SiteRule, Callable[[Sequence[Decimal]], Decimal]] = {
    SiteRule.MIN: lambda values: exact.plain(min(values)),
    SiteRule.MAX: lambda values: exact.plain(max(values)),
    SiteRule.MEDIAN: exact.median,
    SiteRule.FIRST: lambda values: exact.plain(values[0]),
    SiteRule.LAST: lambda values: exact.plain(values[-1]),
}
_ONE_SPEAKS = {SiteRule.FIRST: min, SiteRule.LAST: max}
"""Rules that pick a value, of whose standard error nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """What cells, sites and the period have in common: a figure and what stands behind it."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None
    standard_error: Decimal | None = None
    n: int | None = None


def roll_up_period(
    measurements: Sequence[Measurement],
    rule: IndicatorRule,
    *,
    starts_on: date,
    ends_on: date,
    label: str,
    expected: int,
) -> PeriodValue:
    """Roll the approved observations of one period into one figure.

    Within a site the total cell is used when it is there, otherwise the cells of its coarsest set of dimensions are
    joined. Over sites the rule of the indicator applies; a figure for the whole programme (site None) is the total of
    the sites and is used instead of them. Ratios add their parts before they divide.

    Args:
        measurements: approved, current observations of this period, in any order.
        rule: the indicator's rule.
        starts_on, ends_on, label: the period.
        expected: number of sites that were due to report, 0 or more.

    Returns:
        The period's value; value None with a refusal when something was reported but no figure may be formed
        (DENOMINATOR_ZERO, DENOMINATOR_TOO_SMALL, WEIGHTS_MISSING, SITES_NOT_COMBINABLE), value None without a
        refusal when nothing usable was reported. Parts are kept beside a refusal, so that periods can be pooled.

    Source: METHOD 2.1, 2.11.

    >>> rule = IndicatorRule(value_type=ValueType.RATIO, direction="ascending", time_rule="last",
    ...                      site_rule=SiteRule.RATIO_OF_SUMS, scale=Decimal(100))
    >>> sites = [Measurement(id=1, site=1, numerator=Decimal(1), denominator=Decimal(4)),
    ...          Measurement(id=2, site=2, numerator=Decimal(1), denominator=Decimal(1))]
    >>> day = date(2025, 1, 1)
    >>> roll_up_period(sites, rule, starts_on=day, ends_on=day, label="", expected=2).value
    Decimal('40')
    """
    usable = [m for m in measurements if rule.value_type is ValueType.TEXT or is_usable(m)]
    by_site = _by_site(usable)
    reported = max(expected, 1) if None in by_site else len(by_site)
    figure: _Figure | Refusal | None = None
    if usable and rule.value_type is not ValueType.TEXT:
        figure = _join_sites(by_site, rule)
    refusal: Refusal | None = None
    if isinstance(figure, Refusal):
        refusal, figure = figure, None
    elif figure is not None:
        refusal = minimum_data_refusal(rule, figure.denominator, figure.n)
    if figure is None:
        figure = _Figure()
    value = None if refusal else _value_of(figure, rule)
    refusal = refusal or size_refusal(value)
    return PeriodValue(
        starts_on=starts_on,
        ends_on=ends_on,
        label=label,
        value=None if refusal else value,
        numerator=figure.numerator,
        denominator=figure.denominator,
        standard_error=figure.standard_error,
        n=figure.n,
        reported=reported,
        expected=expected,
        refusal=refusal,
    )


def size_refusal(value: Decimal | None) -> Refusal | None:
    """Why a figure of 10¹⁸ and more is none: a slip of the pen in a numerator or a denominator, never a result."""
    if value is None or abs(value) < LARGEST_VALUE:
        return None
    return refuse(
        RefusalCode.OUT_OF_BOUNDS,
        gettext_noop(
            "The figure has more than 18 digits before the point; what was entered cannot be right."
        ),
    )


def counted(measurements: Sequence[Measurement], rule: IndicatorRule) -> tuple[Measurement, ...]:
    """Those of one period that its figure is made of; the others stand beside it (METHOD 2.1).

    A figure of the whole programme is used instead of its sites, a total instead of its cells, and of several ways to
    split the coarsest.
    """
    usable = [m for m in measurements if rule.value_type is ValueType.TEXT or is_usable(m)]
    by_site = _by_site(usable)
    return tuple(one for cells in _speaking(by_site, rule) for one in _coarsest(cells))


def _speaking(by_site: dict[int | None, list[Measurement]], rule: IndicatorRule) -> list[list[Measurement]]:
    """The sites whose figures count."""
    if None in by_site:
        return [by_site[None]]
    if by_site and rule.site_rule in _ONE_SPEAKS:
        number = _ONE_SPEAKS[rule.site_rule](site for site in by_site if site is not None)
        return [by_site[number]]
    return list(by_site.values())


def _coarsest(cells: Sequence[Measurement]) -> list[Measurement]:
    groups = _by_dimensions(cells)
    return groups[min(groups, key=lambda names: (len(names), names))]


def is_usable(measurement: Measurement) -> bool:
    """There is a number in it; a reported zero is a number."""
    has_parts = measurement.numerator is not None and measurement.denominator is not None
    return has_parts or measurement.value is not None


def minimum_data_refusal(rule: IndicatorRule, denominator: Decimal | None, n: int | None) -> Refusal | None:
    """Why a figure may not be formed on this little data, or None (METHOD 2.11)."""
    if rule.value_type is ValueType.RATIO and denominator is not None and denominator == 0:
        return refuse(
            RefusalCode.DENOMINATOR_ZERO,
            gettext_noop("The denominator is 0: there was nothing to count a share of."),
        )
    if rule.min_denominator is not None and denominator is not None and denominator < rule.min_denominator:
        return refuse(
            RefusalCode.DENOMINATOR_TOO_SMALL,
            gettext_noop("The denominator is %(have)s; this indicator needs at least %(need)s."),
            have=format_number(denominator, 2),
            need=format_number(rule.min_denominator, 2),
        )
    if rule.min_n is None:
        return None
    people = n if n is not None or denominator is None else int(denominator)
    if people is None:
        return refuse(
            RefusalCode.DENOMINATOR_TOO_SMALL,
            gettext_noop("The number of cases (n) is not stated; this indicator needs at least %(need)s."),
            need=rule.min_n,
        )
    if people < rule.min_n:
        return refuse(
            RefusalCode.DENOMINATOR_TOO_SMALL,
            gettext_noop("There are %(have)s cases; this indicator needs at least %(need)s."),
            have=people,
            need=rule.min_n,
        )
    return None


def check_parts(measurements: Sequence[Measurement], rule: IndicatorRule | None = None) -> Message | None:
    """Say when the parts of a site do not add up to its total; nothing is corrected (METHOD 2.7, validity).

    Args:
        measurements: observations of one period; each site is compared with itself.
        rule: when given, values are compared only if they are of a kind that adds (counts and summed numbers).

    Returns:
        The first mismatch in order of site and dimensions, or None.
    """
    for _, cells in sorted(
        _by_site(measurements).items(), key=lambda item: (item[0] is not None, item[0] or 0)
    ):
        whole = [m for m in cells if m.cell == ""]
        if not whole:
            continue
        for dimensions, parts in sorted(_by_dimensions(cells).items()):
            found = _mismatch(whole, parts, adds_values=rule is None or _adds(rule))
            if dimensions and found is not None:
                what, of_parts, of_whole = found
                return message(
                    gettext_noop(
                        "The parts by %(dimensions)s give %(what)s %(parts)s, but the total says %(total)s."
                    ),
                    dimensions=", ".join(dimensions),
                    what=what,
                    parts=format_number(of_parts, 4),
                    total=format_number(of_whole, 4),
                )
    return None


def _mismatch(
    whole: Sequence[Measurement], parts: Sequence[Measurement], *, adds_values: bool
) -> tuple[str, Decimal, Decimal] | None:
    for what in ("numerator", "denominator", "value"):
        if what == "value" and not adds_values:
            continue
        of_whole = _sum_of(getattr(m, what) for m in whole)
        of_parts = _sum_of(getattr(m, what) for m in parts)
        if of_whole is not None and of_parts is not None and of_whole != of_parts:
            return what, of_parts, of_whole
    return None


def _adds(rule: IndicatorRule) -> bool:
    return rule.value_type is ValueType.COUNT or rule.site_rule is SiteRule.SUM


def _by_site(measurements: Iterable[Measurement]) -> dict[int | None, list[Measurement]]:
    sites: dict[int | None, list[Measurement]] = {}
    for one in measurements:
        sites.setdefault(one.site, []).append(one)
    return sites


def _by_dimensions(cells: Iterable[Measurement]) -> dict[tuple[str, ...], list[Measurement]]:
    """``nation=KWT;sex=female`` belongs to (nation, sex); the total to ()."""
    groups: dict[tuple[str, ...], list[Measurement]] = {}
    for one in cells:
        names = tuple(sorted(part.partition("=")[0] for part in one.cell.split(";") if part))
        groups.setdefault(names, []).append(one)
    return groups


def _join_sites(by_site: dict[int | None, list[Measurement]], rule: IndicatorRule) -> _Figure | Refusal:
    figures: list[_Figure] = []
    for cells in _speaking(by_site, rule):
        figure = _join_cells(cells, rule)
        if isinstance(figure, Refusal):
            return figure
        figures.append(figure)
    if len(figures) == 1:
        return figures[0]
    if rule.site_rule is SiteRule.NOT_APPLICABLE:
        return refuse(
            RefusalCode.SITES_NOT_COMBINABLE,
            gettext_noop("%(count)s sites reported, but this indicator has no rule for joining sites."),
            count=len(figures),
        )
    return _combine(figures, rule.site_rule, rule)


def _join_cells(cells: Sequence[Measurement], rule: IndicatorRule) -> _Figure | Refusal:
    chosen = [
        _Figure(
            numerator=m.numerator,
            denominator=m.denominator,
            value=m.value,
            standard_error=m.standard_error,
            n=m.n,
        )
        for m in _coarsest(cells)
    ]
    return chosen[0] if len(chosen) == 1 else _combine(chosen, _rule_within_site(rule), rule)


def _rule_within_site(rule: IndicatorRule) -> SiteRule:
    """Parts of one site: counts add, ratios pool, scores are weighted unless the indicator says otherwise."""
    match rule.value_type:
        case ValueType.COUNT:
            return SiteRule.SUM
        case ValueType.RATIO:
            return SiteRule.RATIO_OF_SUMS
        case _ if rule.site_rule in {SiteRule.NOT_APPLICABLE, SiteRule.RATIO_OF_SUMS, *_ONE_SPEAKS}:
            return SiteRule.MEAN_WEIGHTED_N
        case _:
            return rule.site_rule


def _combine(figures: Sequence[_Figure], how: SiteRule, rule: IndicatorRule) -> _Figure | Refusal:
    numerator = _sum_of(f.numerator for f in figures)
    denominator = _sum_of(f.denominator for f in figures)
    n = _sum_of_counts(f.n for f in figures)
    has_parts = numerator is not None and denominator is not None
    is_made_of_parts = rule.value_type is ValueType.RATIO or all(f.value is None for f in figures)
    pools = how in {SiteRule.RATIO_OF_SUMS, SiteRule.SUM} and rule.value_type is not ValueType.COUNT
    if has_parts and is_made_of_parts and pools:
        return _Figure(numerator=numerator, denominator=denominator, n=n)
    values = [value for f in figures if (value := _value_of(f, rule)) is not None]
    if len(values) != len(figures):
        # A share of nothing has no value; the others still have one, and coverage tells how many there are.
        figures = [f for f in figures if _value_of(f, rule) is not None]
        if not figures:
            return _Figure(numerator=numerator, denominator=denominator, n=n)
    joined = join_values(
        values,
        how,
        n=[f.denominator if f.n is None else f.n for f in figures],
        standard_errors=[f.standard_error for f in figures],
    )
    if isinstance(joined, Refusal):
        return joined
    value, standard_error = joined
    if rule.value_type is ValueType.RATIO:
        numerator = None
    return _Figure(
        value=value, standard_error=standard_error, n=n, numerator=numerator, denominator=denominator
    )


def join_values(
    values: Sequence[Decimal],
    how: SiteRule,
    *,
    n: Sequence[int | Decimal | None],
    standard_errors: Sequence[Decimal | None],
) -> tuple[Decimal, Decimal | None] | Refusal:
    """One value and its standard error (None when unknown) out of several in the order of their sites, by a rule."""
    match how:
        case SiteRule.SUM:
            return exact.total(values), _error_of_sum(standard_errors)
        case SiteRule.MEAN | SiteRule.NOT_APPLICABLE:
            error = _error_of_sum(standard_errors)
            count = Decimal(len(values))
            return exact.mean(values), None if error is None else exact.quotient(error, count)
        case SiteRule.MIN | SiteRule.MAX | SiteRule.MEDIAN | SiteRule.FIRST | SiteRule.LAST:
            return _PICKED[how](values), None
        case SiteRule.MEAN_WEIGHTED_N | SiteRule.RATIO_OF_SUMS:
            weights = [Decimal(one) for one in n if one is not None]
            if len(weights) != len(values) or not any(weights):
                return refuse(
                    RefusalCode.WEIGHTS_MISSING,
                    gettext_noop(
                        "The weighted mean needs the number of cases (n) of each part; %(missing)s have none."
                    ),
                    missing=len(values) - len(weights),
                )
            return exact.weighted_mean(values, weights), None
        case SiteRule.MEAN_INVERSE_VARIANCE:
            return inverse_variance_mean(values, standard_errors)


def inverse_variance_mean(
    values: Sequence[Decimal], standard_errors: Sequence[Decimal | None]
) -> tuple[Decimal, Decimal] | Refusal:
    """Σ(x/s²) ÷ Σ(1/s²) with standard error √(1/Σ(1/s²)); every value needs a standard error above 0."""
    errors = [one for one in standard_errors if one is not None and one > 0]
    if len(errors) != len(values):
        return refuse(
            RefusalCode.WEIGHTS_MISSING,
            gettext_noop(
                "The inverse-variance mean needs a standard error above 0 of each part; %(missing)s have none."
            ),
            missing=len(values) - len(errors),
        )
    # 1/s² relative to the smallest s² keeps ten decimal places meaningful for very small errors.
    smallest = min(errors)
    weights = [exact.quotient(exact.times(smallest, smallest), exact.times(s, s)) for s in errors]
    error = exact.quotient(smallest, exact.root(exact.total(weights)))
    return exact.weighted_mean(values, weights), error


def _value_of(figure: _Figure, rule: IndicatorRule) -> Decimal | None:
    has_parts = figure.numerator is not None and figure.denominator is not None
    if figure.value is not None and not (has_parts and rule.value_type is ValueType.RATIO):
        return exact.plain(figure.value)
    if figure.numerator is None or figure.denominator is None or figure.denominator == 0:
        return None
    return exact.quotient(exact.times(rule.scale, figure.numerator), figure.denominator)


def _sum_of(numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None when one of them is missing: a total with a hole is not a total."""
    known = list(numbers)
    if not known or any(one is None for one in known):
        return None
    return exact.total(one for one in known if one is not None)


def _sum_of_counts(numbers: Iterable[int | None]) -> int | None:
    known = list(numbers)
    return None if any(one is None for one in known) else sum(one for one in known if one is not None)


def _error_of_sum(standard_errors: Sequence[Decimal | None]) -> Decimal | None:
    squares = _sum_of(None if one is None else exact.times(one, one) for one in standard_errors)
    return None if squares is None else exact.root(squares)
