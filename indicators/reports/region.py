"""The region by country and by framework, and what needs attention in it. Counts, never ranks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from indicators.models import Framework, Partner, Programme, User
from indicators.reports.queries import (
    Standing,
    Tally,
    narrowed_programmes,
    standings,
    tally,
)


@dataclass(slots=True)
class Group:
    """Some indicators with their counts: those of a country, or of a framework."""

    kind: str
    key: str
    name: str
    tally: Tally = field(default_factory=Tally)
    programmes: list[str] = field(default_factory=list)
    is_illustrative: bool = False

    def as_row(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "programmes": self.programmes,
            "tally": self.tally,
            "is_illustrative": self.is_illustrative,
        }


def load(user: User) -> tuple[list[Programme], list[Standing]]:
    """The programmes that one sees with their partners, and where every indicator stands. Five queries."""
    programmes = list(narrowed_programmes(user))
    return programmes, standings(user, [programme.pk for programme in programmes])


def by_framework(programmes: Sequence[Programme], found: Sequence[Standing]) -> list[Group]:
    """One group for each framework in use, in the order of the list of frameworks."""
    groups = []
    for framework in Framework:
        members = [one for one in programmes if one.framework == framework.value]
        if members:
            pks = {one.pk for one in members}
            groups.append(
                _group(
                    _("Framework"),
                    framework.value,
                    str(framework.label),
                    members,
                    (s for s in found if s.programme in pks),
                )
            )
    return groups


def by_country(programmes: Sequence[Programme], found: Sequence[Standing]) -> list[Group]:
    """One group for each partner country. An indicator for several countries together is in none of them."""
    countries: dict[int, Partner] = {p.pk: p for one in programmes for p in one.partners.all()}
    only = {one.pk: _only_partner(one) for one in programmes}
    groups = []
    for pk, partner in sorted(countries.items(), key=lambda item: item[1].name):
        members = [one for one in programmes if pk in {p.pk for p in one.partners.all()}]
        mine = (s for s in found if (s.partner or only[s.programme]) == pk)
        groups.append(_group(_("Country"), partner.code, partner.name, members, mine))
    return groups


def _only_partner(programme: Programme) -> int | None:
    """With one partner, what is for the whole programme is for that partner."""
    partners = list(programme.partners.all())
    return partners[0].pk if len(partners) == 1 else None


def _group(kind: str, key: str, name: str, members: Sequence[Programme], found: Iterable[Standing]) -> Group:
    return Group(
        kind=kind,
        key=key,
        name=name,
        tally=tally(found),
        programmes=[one.code for one in members],
        is_illustrative=any(one.is_illustrative for one in members),
    )
