"""Explain any number: a status, a period, a cell, a verdict, a score. One door for pages, files, machines."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404

from indicators.models import (
    User,
)
from indicators.reports.explained_change import explain_change, explain_verdict_change
from indicators.reports.explained_period import explain_cell, explain_period
from indicators.reports.explained_status import explain_status, indicator_of
from indicators.reports.explained_verdict import explain_score, explain_verdict
from indicators.reports.explanation import Explanation
from indicators.reports.queries import (
    today,
)
from indicators.snapshots import load_indicators, load_snapshots


def explain_indicator(user: User, key: str) -> Explanation:
    indicator = indicator_of(user, key)
    snapshot = load_snapshots(load_indicators([indicator.pk]), as_of=today())[indicator.pk]
    return explain_status(user, indicator, snapshot)


BUILDERS: dict[str, Callable[[User, str], Explanation]] = {
    "indicator": explain_indicator,
    "period": explain_period,
    "cell": explain_cell,
    "verdict": explain_verdict,
    "score": explain_score,
    "change": explain_change,
    "verdict-change": explain_verdict_change,
}
"""What can be explained, and how. Pages, files and the machine door all ask here."""


def explanation_of(user: User, kind: str, key: str) -> Explanation:
    """The explanation of one number; 404 for what is not there or not theirs.

    Args:
        kind: indicator, period, cell, verdict or score; change and verdict-change say what would turn one.
        key: the indicator's number; indicator and period as ``12-345``; the same and the cell as ``12-345-sex=f``; the
            verdict's number; a programme's code, or that and an objective's code as ``NMI:OC1``.
    """
    build = BUILDERS.get(kind)
    if build is None:
        raise Http404
    return build(user, key)
