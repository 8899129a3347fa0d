"""What a newer edition of a published series says otherwise than an older one. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from indicators.models import ContextRelease, ContextValue, Partner, User
from indicators.reports import cells

MOST_ROWS = 30
Key = tuple[int, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """One value that both editions have, and not the same."""

    partner: Partner
    starts_on: date
    ends_on: date
    difference: Decimal
    before: str
    now: str
    change: str


@dataclass(slots=True, kw_only=True)
class Changes:
    """Between two editions."""

    older: ContextRelease
    revised: list[Revised] = field(default_factory=list)
    """The largest change first."""
    gone: list[Key] = field(default_factory=list)
    added: int = 0
    same: int = 0

    @property
    def rows(self) -> list[Revised]:
        return self.revised[:MOST_ROWS]

    @property
    def more(self) -> int:
        return max(len(self.revised) - MOST_ROWS, 0)


def between(user: User, older: ContextRelease | None, newer: Sequence[ContextValue]) -> Changes | None:
    """One query; None when there is no older edition."""
    if older is None:
        return None
    before = {_key(one): one for one in ContextValue.objects.visible_to(user).filter(release=older)}
    changes = Changes(older=older, gone=sorted(before.keys() - {_key(one) for one in newer}))
    for one in newer:
        old = before.get(_key(one))
        if old is None:
            changes.added += 1
        elif (old.value, old.standard_error) == (one.value, one.standard_error):
            changes.same += 1
        else:
            changes.revised.append(_revised(old, one))
    changes.revised.sort(key=lambda one: (-abs(one.difference), one.partner.name, one.starts_on))
    return changes


def _key(value: ContextValue) -> Key:
    return value.partner_id, value.starts_on  # type: ignore[attr-defined]


def _revised(old: ContextValue, new: ContextValue) -> Revised:
    difference = new.value - old.value
    is_whole = all(one == one.to_integral_value() for one in (old.value, new.value))
    digits = 0 if is_whole else 3
    return Revised(
        partner=new.partner,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        difference=difference,
        before=_shown(old, digits),
        now=_shown(new, digits),
        change=("+" if difference > 0 else "") + cells.fixed(difference, digits).text,
    )


def _shown(value: ContextValue, digits: int) -> str:
    """With its standard error, which may be what was revised."""
    error = value.standard_error
    figure = cells.fixed(value.value, digits).text
    return figure if error is None else f"{figure} ± {cells.fixed(error, 3).text}"
