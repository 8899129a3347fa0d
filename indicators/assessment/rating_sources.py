"""What a piece of evidence may rest on: figures, their evidence and verdicts that one sees. Reads only."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from indicators.disclosure import withheld
from indicators.models import Evidence, Observation, ProgrammeIndicator, State, User, Verdict
from indicators.sent import whole_number

MOST = 60
"""So many of each kind are offered, the indicator's own and the newest first."""


class Sources:
    """The rows that one person may name, as choices and back. Five queries at most, however many rows."""

    def __init__(self, indicator: ProgrammeIndicator, user: User, *, kept: tuple[str, ...] = ()) -> None:
        """`kept`: references of a draft, offered even where newer rows would have pushed them out."""
        wanted = _wanted(kept)
        figures = _figures(indicator, user, wanted["observation"])
        evidence = _evidence(indicator, user, wanted["evidence"])
        hidden = withheld(user, [*figures, *(one.observation for one in evidence)])
        evidence = [one for one in evidence if one.observation_id not in hidden]  # type: ignore[attr-defined]
        verdicts = _verdicts(indicator, user, wanted["verdict"])
        self.rows: dict[str, Observation | Evidence | Verdict] = {}
        self.rows |= {f"observation:{one.pk}": one for one in figures}
        self.rows |= {f"evidence:{one.pk}": one for one in evidence}
        self.rows |= {f"verdict:{one.pk}": one for one in verdicts}
        own = [one for one in figures if one.indicator_id == indicator.pk]
        others = [one for one in figures if one.indicator_id != indicator.pk]
        groups = [
            (_("Figures of this indicator"), [(f"observation:{one.pk}", figure_name(one)) for one in own]),
            (_("Figures of other indicators"), [(f"observation:{one.pk}", figure_name(one)) for one in others]),
            (_("Evidence of figures"), [(f"evidence:{one.pk}", evidence_name(one)) for one in evidence]),
            (_("Verdicts"), [(f"verdict:{one.pk}", verdict_name(one)) for one in verdicts]),
        ]  # fmt: skip
        self.choices: list[Any] = [("", _("A source outside: name it beside"))]
        self.choices += [(title, rows) for title, rows in groups if rows]

    def find(self, reference: str) -> Any:
        """The row of a choice; None for a source outside."""
        return self.rows.get(reference)


def figure_name(one: Observation) -> str:
    """Which figure, without the figure: small numbers of people are shown to few."""
    place = f" · {one.unit}" if one.unit else ""
    cell = f" · {one.cell}" if one.cell else ""
    return f"{one.indicator.definition.code} {one.indicator.name} · {one.period.label}{place}{cell}"


def evidence_name(one: Evidence) -> str:
    return f"{one.name[:60]} · {one.observation.indicator.definition.code} · {one.observation.period.label}"


def verdict_name(one: Verdict) -> str:
    said = one.get_status_display() or (_("refused") if one.refusal_code else _("answered"))
    run = f" · {one.course_run}" if one.course_run else ""
    return f"{one.indicator.definition.code} {one.indicator.name}{run} · {one.run.label}: {said}"


def _wanted(kept: tuple[str, ...]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"observation": [], "evidence": [], "verdict": []}
    for reference in kept:
        kind, _colon, pk = reference.partition(":")
        key = whole_number(pk)
        if kind in found and key is not None:
            found[kind].append(key)
    return found


def _chosen(rows: Any, newest: Any, kept: list[int]) -> list[Any]:
    """The newest and those that are named already, in the order of `newest`."""
    found = list(newest[:MOST])
    missing = set(kept) - {one.pk for one in found}
    return found + (list(rows.filter(pk__in=missing)) if missing else [])


def _figures(indicator: ProgrammeIndicator, user: User, kept: list[int]) -> list[Observation]:
    rows = (
        Observation.objects.visible_to(user)
        .filter(indicator__programme=indicator.programme_id, state__in=[State.APPROVED, State.SUPERSEDED])
        .select_related("indicator__definition", "indicator__version", "period", "unit")
    )
    now = rows.filter(state=State.APPROVED)
    own = now.filter(indicator=indicator).order_by("-period__ends_on", "pk")
    others = now.exclude(indicator=indicator).order_by(
        "-period__ends_on", "indicator__definition__code", "pk"
    )
    return _chosen(rows, own, kept) + [one for one in others[:MOST] if one.pk not in set(kept)]


def _evidence(indicator: ProgrammeIndicator, user: User, kept: list[int]) -> list[Evidence]:
    rows = (
        Evidence.objects.visible_to(user)
        .filter(
            observation__indicator__programme=indicator.programme_id,
            observation__state__in=[State.APPROVED, State.SUPERSEDED],
        )
        .select_related(
            "observation__indicator__definition", "observation__indicator__version", "observation__period"
        )
    )
    return _chosen(rows, rows.order_by("-added_at", "-pk"), kept)


def _verdicts(indicator: ProgrammeIndicator, user: User, kept: list[int]) -> list[Verdict]:
    rows = (
        Verdict.objects.visible_to(user)
        .filter(run__programme=indicator.programme_id)
        .exclude(inputs__contains={"compute": "contribution_rating"})
        .defer("inputs", "result")
        .select_related("indicator__definition", "indicator__version", "run", "course_run__course")
    )
    return _chosen(rows, rows.order_by("-run__as_of", "-run__revision", "pk"), kept)
