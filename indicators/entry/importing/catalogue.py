"""What a programme's file may name: indicators, periods, units and breakdowns, by our codes or by words seen before.

A fixed number of queries; writes nothing. What nobody can match is counted, so that a person can match it once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.entry.cells import cell_key, parse_cell
from indicators.entry.importing.layout import Vocabulary, storable
from indicators.entry.importing.periods import first_day
from indicators.models import (
    Frequency,
    ImportTerm,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    User,
)
from indicators.periods import is_closed_to

TOTALS = frozenset({"default", "HllvX50cXC0", "total"})
"""What DHIS2 calls “no breakdown”."""
MOST_UNKNOWN = 500


class Catalogue:
    """Six queries."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.is_calendar_year = programme.fiscal_year_start_month == 1
        self.terms: dict[str, dict[str, str]] = defaultdict(dict)
        for kind, theirs, ours in ImportTerm.objects.filter(programme=programme).values_list(
            "kind", "theirs", "ours"
        ):
            self.terms[kind][theirs] = ours
        self.unknown: Counter[tuple[str, str]] = Counter()
        self._load_indicators()
        self._load_periods()
        self._load_units()

    def _load_indicators(self) -> None:
        self.indicators: dict[str, list[ProgrammeIndicator]] = defaultdict(list)
        self.by_pk: dict[int, ProgrammeIndicator] = {}
        names: dict[str, set[str]] = defaultdict(set)
        for indicator in (
            ProgrammeIndicator.objects.active()
            .filter(programme=self.programme)
            .select_related("definition", "version", "partner", "programme")
            .prefetch_related("units")
        ):
            code = indicator.definition.code.upper()
            self.indicators[code].append(indicator)
            self.by_pk[indicator.pk] = indicator
            for name in {indicator.local_name, indicator.version.name}:
                names[" ".join(name.casefold().split())].add(code)
        self.codes_by_name = {name: codes.pop() for name, codes in names.items() if len(codes) == 1 and name}
        self.dimensions = {
            dimension["name"]
            for indicator in self.by_pk.values()
            for dimension in indicator.version.disaggregations
        }

    def _load_periods(self) -> None:
        self.periods: dict[tuple[str, str], list[ReportingPeriod]] = defaultdict(list)
        self.periods_by_pk: dict[int, ReportingPeriod] = {}
        self.by_day: dict[str, list[ReportingPeriod]] = defaultdict(list)
        periods = ReportingPeriod.objects.filter(programme=self.programme).select_related("course_run")
        for period in periods.order_by("starts_on", "pk"):
            self.periods_by_pk[period.pk] = period
            self.periods[period.frequency, period.label.casefold()].append(period)
            self.periods[period.frequency, period.starts_on.isoformat()].append(period)
            self.by_day[period.frequency].append(period)

    def _load_units(self) -> None:
        units = list(ReportingUnit.objects.filter(programme=self.programme))
        self.units = {unit.code: unit for unit in units}
        self.units_by_pk = {unit.pk: unit for unit in units}
        names = Counter(unit.name.casefold() for unit in units)
        self.units_by_name = {
            unit.name.casefold(): unit for unit in units if names[unit.name.casefold()] == 1
        }

    def closed_periods(self, by: User | None, at: datetime) -> list[ReportingPeriod]:
        """Those that are locked, and stay open for nobody or not for this person. One query."""
        closed = ReportingPeriod.objects.filter(is_closed_to(by, at), programme=self.programme)
        return list(closed.select_related("course_run"))

    def vocabulary(self) -> Vocabulary:
        """For whoever proposes what columns mean."""
        return Vocabulary(
            dimensions=frozenset(self.dimensions),
            terms=self.terms[ImportTerm.Kind.COLUMN],
            periods=_Periods(self),
            units={word.casefold() for word in (*self.units, *self.units_by_name, *self.terms["unit"])},
            indicators={
                word.casefold() for word in (*self.indicators, *self.codes_by_name, *self.terms["indicator"])
            },
        )

    # --- One word at a time --------------------------------------------------------------------------------------

    def find_indicator(self, cells: Mapping[str, str]) -> ProgrammeIndicator:
        given = cells.get("indicator", "")
        word = self.terms["indicator"].get(given, given)
        code, _slash, partner = word.partition("/")
        partner = partner or cells.get("partner", "")
        tailored = self.indicators.get(code.strip().upper(), [])
        if not tailored:
            name = " ".join(word.casefold().split())
            tailored = self.indicators.get(self.codes_by_name.get(name, ""), [])
            partner = partner if tailored and "/" not in word else cells.get("partner", "")
        if not tailored:
            self._miss("indicator", given)
            raise refuse(
                "indicator",
                _("an indicator of this programme was expected, such as %(known)s."),
                known=", ".join(sorted(self.indicators)[:5]) or "–",
            )
        if partner:
            tailored = [
                one for one in tailored if one.partner is not None and one.partner.code == partner.upper()
            ]
        if len(tailored) != 1:
            raise refuse(
                "partner" if "partner" in cells else "indicator",
                _("%(count)s indicators match; name the partner it is tailored for, as in %(code)s/IRQ."),
                count=len(tailored),
                code=code[:40],
            )
        if tailored[0].is_computed:
            raise refuse(
                "indicator",
                _("this one is computed by a formula from others; their figures were expected."),
            )
        return tailored[0]

    def find_period(self, indicator: ProgrammeIndicator, given: str) -> ReportingPeriod:
        text = self.terms["period"].get(given, given)
        found = self.periods.get((indicator.frequency, text.casefold()), [])
        if not found:
            day = first_day(text, indicator.frequency, is_calendar_year=self.is_calendar_year)
            found = self.periods.get((indicator.frequency, day.isoformat()), []) if day else []
        if len({one.pk for one in found}) == 1:
            return found[0]
        if found:
            raise refuse(
                "period",
                _("several periods match; their label was expected: %(labels)s."),
                labels=", ".join(one.label for one in found[:5]),
            )
        self._miss("period", given)
        labels = [one.label for one in self.periods_by_pk.values() if one.frequency == indicator.frequency]
        raise refuse(
            "period",
            _(
                "a period reported “%(frequency)s” was expected, by its label or first day, such as %(known)s."
            ),
            frequency=indicator.get_frequency_display(),
            known=", ".join(labels[-2:]) or "–",
        )

    def find_period_of_day(self, indicator: ProgrammeIndicator, day: date) -> ReportingPeriod:
        """The one period of the indicator's frequency in which the day lies."""
        if indicator.frequency == Frequency.PER_COURSE:
            raise refuse("day", _("a course run was expected, by its label: several may run on one day."))
        of_frequency = self.by_day[indicator.frequency]
        place = bisect_right(of_frequency, day, key=lambda one: one.starts_on) - 1
        if place < 0 or of_frequency[place].ends_on < day:
            raise refuse(
                "day",
                _("a day within a period reported “%(frequency)s” was expected; %(known)s."),
                frequency=indicator.get_frequency_display(),
                known=_("they run from %(first)s to %(last)s")
                % {"first": of_frequency[0].starts_on, "last": of_frequency[-1].ends_on}
                if of_frequency
                else _("there is none"),
            )
        return of_frequency[place]

    def find_unit(self, given: str) -> ReportingUnit | None:
        code = self.terms["unit"].get(given, given)
        if not code:
            return None
        unit = self.units.get(code) or self.units_by_name.get(code.casefold())
        if unit is None:
            self._miss("unit", given)
            raise refuse(
                "unit",
                _("the code of a reporting unit was expected, such as %(known)s."),
                known=", ".join(list(self.units)[:5]) or "–",
            )
        return unit

    def find_cell(self, indicator: ProgrammeIndicator, cells: Mapping[str, str]) -> str:
        """The canonical breakdown, from a column of keys and from columns named after dimensions."""
        given = cells.get("cell", "")
        text = self.terms["cell"].get(given, "" if given in TOTALS else given)
        try:
            chosen = parse_cell(text)
            chosen |= {
                name.removeprefix("dim:"): said for name, said in cells.items() if name.startswith("dim:")
            }
            return cell_key(indicator.version, chosen)
        except ValidationError as problem:
            if given and given not in self.terms["cell"]:
                self._miss("cell", given)
            raise ValidationError({"cell": problem}) from None

    def _miss(self, kind: str, given: str) -> None:
        word = (kind, given[:200])
        if given and storable(given) == given and (word in self.unknown or len(self.unknown) < MOST_UNKNOWN):
            self.unknown[word] += 1


class _Periods:
    """Whether a header names a period of this programme, in whatever frequency."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.frequencies = sorted({frequency for frequency, _word in catalogue.periods})

    def __contains__(self, word: object) -> bool:
        text = self.catalogue.terms["period"].get(str(word), str(word)).casefold()
        for frequency in self.frequencies:
            if (frequency, text) in self.catalogue.periods:
                return True
            day = first_day(text, frequency, is_calendar_year=self.catalogue.is_calendar_year)
            if day is not None and (frequency, day.isoformat()) in self.catalogue.periods:
                return True
        return False

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return len(self.catalogue.periods)


def refuse(column: str, template: str, **params: Any) -> ValidationError:
    return ValidationError({column: ValidationError(template, params=params)})
