"""A frozen verdict and a weighted score explained. Asks as the reader; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from indicators.engine import explain
from indicators.engine.codec import snapshot_from_json
from indicators.engine.display import format_share
from indicators.engine.portfolio import weighted_achievement
from indicators.engine.timeline import current_value, started
from indicators.engine.types import Refusal
from indicators.models import (
    AssessmentRun,
    Observation,
    Programme,
    ProgrammeIndicator,
    State,
    User,
    Verdict,
    rules_on,
)
from indicators.reports import cells
from indicators.reports.explained_change import weight_lines
from indicators.reports.explained_status import (
    MOST_FIGURES,
    contributions,
    coverage_text,
    in_periods,
    in_words,
    listed,
    named,
    number_of,
    of_own_units,
    rounding,
    with_people,
)
from indicators.reports.explanation import Explanation, Line, lines_of
from indicators.reports.queries import (
    WITH_ACHIEVEMENT,
    indicators_with_status,
    status_of,
    today,
)
from indicators.reports.verdict_tables import verdict_row
from indicators.reports.wording import refusal_text, say, say_all, status_now
from indicators.templatetags.ui import instant


def explain_verdict(user: User, key: str) -> Explanation:
    """A frozen verdict, as it was stored, with the figures that were in force when it was made."""
    seen = Verdict.objects.visible_to(user).select_related(
        "run__programme", "indicator__definition", "indicator__version", "indicator__partner",
        "indicator__programme", "course_run__course",
    )  # fmt: skip
    verdict = get_object_or_404(seen, pk=number_of(key))
    shown = verdict_outline(verdict, verdict.run)
    if verdict.method != "judge":
        return shown
    snapshot = snapshot_from_json(verdict.inputs)
    used = current_value(
        started(snapshot.series, snapshot.as_of), snapshot.rule, snapshot.plan, snapshot.as_of
    )
    found = listed(
        of_own_units(user, verdict.indicator, _in_force_at(user, verdict).filter(in_periods(used.periods)))
    )
    figures, more = contributions(user, found, most=MOST_FIGURES)
    gaps = [p.label for p in snapshot.series if p.value is None]
    return _with(
        shown,
        contributions=figures,
        more=more,
        change_url=reverse("explanation", args=["verdict-change", verdict.pk]),
        left_out=[_("Periods without a figure: %(names)s") % {"names": named(gaps)}] if gaps else [],
    )


def _in_force_at(user: User, verdict: Verdict) -> QuerySet[Observation]:
    at = verdict.run.finished_at
    found = Observation.objects.filter(
        Q(superseded_at__isnull=True) | Q(superseded_at__gt=at),
        indicator=verdict.indicator_id,
        state__in=[State.APPROVED, State.SUPERSEDED],
        decided_at__lte=at,
    )
    if with_people(user):
        return Observation.objects.visible_to(user) & found
    return found.filter(cell="", indicator__in=ProgrammeIndicator.objects.visible_to(user).values("pk"))


def verdict_outline(verdict: Verdict, run: AssessmentRun) -> Explanation:
    """A verdict with its steps alone, from what is stored. Asks nothing."""
    row, result = verdict_row(run, verdict).cells, verdict.result
    value = row["value"]
    label = say(result["label"]) if result.get("label") else ""
    notes = [say(one) for one in result.get("assumptions", []) if isinstance(one, dict) and "template" in one]
    return Explanation(
        kind="verdict",
        key=str(verdict.pk),
        about=_("%(indicator)s, %(run)s")
        % {"indicator": verdict.indicator, "run": f"{run.label} r{run.revision}"},
        value=row["refusal"].text if value.is_missing and not row["refusal"].is_missing else value.text,
        sentence=" ".join(
            part for part in (say_all(result.get("sentence", [])), label and f"({label})") if part
        ),
        steps=lines_of(result.get("steps", [])),
        left_out=notes,
        coverage=coverage_text(verdict.reported, verdict.expected),
        rounding=rounding(verdict.indicator),
        sum_up=_(
            "Frozen on %(day)s by method %(version)s; later corrections do not change it. Inputs: %(hash)s."
        )
        % {"day": instant(run.finished_at), "version": run.method_version, "hash": verdict.input_hash[:16]},
        as_of=run.as_of,
        marking=verdict.indicator.marking,
        is_illustrative=run.programme.is_illustrative,
        method_version=run.method_version,
    )


def _with(one: Explanation, **changes: Any) -> Explanation:
    return replace(one, **changes)


def explain_score(user: User, key: str) -> Explanation:
    """The weighted achievement of a programme or of one objective of its design in force."""
    code, colon, objective = key.partition(":")
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    indicators = list(indicators_with_status(user).filter(programme=programme))
    if colon:
        indicators = [one for one in indicators if one.objective and one.objective.code == objective]
        if not indicators:
            raise Http404
    return score_of(programme, objective, indicators)


def score_of(programme: Programme, objective: str, indicators: Sequence[ProgrammeIndicator]) -> Explanation:
    """The explanation of the score of these indicators. One query: the rules."""
    judged = [one for one in indicators if status_now(status_of(one)) != "monitored"]
    items = [(one, _counting(one)) for one in judged]
    rules = rules_on(today())
    found = weighted_achievement([(one.weight, achieved) for one, achieved in items], rules)
    usable = [(one.weight, achieved) for one, achieved in items if achieved is not None]
    left_out = [
        _("%(indicator)s, weight %(weight)s: %(why)s")
        % {"indicator": one, "weight": cells.number(one.weight, 3).text, "why": refusal_text(status_of(one))}
        for one, achieved in items
        if achieved is None
    ]
    steps = [
        Line(what=str(one), rule="w × a", result=_weighted(one, achieved))
        for one, achieved in items
        if achieved is not None
    ]
    if isinstance(found, Refusal):
        value = say(found.message)
        steps += in_words([explain.refusal_step(found)])
        said, coverage = value, ""
    else:
        value = format_share(found.value)
        steps += in_words([explain.score_step(usable, found.value)])
        steps += weight_lines(items, rules.on_track_from)
        said = _(
            "%(value)s of the planned change has occurred, weighted; %(low)s to %(high)s when any one indicator is "
            "left out. It is change, not effect."
        ) % {"value": value, "low": format_share(found.low), "high": format_share(found.high)}
        coverage = _("Data for %(share)s of the weight.") % {"share": format_share(found.usable_weight)}
    name = f"{programme.code} {objective}".strip()
    return Explanation(
        kind="score",
        key=f"{programme.code}:{objective}" if objective else programme.code,
        about=_("Weighted achievement of %(name)s") % {"name": name},
        value=value,
        sentence=said,
        steps=steps,
        left_out=left_out,
        coverage=coverage,
        rounding=_("Shares are shown in percent with 1 decimal, half to even; computed with ten decimals."),
        sources=[(str(one), one.get_absolute_url()) for one, _achieved in items],
        as_of=today(),
        is_illustrative=programme.is_illustrative,
    )


def _counting(indicator: ProgrammeIndicator) -> Decimal | None:
    status = status_of(indicator)
    return status.achievement if status is not None and status_now(status) in WITH_ACHIEVEMENT else None


def _weighted(indicator: ProgrammeIndicator, achieved: Decimal) -> str:
    return f"{cells.number(indicator.weight, 3).text} × {format_share(min(max(achieved, Decimal(0)), Decimal(1)))}"
