"""Composite indices for templates: scores with their intervals, parts and explanation. Formats; computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.translation import gettext as _

from indicators.engine.composite import FLOOR, PartScore
from indicators.engine.display import format_index, format_number, format_share, format_value
from indicators.engine.index import (
    Across,
    IndexInputs,
    IndexPart,
    IndexScore,
    IndexScores,
    Reads,
    format_scale,
)
from indicators.engine.types import Message
from indicators.models import ProgrammeIndicator
from indicators.templatetags.ui import MISSING, with_days

register = template.Library()
Indicators = Mapping[int, ProgrammeIndicator]


def said(message: Message | None) -> str:
    """An engine message in the reader's language; empty for None."""
    return "" if message is None else with_days(_(message.template) % message.params)


@register.inclusion_tag("components/index_scores.html")
def index_scores(
    inputs: IndexInputs, scores: IndexScores, indicators: Indicators, is_open: bool = True
) -> dict[str, Any]:
    """Each score with its interval, its parts and how it came about.

    Args:
        scores: of `inputs`, perhaps narrowed to those that the reader may see.
        indicators: those of the parts by number, for their units and links.
        is_open: whether the parts are shown at once where there is one score.
    """
    members = {one.key: one for one in inputs.members}
    names = {one.key: one.name for one in scores.scores}
    lines = [
        _line(one, members[one.key].parts, names, len(scores.scores), indicators) for one in scores.scores
    ]
    return {
        "lines": lines,
        "is_open": is_open,
        "is_compared": inputs.across is not Across.PROGRAMME,
        "has_ranks": any(one.rank is not None for one in scores.scores),
        "is_partners": inputs.across is Across.PARTNERS,
        "weights_differ": inputs.across is Across.PARTNERS and _weights_differ(inputs),
        "seed": scores.seed,
        "draws": format_number_of(scores.draws),
        "usable_from": format_share(inputs.usable_from),
    }


def format_number_of(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def _weights_differ(inputs: IndexInputs) -> bool:
    return len({tuple(part.weight for part in member.parts) for member in inputs.members}) > 1


def _line(
    score: IndexScore,
    parts: tuple[IndexPart, ...],
    names: Mapping[str, str],
    shown: int,
    indicators: Indicators,
) -> dict[str, Any]:
    is_scored = score.value is not None
    return {
        "key": score.key,
        "name": score.name,
        "value": format_index(score.value) if is_scored else "",
        "interval": interval_text(score),
        "rank": rank_text(score),
        "like": [names[key] for key in score.not_distinguishable_from if key in names],
        "refusal": said(score.refusal.message) if score.refusal else "",
        "notes": [said(note) for note in score.notes],
        "is_marked": bool(score.notes),
        "usable": format_share(score.usable_weight),
        "parts": part_lines(score, parts, indicators),
        "sentence": " ".join(said(one) for one in score.sentence),
        "steps": [
            (said(one.label), ":  ".join(text for text in (one.rule, one.substituted) if text), one.result)
            for one in score.steps
        ],
    }


def interval_text(score: IndexScore) -> str:
    if score.low is None or score.high is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": format_index(score.low), "high": format_index(score.high)}


def rank_text(score: IndexScore) -> str:
    """A rank is never written without its interval."""
    if score.rank is None:
        return ""
    return _("%(rank)s (%(low)s to %(high)s)") % {
        "rank": score.rank,
        "low": score.rank_low,
        "high": score.rank_high,
    }


def part_lines(
    score: IndexScore, parts: tuple[IndexPart, ...], indicators: Indicators
) -> list[dict[str, Any]]:
    """The parts of one score as they stand in a table."""
    by_name = {one.name: one for one in score.parts}
    whole = sum(part.weight for part in parts)
    return [_part_line(part, by_name.get(part.key), whole, indicators) for part in parts]


def _part_line(
    part: IndexPart, found: PartScore | None, whole: Any, indicators: Indicators
) -> dict[str, Any]:
    indicator = indicators.get(part.indicator)
    posts = part.goalposts

    def write(value: Any) -> str:
        if value is None:
            return MISSING
        if part.reads is Reads.PROGRESS:
            return format_share(value)
        return format_value(value, indicator.version.rule()) if indicator else format_number(value, 4)

    return {
        "name": part.name,
        "url": indicator.get_absolute_url() if indicator else "",
        "value": write(part.value),
        "is_missing": part.value is None,
        "on": part.on,
        "reads": _("progress") if part.reads is Reads.PROGRESS else "",
        "goalposts": _("%(low)s to %(high)s") % {"low": write(posts.low), "high": write(posts.high)},
        "chosen": format_share(part.weight / whole) if whole else "",
        "used": "" if found is None else format_share(found.weight),
        "normalised": "" if found is None or found.normalised is None else format_scale(found.normalised),
        "remarks": remarks(part, found),
    }


def remarks(part: IndexPart, found: PartScore | None) -> list[str]:
    """What a reader must know of a part: missing, turned round, cut, raised, logarithmic."""
    noted = []
    if part.value is None:
        why = said(part.why_missing)
        noted.append(_("Missing, left out: %(why)s") % {"why": why} if why else _("Missing, left out."))
    if not part.goalposts.higher_is_better:
        noted.append(_("Less is better: turned round."))
    if part.goalposts.is_logarithmic:
        noted.append(_("Logarithmic scale."))
    if found is not None and found.is_floored:
        noted.append(_("Raised to the floor of %(floor)s.") % {"floor": FLOOR})
    elif found is not None and found.is_clipped:
        noted.append(_("Beyond a goalpost: cut."))
    return noted


@register.inclusion_tag("components/index_line.html")
def index_line(scores: Sequence[IndexScore]) -> dict[str, Any]:
    """Scores with their intervals in one cell, without places: a place needs the room for its interval."""
    return {
        "lines": [
            {
                "name": one.name,
                "value": "" if one.value is None else format_index(one.value),
                "interval": interval_text(one),
                "refusal": said(one.refusal.message) if one.refusal else "",
                "notes": [said(note) for note in one.notes],
                "is_marked": bool(one.notes),
            }
            for one in scores
        ]
    }


@register.filter
def score_steps(score: IndexScore) -> list[tuple[str, str, str]]:
    """How one score came about: what, the calculation, what came out."""
    return [
        (said(one.label), ":  ".join(part for part in (one.rule, one.substituted) if part), one.result)
        for one in score.steps
    ]
