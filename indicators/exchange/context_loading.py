"""A published edition of context series into the database: whole, or not at all; an older edition is never touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.entry.importing import Table
from indicators.events import remember
from indicators.exchange.context_reading import (
    LAYOUTS,
    Found,
    Problem,
    Value,
    Wording,
    layout_of,
    read_values,
)
from indicators.exchange.queueing import wait_for_others
from indicators.models import ContextRelease, ContextSeries, ContextValue, Partner, User
from indicators.permissions import check_may_administer

OTHER_NAMES = {
    "egypt, arab rep.": "EGY",
    "yemen, rep.": "YEM",
    "iran, islamic rep.": "IRN",
    "syrian arab republic": "SYR",
    "türkiye": "TUR",
    "west bank and gaza": "PSE",
}
"""How the World Bank writes countries that others write differently."""


@dataclass(slots=True, kw_only=True)
class Line:
    """What one series of the file is, or would be."""

    series: str
    name: str
    values: int
    countries: int
    is_same: bool = False
    """The edition is stored already, with these values."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do."""

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[tuple[str, int]] = field(default_factory=list)
    """Countries that are no partners here, with their number of rows."""
    empty: int = 0
    is_kept: bool = False

    @property
    def changes_nothing(self) -> bool:
        return all(line.is_same for line in self.lines)

    def __str__(self) -> str:
        new = [line for line in self.lines if not line.is_same]
        return (
            f"{len(new)} editions new with {sum(line.values for line in new)} values, "
            f"{len(self.lines) - len(new)} here already"
        )


def load_context(
    *,
    table: Table,
    vintage: str,
    by: User,
    at: datetime,
    series: str = "",
    wording: Wording | None = None,
    source: str = "",
    retrieved_on: date | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Keep an edition of every series in a file; the same file again changes nothing.

    Args:
        vintage: what the publisher calls this edition; another edition is another release beside it.
        series: code of the series, or of its first part where a file holds several.
        wording: for a series that is new and that the layout does not name.

    Raises:
        PermissionDenied: `by` is not an administrator.
        ValidationError: the file's columns, the edition's name or the series' description are wrong; or an edition of
            that name is stored with other values.
    """
    check_may_administer(by)
    vintage, source = vintage.strip(), source.strip() or table.name
    layout = layout_of(table)
    _check_told(layout, vintage, series, source)
    found = read_values(table, layout, series)
    values, skipped = _of_partners(found)
    outcome = Outcome(problems=found.problems, skipped=skipped, empty=found.empty)
    if outcome.problems:
        return outcome
    if not values:
        raise ValidationError(_("The file has no value for a country that is a partner here."))
    with transaction.atomic():
        wait_for_others()
        for code, rows in sorted(values.items()):
            kept = _series(code, layout, wording or Wording())
            outcome.lines.append(
                _keep(kept, vintage, source, retrieved_on or at.date(), rows, table, by=by, at=at)
            )
        outcome.is_kept = not dry_run
        if dry_run:
            transaction.set_rollback(True)
    return outcome


def _check_told(layout: str, vintage: str, series: str, source: str) -> None:
    faults = {}
    if not vintage or len(vintage) > 60:
        faults["vintage"] = _("The publisher's name of the edition was expected, of 1 to 60 characters.")
    if layout == "tidy" and not series:
        faults["series"] = _("The code of the series was expected: this kind of file does not say it.")
    if series and not (series.isascii() and series.replace("-", "").isalnum() and len(series) <= 22):
        faults["series"] = _("A code of letters, digits and hyphens was expected, of at most 22 characters.")
    if len(source) > 300:
        faults["source"] = _("At most 300 characters were expected.")
    if faults:
        raise ValidationError(faults)


def _of_partners(found: Found) -> tuple[dict[str, list[tuple[Partner, Value]]], list[tuple[str, int]]]:
    known: dict[str, Partner] = {}
    by_code = {}
    for partner in Partner.objects.all():
        by_code[partner.code] = partner
        known |= {one.casefold(): partner for one in (partner.name, partner.code, partner.alpha2)}
    known |= {name: by_code[code] for name, code in OTHER_NAMES.items() if code in by_code}
    skipped: Counter[str] = Counter()
    values: dict[str, list[tuple[Partner, Value]]] = {}
    for code, rows in found.values.items():
        for one in rows:
            found_partner = known.get(one.country.casefold())
            if found_partner is None:
                skipped[one.country] += 1
            else:
                values.setdefault(code, []).append((found_partner, one))
    return values, sorted(skipped.items())


def _series(code: str, layout: str, given: Wording) -> ContextSeries:
    """The series as it is kept, or a new one; a licence is never changed by loading."""
    kept = ContextSeries.objects.filter(code=code).first()
    if kept is not None:
        if given.licence and given.licence != kept.licence:
            raise ValidationError(
                {
                    "licence": _("“%(given)s” was given; series %(code)s is kept under “%(kept)s”.")
                    % {"given": given.licence, "code": code, "kept": kept.licence}
                }
            )
        return kept
    known = LAYOUTS[layout].wording.get(code.rpartition("-")[2], Wording())
    told = replace(known, **{name: text for name in Wording.__slots__ if (text := getattr(given, name))})
    missing = {
        name: _("Series %s is new; this was expected.") % code
        for name in ("name", "publisher", "unit", "licence")
        if not getattr(told, name)
    }
    if missing:
        raise ValidationError(missing)
    row = ContextSeries(
        code=code,
        name=told.name,
        publisher=told.publisher,
        unit=told.unit,
        licence=told.licence,
        definition_code=told.definition_code,
    )
    row.full_clean()
    row.save()
    return row


def _keep(
    series: ContextSeries,
    vintage: str,
    source: str,
    retrieved_on: date,
    rows: Sequence[tuple[Partner, Value]],
    table: Table,
    *,
    by: User,
    at: datetime,
) -> Line:
    line = Line(
        series=series.code,
        name=series.name,
        values=len(rows),
        countries=len({partner.pk for partner, _value in rows}),
    )
    kept = ContextRelease.objects.filter(series=series, vintage=vintage).first()
    if kept is not None:
        _check_same(kept, rows)
        line.is_same = True
        return line
    release = ContextRelease.objects.create(
        series=series, vintage=vintage, retrieved_on=retrieved_on, source=source
    )
    ContextValue.objects.bulk_create(
        [
            ContextValue(
                release=release,
                partner=partner,
                starts_on=one.starts_on,
                ends_on=one.ends_on,
                value=one.value,
                standard_error=one.standard_error,
            )
            for partner, one in rows
        ],
        batch_size=1000,
    )
    facts = {"vintage": vintage, "values": len(rows), "file": table.name[:100], "sha256": table.sha256}
    remember("loaded an edition", by=by, at=at, about=release, after=facts)
    return line


def _check_same(release: ContextRelease, rows: Sequence[tuple[Partner, Value]]) -> None:
    stored = {
        (one.partner_id, one.starts_on): (one.value, one.standard_error)  # type: ignore[attr-defined]
        for one in ContextValue.objects.filter(release=release)
    }
    given = {(partner.pk, one.starts_on): (one.value, one.standard_error) for partner, one in rows}
    differing = sum(stored.get(key) != given.get(key) for key in stored.keys() | given.keys())
    if differing:
        raise ValidationError(
            {
                "vintage": _(
                    "“%(vintage)s” of %(series)s is stored already and %(count)s values differ; a new edition needs "
                    "a name of its own, and the old one stays."
                )
                % {"vintage": release.vintage, "series": release.series.code, "count": differing}
            }
        )
