"""What a published file says that cannot be taken as it stands: each place, what was found, what was expected."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Effect(StrEnum):
    """What became of it."""

    REFUSED = "refused"
    """The whole indicator, or the whole activity, is not in."""
    LEFT_OUT = "left_out"
    """A baseline, target or figure is not in; the rest of its indicator is."""
    NOTED = "noted"
    """It is in; somebody should know."""

    @property
    def label(self) -> object:
        return LABELS[self]


LABELS = {
    Effect.REFUSED: _("Refused"),
    Effect.LEFT_OUT: _("Left out"),
    Effect.NOTED: _("Noted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One of them, with its place in the file."""

    effect: Effect
    line: int
    found: str
    expected: str
    element: str = ""
    activity: str = ""
    result: str = ""
    indicator: str = ""
    period: str = ""

    def __str__(self) -> str:
        place = " › ".join(
            one[:80] for one in (self.activity, self.result, self.indicator, self.period) if one
        )
        return f"line {self.line}, {self.effect.value}: {place} {self.element}: {self.found}; {self.expected}"


@dataclass(slots=True)
class Report:
    """Collects findings; remembers where in the file one is."""

    findings: list[Finding] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)

    def at(self, **place: str) -> Report:
        """The same list, further inside."""
        return replace(self, place=self.place | place)

    def say(self, effect: Effect, line: int, element: str, found: str, expected: str) -> None:
        self.findings.append(
            Finding(
                effect=effect,
                line=line,
                element=element,
                found=found[:300],
                expected=expected,
                **self.place,
            )
        )
