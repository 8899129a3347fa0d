"""Which computed indicators rest on which others. Reads the rows of the formulas' sources; computes no figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indicators.models import FormulaSource, ProgrammeIndicator


@dataclass(frozen=True, slots=True)
class Graph:
    """The sources of each computed indicator of some programmes."""

    sources: dict[int, frozenset[int]]

    def leaves(self, pk: int) -> list[int]:
        """The observed indicators that one rests on in the end, in order of key."""
        return sorted(one for one in self.below({pk}) if one not in self.sources and one != pk)

    def below(self, pks: Iterable[int]) -> set[int]:
        """The given ones and all that they rest on."""
        found: set[int] = set()
        waiting = list(pks)
        while waiting:
            pk = waiting.pop()
            if pk not in found:
                found.add(pk)
                waiting.extend(self.sources.get(pk, ()))
        return found

    def dependents(self, pks: Iterable[int]) -> list[int]:
        """All that rest on the given ones, each after what it rests on; the given ones are not among them."""
        pks = set(pks)
        return [pk for pk in self.in_order() if pk not in pks and self.below({pk}) & pks]

    def in_order(self) -> list[int]:
        """The computed indicators, each after those that it rests on."""
        found: dict[int, None] = {}
        for start in sorted(self.sources):
            waiting = [start]
            while waiting:
                pk = waiting[-1]
                before = [
                    one
                    for one in sorted(self.sources.get(pk, ()))
                    if one in self.sources and one not in found
                ]
                if before and len(waiting) <= len(self.sources):
                    waiting.append(before[0])
                else:
                    found[waiting.pop()] = None
        return list(found)

    def way(self, start: int, goal: int) -> list[int] | None:
        """A way from one indicator down its sources to another, both included; None when there is none."""
        before: dict[int, int] = {}
        waiting = [start]
        while waiting:
            pk = waiting.pop(0)
            if pk == goal:
                way = [pk]
                while way[0] != start:
                    way.insert(0, before[way[0]])
                return way
            for source in sorted(self.sources.get(pk, ())):
                if source not in before and source != start:
                    before[source] = pk
                    waiting.append(source)
        return None


def load_graph(pks: Iterable[int]) -> Graph:
    """The dependencies in the programmes of the given indicators. One query."""
    programmes = ProgrammeIndicator.objects.filter(pk__in=set(pks)).values("programme")
    found: dict[int, set[int]] = {}
    rows = FormulaSource.objects.filter(indicator__programme__in=programmes).order_by()
    for indicator, source in rows.values_list("indicator_id", "source_id"):
        found.setdefault(indicator, set()).add(source)
    return Graph({pk: frozenset(sources) for pk, sources in found.items()})


def reference_name(indicator: ProgrammeIndicator) -> str:
    """What a formula calls an indicator: its code, with ``/`` and the partner it is tailored for."""
    code: str = indicator.definition.code
    return code if indicator.partner is None else f"{code}/{indicator.partner.code}"
