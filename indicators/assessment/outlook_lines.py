"""What a page and the machine door say of the data that a plan expects, from what a worker stored. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.engine.messages import gettext_noop
from indicators.models import PlannedIndicator
from indicators.templatetags.ui import with_days

COMPUTING, ABSENT = "computing", "absent"
WORDS = {
    "enough": (gettext_lazy("Enough data are planned"), "check"),
    "too_few": (gettext_lazy("Too few data are planned"), "triangle-alert"),
    "cannot_say": (gettext_lazy("Cannot be said beforehand"), "circle-question"),
    COMPUTING: (gettext_lazy("Being computed"), "loader"),
    ABSENT: (gettext_lazy("Not computed before the lock"), "minus"),
}
"""State → its words and its icon."""
IS_DUE = gettext_noop("A worker computes which change could be detected; it stands here in a moment.")
WAS_ABSENT = gettext_noop("The plan was locked before it was known which change could be detected.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookLine:
    """Whether the planned data would show the change that matters, in words."""

    state: str
    word: str
    icon: str
    headline: str
    """The first sentence, which is the answer."""
    more: tuple[str, ...]
    change: float | None
    computed_on: date | None
    enough_on: date | None
    as_of: date | None
    """The day whose figures it rests on."""

    @property
    def is_due(self) -> bool:
        return self.state == COMPUTING


def outlook_line(item: PlannedIndicator) -> OutlookLine:
    """Of one primary indicator; its plan must be at hand."""
    found: dict[str, Any] | None = item.outlook
    if found is None:
        state = ABSENT if item.plan.is_locked else COMPUTING
        said = [_(WAS_ABSENT if item.plan.is_locked else IS_DUE)]
    else:
        state = found["state"]
        said = [with_days(_(one["template"]) % one["params"]) for one in found["said"]]
    found = found or {}
    word, icon = WORDS[state]
    return OutlookLine(
        state=state,
        word=str(word),
        icon=icon,
        headline=said[0],
        more=tuple(said[1:]),
        change=found.get("change"),
        computed_on=_day(found.get("computed_on")),
        enough_on=_day(found.get("enough_on")),
        as_of=_day(found.get("as_of")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
