"""A published file into programmes: everything that can be taken in one transaction, or, on a dry run, nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
class Outcome:
    """What a file did, or would do."""

    activities: list[tuple[str, str]] = field(default_factory=list)
    """(identifier, code of its programme) each; an empty code: refused."""
    new: int = 0
    same: int = 0
    refused: int = 0
    figures: Counted = field(default_factory=Counted)
    findings: list[Finding] = field(default_factory=list)
    is_kept: bool = False

    @property
    def indicators(self) -> int:
        return self.new + self.same + self.refused

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.figures.new or self.figures.corrected)

    def of(self, effect: Effect) -> list[Finding]:
        return [one for one in self.findings if one.effect is effect]

    def __str__(self) -> str:
        return (
            f"{self.indicators} indicators: {self.new} new, {self.same} here already, {self.refused} refused; "
            f"figures: {self.figures.new} submitted, {self.figures.corrected} corrections, {self.figures.same} same, "
            f"{self.figures.left_out} left out"
        )


def import_file(
    *,
    file: File,
    by: User,
    at: datetime,
    choices: Mapping[str, Choice] | None = None,
    dry_run: bool = False,
    is_strict: bool = False,
) -> Outcome:
    """Take a file over: programmes, indicators, targets, and figures for approval by a second person.

    The same file again changes nothing. A dry run does all of it and takes it back: what it says is what would happen.

    Args:
        choices: by identifier, what `by` says of activities that the file leaves open.
        is_strict: keep nothing at all if anything was refused or left out.

    Raises:
        PermissionDenied: `by` is not an administrator.
    """
    check_may_administer(by)
    outcome, report = Outcome(), Report()
    with transaction.atomic():
        wait_for_others()
        for activity in file.activities:
            _take(activity, file, choices or {}, outcome, report, by=by, at=at)
        outcome.findings = sorted(report.findings, key=lambda one: one.line)
        is_flawed = any(one.effect is not Effect.NOTED for one in outcome.findings)
        outcome.is_kept = not dry_run and not (is_strict and is_flawed)
        if not outcome.is_kept:
            transaction.set_rollback(True)
    return outcome


def _take(
    activity: Activity,
    file: File,
    choices: Mapping[str, Choice],
    outcome: Outcome,
    report: Report,
    *,
    by: User,
    at: datetime,
) -> None:
    here = report.at(activity=activity.identifier)
    programme = _find(activity, choices, here, by=by, at=at)
    outcome.activities.append((activity.identifier, programme.code if programme is not None else ""))
    if programme is None:
        outcome.refused += activity.indicators
        return
    derived.lock_indicators(
        ProgrammeIndicator.objects.filter(programme=programme).values_list("pk", flat=True)
    )
    setting = Setting(activity=activity, programme=programme, file=file.name[:100], by=by, at=at)
    before = (outcome.new, outcome.figures.new, outcome.figures.corrected)
    objectives = objectives_of(activity, programme, here, by=by, at=at)
    seen: dict[int, int] = {}
    for result in activity.results:
        for indicator in result.indicators:
            inside = here.at(result=result.title, indicator=indicator.title)
            _take_one(setting, result, indicator, objectives.get(result.line), outcome, inside, seen)
    _say_directions(activity, here)
    if (outcome.new, outcome.figures.new, outcome.figures.corrected) != before:
        events.remember(
            "imported an IATI file",
            by=by,
            at=at,
            about=programme,
            programme=programme,
            after={"file": file.name[:100], "sha256": file.sha256, "activity": activity.identifier},
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
    outcome: Outcome,
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
        outcome.refused += 1
        return
    seen[taken.indicator.pk] = indicator.line
    outcome.new += taken.is_new
    outcome.same += not taken.is_new
    take_figures(setting, indicator, taken, report, outcome.figures)


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
