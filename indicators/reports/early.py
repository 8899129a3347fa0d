"""Did the early verdicts hold? On-the-fly verdicts of ended programmes beside what was found ex-post. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.engine.early import ExPostFinding, Lasted, Share, lasting, share_that_lasted
from indicators.engine.types import Status as EngineStatus
from indicators.models import (
    AssessmentRun,
    Direction,
    Kind,
    Programme,
    ProgrammeIndicator,
    Status,
    User,
    Verdict,
    rules_on,
)
from indicators.reports import cells
from indicators.reports.tables import Row, Table, text_column
from indicators.reports.wording import say

CHECKPOINTS = (
    ("half", gettext_lazy("Half-time"), 0.5),
    ("three_quarters", gettext_lazy("Three quarters"), 0.75),
    ("end", gettext_lazy("End"), 1.0),
)
NEAR_ENOUGH = timedelta(days=200)
"""An assessment may lie so long before a checkpoint and still speak of it: a half-year and its grace."""
RISES = {Direction.ASCENDING: True, Direction.MAINTAIN_ABOVE: True, Direction.DESCENDING: False,
         Direction.MAINTAIN_BELOW: False}  # fmt: skip
LASTED_WORDS = {
    Lasted.YES: gettext_lazy("lasted"),
    Lasted.NO: gettext_lazy("did not last"),
    Lasted.CANNOT_TELL: gettext_lazy("cannot tell"),
}


@dataclass(slots=True, kw_only=True)
class Held:
    """One indicator of an ended programme: its early statuses and what became of it."""

    indicator: ProgrammeIndicator
    statuses: dict[str, str] = field(default_factory=dict)
    """Checkpoint → status."""
    lasted: Lasted = Lasted.CANNOT_TELL
    why: str = ""

    @property
    def lasted_word(self) -> str:
        return str(LASTED_WORDS[self.lasted])


def load(user: User, *, programme: Programme | None = None) -> list[Held]:
    """Indicators of the ended programmes that a person sees, with both kinds of verdict. Seven queries at most."""
    today = timezone.now().date()
    programmes = Programme.objects.visible_to(user).filter(ends_on__lt=today)
    if programme is not None:
        programmes = programmes.filter(pk=programme.pk)
    by_pk = {one.pk: one for one in programmes}
    runs = list(
        AssessmentRun.objects.visible_to(user).filter(programme__in=by_pk).order_by("as_of", "revision")
    )
    early = _checkpoint_runs(runs, by_pk)
    latest = {
        one.programme_id: one
        for one in runs
        if one.kind == Kind.EX_POST and one.as_of >= by_pk[one.programme_id].ends_on
    }
    verdicts = _verdicts(user, [*early, *(one.pk for one in latest.values())])
    indicators = {
        one.pk: one
        for one in ProgrammeIndicator.objects.visible_to(user)
        .filter(programme__in=by_pk)
        .select_related("definition", "version", "partner", "programme")
        .order_by("programme__code", "definition__code", "partner__name")
    }
    return _put_together(indicators, early, latest, verdicts)


def _checkpoint_runs(
    runs: Iterable[AssessmentRun], programmes: Mapping[int, Programme]
) -> dict[int, list[str]]:
    """Run → the checkpoints that it speaks for: the latest revision of the last assessment up to that day."""
    chosen: dict[tuple[int, str], AssessmentRun] = {}
    for run in runs:
        programme = programmes[run.programme_id]
        for name, _label, share in CHECKPOINTS:
            at = programme.starts_on + (programme.ends_on - programme.starts_on) * share
            if run.kind == Kind.ON_THE_FLY and at - NEAR_ENOUGH <= run.as_of <= at:
                chosen[run.programme_id, name] = (
                    run  # In the order of their days and revisions: the last one stays.
                )
    found: dict[int, list[str]] = defaultdict(list)
    for (_programme, name), run in chosen.items():
        found[run.pk].append(name)
    return found


def _verdicts(user: User, runs: Sequence[int]) -> list[Verdict]:
    return list(Verdict.objects.visible_to(user).filter(run__in=runs).defer("inputs")) if runs else []


def _put_together(
    indicators: Mapping[int, ProgrammeIndicator],
    early: Mapping[int, list[str]],
    latest: Mapping[int, AssessmentRun],
    verdicts: Iterable[Verdict],
) -> list[Held]:
    sustained_from = rules_on(timezone.now().date()).sustained_from
    held = {pk: Held(indicator=one) for pk, one in indicators.items()}
    later: dict[int, list[Verdict]] = defaultdict(list)
    ex_post = {run.pk for run in latest.values()}
    for verdict in verdicts:
        if verdict.indicator_id not in held:
            continue
        for name in early.get(verdict.run_id, ()):
            if verdict.method == "judge":
                held[verdict.indicator_id].statuses[name] = verdict.status
        if verdict.run_id in ex_post and verdict.method != "judge":
            later[verdict.indicator_id].append(verdict)
    for pk, them in later.items():
        one = held[pk]
        rises = RISES.get(Direction(one.indicator.version.direction))
        one.lasted = lasting([_finding(v) for v in them], rises=rises, sustained_from=float(sustained_from))
        one.why = _why(them, one.lasted)
    return [one for one in held.values() if one.statuses]


def _finding(verdict: Verdict) -> ExPostFinding:
    number = {
        name: None if (v := getattr(verdict, name)) is None else float(v) for name in ("value", "low", "high")
    }
    is_ratio = verdict.result.get("params", {}).get("kind") == "rate_ratio"
    return ExPostFinding(
        is_retention=_is_retention(verdict),
        is_after_end=verdict.method == "before_after_follow_up" or verdict.method.startswith("primary"),
        no_change=1.0 if is_ratio else 0.0,
        refusal_code=verdict.refusal_code,
        **number,
    )


def _is_retention(verdict: Verdict) -> bool:
    return verdict.method.startswith(("series_retention", "retention")) or "band" in verdict.result.get(
        "params", {}
    )


def _why(verdicts: Sequence[Verdict], lasted: Lasted) -> str:
    """The answer that decided, in words."""
    deciding = [
        one for one in verdicts if _is_retention(one) and (one.value is not None or lasted is Lasted.NO)
    ]
    deciding = deciding or [one for one in verdicts if _finding(one).is_after_end and one.low is not None]
    chosen = (deciding or list(verdicts))[0]
    said = [one for one in chosen.result.get("sentence", []) if one["template"]]
    return say(said[0]) if said else ""


def shares(found: Sequence[Held]) -> list[dict[str, Any]]:
    """For each checkpoint both groups: on track, and at risk or off track."""
    made = []
    for name, label, _share in CHECKPOINTS:
        pairs = [(EngineStatus(one.statuses[name]), one.lasted) for one in found if one.statuses.get(name)]
        made.append(
            {
                "name": name,
                "label": label,
                "on_track": share_that_lasted(pairs, on_track=True),
                "other": share_that_lasted(pairs, on_track=False),
            }
        )
    return made


def share_words(share: Share) -> str:
    """The refusal where there is one."""
    return say(share.refusal.message) if share.refusal else ""


def context(user: User, *, programme: Programme | None = None) -> dict[str, Any]:
    """The page of one programme, or of all that a person sees."""
    found = load(user, programme=programme)
    return {
        "found": found,
        "shares": [
            one | {"refusals": (share_words(one["on_track"]), share_words(one["other"]))}
            for one in shares(found)
        ],
        "checkpoints": [(name, label) for name, label, _share in CHECKPOINTS],
        "rows": [
            (one, [(label, one.statuses.get(name, "")) for name, label, _share in CHECKPOINTS])
            for one in found
        ],
        "lasted": sum(one.lasted is Lasted.YES for one in found),
        "unknown": sum(one.lasted is Lasted.CANNOT_TELL for one in found),
        "is_illustrative": any(one.indicator.programme.is_illustrative for one in found),
    }


def table(user: User, *, programme: Programme | None = None) -> Table:
    """The same as rows for a file."""
    found = load(user, programme=programme)
    return Table(
        name="early",
        key=programme.code if programme else "all",
        title=_("Early verdicts and what lasted"),
        columns=[
            text_column("programme", _("Programme")),
            text_column("code", _("Indicator code")),
            text_column("name", _("Indicator")),
            text_column("partner", _("Partner")),
            *(text_column(name, str(label)) for name, label, _share in CHECKPOINTS),
            text_column("lasted", _("Ex-post")),
            text_column("why", _("Reason")),
        ],
        rows=[_row(one) for one in found],
        as_of=timezone.now().date(),
    )


def _row(one: Held) -> Row:
    statuses = {
        name: cells.words(Status(one.statuses[name]).label if one.statuses.get(name) else "")
        for name, _label, _share in CHECKPOINTS
    }
    return Row(
        cells={
            "programme": cells.words(one.indicator.programme.code),
            "code": cells.words(one.indicator.definition.code),
            "name": cells.words(one.indicator.name),
            "partner": cells.words(one.indicator.partner),
            **statuses,
            "lasted": cells.words(one.lasted_word),
            "why": cells.words(one.why),
        },
        about=one.indicator,
        is_illustrative=one.indicator.programme.is_illustrative,
        marking=one.indicator.marking,
    )


def as_json(found: Sequence[Held]) -> dict[str, Any]:
    """For machines: the shares, and indicator by indicator."""

    def share(one: Share) -> dict[str, Any]:
        return {
            "lasted": one.lasted,
            "known": one.known,
            "unknown": one.unknown,
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "refusal_code": one.refusal.code.value if one.refusal else "",
        }

    return {
        "shares": [
            {
                "checkpoint": one["name"],
                "on_track": share(one["on_track"]),
                "not_on_track": share(one["other"]),
            }
            for one in shares(found)
        ],
        "indicators": [
            {
                "indicator": one.indicator.pk,
                "programme": one.indicator.programme.code,
                "statuses": one.statuses,
                "lasted": one.lasted.value,
            }
            for one in found
        ],
    }
