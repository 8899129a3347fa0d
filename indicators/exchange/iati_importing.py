"""A published file into programmes: everything that can be taken in one transaction, or, on a dry run, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from django.db import transaction
from django.utils.translation import gettext as _

from indicators import derived, events
from indicators.exchange.findings import Effect, Finding, Report
from indicators.exchange.iati import Activity, File, Indicator, Result
from indicators.exchange.iati_figures import Counted, take_figures
from indicators.exchange.iati_indicators import Setting, take_indicator
from indicators.exchange.iati_programmes import Choice, objectives_of, programme_of
from indicators.exchange.queueing import wait_for_others
from indicators.models import Programme, ProgrammeIndicator, User
from indicators.permissions import check_may_administer


@dataclass(slots=True, kw_only=True)
class ActivityOutcome:
    """What became of one activity, or would become of it."""

    identifier: str
    code: str = ""
    """Of its programme; empty: refused."""
    new: int = 0
    same: int = 0
    refused: int = 0
    """Indicators."""
    figures: Counted = field(default_factory=Counted)

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.figures.new or self.figures.corrected)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do."""

    activities: list[ActivityOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_kept: bool = False

    @property
    def new(self) -> int:
        return sum(one.new for one in self.activities)

    @property
    def same(self) -> int:
        return sum(one.same for one in self.activities)

    @property
    def refused(self) -> int:
        return sum(one.refused for one in self.activities)

    @property
    def figures(self) -> Counted:
        return sum((one.figures for one in self.activities), start=Counted())

    @property
    def indicators(self) -> int:
        return self.new + self.same + self.refused

    @property
    def changes_nothing(self) -> bool:
        return all(one.changes_nothing for one in self.activities)

    @property
    def is_flawed(self) -> bool:
        """Something was refused or left out."""
        return any(one.effect is not Effect.NOTED for one in self.findings)

    def of(self, effect: Effect) -> list[Finding]:
        return [one for one in self.findings if one.effect is effect]

    def __str__(self) -> str:
        figures = self.figures
        return (
            f"{self.indicators} indicators: {self.new} new, {self.same} here already, {self.refused} refused; "
            f"figures: {figures.new} submitted, {figures.corrected} corrections, {figures.same} same, "
            f"{figures.left_out} left out"
        )


def import_file(
    *,
    file: File,
    by: User,
    at: datetime,
    choices: Mapping[str, Choice] | None = None,
    dry_run: bool = False,
    is_strict: bool = False,
    say: Callable[[int], None] = lambda _done: None,
) -> Outcome:
    """Take a file over: programmes, indicators, targets, and figures for approval by a second person.

    The same file again changes nothing. A dry run does all of it and takes it back: what it says is what would happen.

    Args:
        choices: by identifier, what `by` says of activities that the file leaves open.
        is_strict: keep nothing at all if anything was refused or left out.
        say: told how many indicators are done.

    Raises:
        PermissionDenied: `by` is not an administrator.
    """
    check_may_administer(by)
    outcome, report = Outcome(), Report()
    counter = count(1)
    with transaction.atomic():
        wait_for_others()
        for activity in file.activities:
            taken = ActivityOutcome(identifier=activity.identifier)
            outcome.activities.append(taken)
            here = report.at(activity=activity.identifier)
            programme = _find(activity, choices or {}, here, by=by, at=at)
            if programme is None:
                taken.refused = activity.indicators
                continue
            taken.code = programme.code
            setting = Setting(activity=activity, programme=programme, file=file.name[:100], by=by, at=at)
            _take(setting, taken, here, file.sha256, lambda: say(next(counter)))
        outcome.findings = sorted(report.findings, key=lambda one: one.line)
        outcome.is_kept = not dry_run and not (is_strict and outcome.is_flawed)
        if not outcome.is_kept:
            transaction.set_rollback(True)
    return outcome


def _take(
    setting: Setting, taken: ActivityOutcome, report: Report, sha256: str, step: Callable[[], None]
) -> None:
    activity, programme, by, at = setting.activity, setting.programme, setting.by, setting.at
    derived.lock_indicators(
        ProgrammeIndicator.objects.filter(programme=programme).values_list("pk", flat=True)
    )
    objectives = objectives_of(activity, programme, report, by=by, at=at)
    seen: dict[int, int] = {}
    for result in activity.results:
        for indicator in result.indicators:
            inside = report.at(result=result.title, indicator=indicator.title)
            _take_one(setting, result, indicator, objectives.get(result.line), taken, inside, seen)
            step()
    _say_directions(activity, report)
    if not taken.changes_nothing:
        events.remember(
            "imported an IATI file",
            by=by,
            at=at,
            about=programme,
            programme=programme,
            after={"file": setting.file, "sha256": sha256, "activity": activity.identifier},
        )


def _find(
    activity: Activity, choices: Mapping[str, Choice], report: Report, *, by: User, at: datetime
) -> Programme | None:
    if activity.identifier:
        return programme_of(activity, choices, report, by=by, at=at)
    report.say(Effect.REFUSED, activity.line, "iati-identifier", "–", _("an identifier was expected"))
    return None


def _take_one(
    setting: Setting,
    result: Result,
    indicator: Indicator,
    objective: object,
    counted: ActivityOutcome,
    report: Report,
    seen: dict[int, int],
) -> None:
    taken = take_indicator(setting, result, indicator, objective, report)  # type: ignore[arg-type]
    if taken is not None and taken.indicator.pk in seen:
        report.say(
            Effect.REFUSED,
            indicator.line,
            "indicator",
            indicator.title,
            _("it stands on line %s already, with the same wording, measure and direction")
            % seen[taken.indicator.pk],
        )
        taken = None
    if taken is None:
        counted.refused += 1
        return
    seen[taken.indicator.pk] = indicator.line
    counted.new += taken.is_new
    counted.same += not taken.is_new
    take_figures(setting, indicator, taken, report, counted.figures)


def _say_directions(activity: Activity, report: Report) -> None:
    """The same wording with both directions, as it occurs on scales."""
    first: dict[str, Indicator] = {}
    for result in activity.results:
        for indicator in result.indicators:
            other = first.setdefault(indicator.title, indicator)
            if other.ascending != indicator.ascending:
                report.at(result=result.title, indicator=indicator.title).say(
                    Effect.NOTED,
                    indicator.line,
                    "indicator",
                    f"ascending={indicator.ascending}",
                    _("line %(line)s says ascending=%(other)s; each row keeps its own direction")
                    % {"line": other.line, "other": other.ascending},
                )
