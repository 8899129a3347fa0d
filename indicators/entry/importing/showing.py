"""What staged rows would change, in words. Reads; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.entry.cells import cell_label
from indicators.entry.checks import FIGURE_FIELDS
from indicators.entry.showing import figure_text
from indicators.models import (
    FileImport,
    ImportRow,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    RowKind,
)

CHANGING = (RowKind.NEW, RowKind.CHANGED, RowKind.CORRECTED)
WORDS = {RowKind.NEW: "new", RowKind.CHANGED: "change", RowKind.CORRECTED: "correction"}
AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row: where, what stands, what the file says."""

    row: int
    kind: str
    code: str
    indicator: ProgrammeIndicator | None
    period: str
    unit: str
    unit_code: str
    cell: str
    cell_label: str
    before: str
    after: str
    others: tuple[str, ...] = ()
    """Fields that differ where the figure is the same."""
    reason: str = ""

    def __str__(self) -> str:
        place = " ".join(word for word in (self.code, self.period, self.unit_code, self.cell) if word)
        word = WORDS[RowKind(self.kind)]
        if self.kind == RowKind.NEW:
            return f"row {self.row}: {word} {place}: {self.after}"
        if self.others:
            return f"row {self.row}: {word} {place}: other {', '.join(self.others)}"
        return f"row {self.row}: {word} {place}: {self.before} → {self.after}"


def differences(rows: Sequence[ImportRow]) -> list[Difference]:
    """In five queries, however many rows."""
    indicators = ProgrammeIndicator.objects.select_related("definition", "version", "partner").in_bulk(
        {row.indicator_id for row in rows if row.indicator_id}
    )
    periods = ReportingPeriod.objects.in_bulk({row.period_id for row in rows if row.period_id})
    units = ReportingUnit.objects.in_bulk({row.unit_id for row in rows if row.unit_id})
    standing = Observation.objects.in_bulk({row.existing_id for row in rows if row.existing_id})
    found = []
    for row in rows:
        indicator = indicators.get(row.indicator_id)
        period, unit = periods.get(row.period_id), units.get(row.unit_id)
        before = _as_it_stood(row, standing.get(row.existing_id))
        after = figure_text(indicator.version, vars(row)) if indicator else ""
        was = figure_text(indicator.version, before) if indicator and before else ""
        found.append(
            Difference(
                row=row.row,
                kind=row.kind,
                code=indicator.definition.code if indicator else "",
                indicator=indicator,
                period=period.label if period else "",
                unit=unit.name if unit else "",
                unit_code=unit.code if unit else "",
                cell=row.cell,
                cell_label=cell_label(indicator.version, row.cell) if indicator else row.cell,
                before=was,
                after=after,
                others=_others(row, before) if before and was == after else (),
                reason=row.reason,
            )
        )
    return found


def _as_it_stood(row: ImportRow, standing: Observation | None) -> dict[str, object] | None:
    if row.before:
        stored = Observation(**{n: row.before[n] for n in FIGURE_FIELDS})
        stored.numerator, stored.denominator, stored.value, stored.standard_error = (
            Observation._meta.get_field(n).to_python(row.before[n])
            for n in ("numerator", "denominator", "value", "standard_error")
        )
        stored.as_of = Observation._meta.get_field("as_of").to_python(row.before["as_of"])
        return vars(stored)
    return vars(standing) if standing is not None else None


def _others(row: ImportRow, before: dict[str, object]) -> tuple[str, ...]:
    return tuple(name for name in FIGURE_FIELDS if getattr(row, name) != before[name])


def every_difference(file_import: FileImport, most: int | None = None) -> Iterator[Difference]:
    """All that would change, in order of the rows."""
    rows = ImportRow.objects.filter(file_import=file_import, kind__in=CHANGING).order_by("row", "pk")
    if most is not None:
        yield from differences(list(rows[:most]))
        return
    last: tuple[int, int] = (-1, -1)
    while some := list(rows.extra(where=["(row, observation_number) > (%s, %s)"], params=last)[:AT_ONCE]):
        yield from differences(some)
        last = (some[-1].row, some[-1].pk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one cell of the file."""

    row: int
    column: str
    given: str
    message: str

    def __str__(self) -> str:
        given = f" ({self.given[:40]!r})" if self.given else ""
        return f"row {self.row}, {self.column}{given}: {self.message}"


def problems(rows: Iterable[ImportRow]) -> list[Problem]:
    return [
        Problem(
            row=row.row, column=one["column"].removeprefix("dim:"), given=one["given"], message=one["message"]
        )
        for row in rows
        for one in row.problems or ()
    ]


def every_problem(file_import: FileImport) -> Iterator[Problem]:
    rows = ImportRow.objects.filter(file_import=file_import, kind=RowKind.PROBLEM).order_by("row", "pk")
    yield from problems(rows.iterator(chunk_size=2000))


# --- For the pages -----------------------------------------------------------------------------------------------


def dimensions_of(programme: Programme) -> list[str]:
    """By what the programme's indicators are split."""
    versions = (
        ProgrammeIndicator.objects.active()
        .filter(programme=programme)
        .values_list("version__disaggregations", flat=True)
    )
    return sorted({one["name"] for some in versions for one in some})


def our_words(programme: Programme) -> dict[str, list[tuple[str, str]]]:
    """What a word of a file may mean: our indicators, units and periods, for a choice."""
    indicators = (
        ProgrammeIndicator.objects.active()
        .filter(programme=programme, formula="")
        .select_related("definition", "version", "partner")
    )
    return {
        "indicator": [
            (f"{one.definition.code}/{one.partner.code}" if one.partner else one.definition.code, str(one))
            for one in indicators
        ],
        "unit": [
            (one.code, f"{one.code} {one.name}") for one in ReportingUnit.objects.filter(programme=programme)
        ],
        "period": [
            (one.label, one.label)
            for one in ReportingPeriod.objects.filter(programme=programme).order_by("-starts_on")[:400]
        ],
    }


def reversible_words(counts: Mapping[str, int]) -> list[str]:
    """What undoing would do, and what it cannot, in sentences."""
    said = [
        ngettext("%(n)s figure is discarded.", "%(n)s figures are discarded.", counts["discarded"])
        % {"n": counts["discarded"]},
    ]
    if counts["restored"]:
        said.append(
            ngettext(
                "%(n)s changed figure is as before again.",
                "%(n)s changed figures are as before again.",
                counts["restored"],
            )
            % {"n": counts["restored"]}
        )
    if counts["approved"]:
        said.append(
            _("%(n)s were approved since and stay: an approved figure can only be corrected.")
            % {"n": counts["approved"]}
        )
    if counts["rejected"]:
        said.append(_("%(n)s were rejected and stay as they are.") % {"n": counts["rejected"]})
    if counts["touched"]:
        said.append(_("%(n)s were changed by somebody since and stay.") % {"n": counts["touched"]})
    return said
