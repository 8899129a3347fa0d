"""The shape of an explanation, and the table that screen, CSV and XLSX print of it. Queries nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine import METHOD_VERSION
from indicators.reports import cells
from indicators.reports.tables import Row, Table, day_column, text_column
from indicators.reports.wording import say
from indicators.templatetags.ui import with_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step: what, by which rule, the rule with the numbers put in, what came out."""

    what: str
    rule: str = ""
    substituted: str = ""
    result: str = ""

    @property
    def calculation(self) -> str:
        return ":  ".join(part for part in (self.rule, self.substituted) if part)

    def as_step(self) -> tuple[str, str, str]:
        return self.what, self.calculation, self.result


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """An accepted figure that the number rests on. Names are empty for those who do not see staff."""

    id: int
    url: str
    period: str
    unit: str
    cell: str
    figure: str
    is_left_out: bool
    entered_by: str
    entered_on: date
    decided_by: str
    decided_on: date | None
    correction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that one number rests on, in the reader's language. The same text at every door (METHOD 7.3)."""

    kind: str
    key: str
    about: str
    """Which number of what."""
    value: str
    """The number, or why there is none."""
    sentence: str
    """The result for somebody who is not a statistician."""
    steps: Sequence[Line] = ()
    left_out: Sequence[str] = ()
    coverage: str = ""
    rounding: str = ""
    sum_up: str = ""
    contributions: Sequence[Contribution] = ()
    more: int = 0
    """Contributing figures beyond those listed."""
    sources: Sequence[tuple[str, str]] = ()
    """Other explanations or things it rests on: name and address."""
    change_url: str = ""
    """Where it is worked out what would turn it; empty for what has no verdict."""
    as_of: date
    marking: str = "NATO UNCLASSIFIED"
    is_illustrative: bool = False
    method_version: str = METHOD_VERSION

    @property
    def panel(self) -> list[tuple[str, str, str]]:
        """The steps as the page's panel shows them."""
        return [one.as_step() for one in self.steps]


def lines_of(steps: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Stored steps of the engine in the reader's language."""
    return [
        Line(
            what=say(step["label"]),
            rule=step["rule"],
            substituted=with_days(step["substituted"]),
            result=step["result"],
        )
        for step in steps
    ]


def explanation_table(explanations: Sequence[Explanation], *, name: str, key: str, title: str) -> Table:
    """Every step, what was left out, and every contributing figure, one a row."""
    columns = [
        text_column("about", _("About")),
        text_column("part", _("Part")),
        text_column("what", _("What")),
        text_column("rule", _("Rule")),
        text_column("substituted", _("With the numbers")),
        text_column("result", _("Result")),
        text_column("entered_by", _("Entered by")),
        day_column("entered_on", _("Entered on")),
        text_column("decided_by", _("Accepted by")),
        day_column("decided_on", _("Accepted on")),
    ]
    return Table(
        name=name,
        key=key,
        title=title,
        columns=columns,
        rows=[row for one in explanations for row in _rows(one)],
        as_of=max((one.as_of for one in explanations), default=date.today()),  # noqa: DTZ011 - of no explanation
        method_version=explanations[0].method_version if explanations else METHOD_VERSION,
    )


@dataclass(slots=True)
class _Rows:
    """Rows of one explanation, in the order in which they are read."""

    about: Explanation
    rows: list[Row] = field(default_factory=list)

    def add(self, part: str, **given: Any) -> None:
        made = {name: cells.words(value) for name, value in given.items() if isinstance(value, str)}
        made |= {name: cells.day(value) for name, value in given.items() if not isinstance(value, str)}
        self.rows.append(
            Row(
                cells={"about": cells.words(self.about.about), "part": cells.words(part)} | made,
                is_illustrative=self.about.is_illustrative,
                marking=self.about.marking,
            )
        )


def _rows(one: Explanation) -> list[Row]:
    found = _Rows(one)
    found.add(_("Result"), what=one.sentence, result=one.value)
    for step in one.steps:
        found.add(_("Step"), what=step.what, rule=step.rule, substituted=step.substituted, result=step.result)
    for text in one.left_out:
        found.add(_("Left out"), what=text)
    for part, text in ((_("Coverage"), one.coverage), (_("Rounding"), one.rounding), ("", one.sum_up)):
        if text:
            found.add(part or _("Status"), what=text)
    for figure in one.contributions:
        place = ", ".join(part for part in (figure.period, figure.unit, figure.cell) if part)
        found.add(
            _("Figure"),
            what=place,
            substituted=figure.correction,
            result=figure.figure,
            entered_by=figure.entered_by,
            entered_on=figure.entered_on,
            decided_by=figure.decided_by,
            decided_on=figure.decided_on,
        )
    if one.more:
        found.add(_("Figure"), what=_("%(count)s more figures") % {"count": one.more})
    return found.rows
