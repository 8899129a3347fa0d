"""What would change a verdict, in plain sentences: worked out when somebody asks, never in lists. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from indicators.engine.codec import snapshot_from_json
from indicators.engine.display import format_number, format_share
from indicators.engine.flips import Flip, FlipKind, flips, weight_flips
from indicators.engine.judge import judge
from indicators.engine.types import Snapshot, Status
from indicators.models import ProgrammeIndicator, User, Verdict
from indicators.models import Status as StatusWord
from indicators.reports.explained_status import indicator_of, number_of
from indicators.reports.explanation import Explanation, Line
from indicators.reports.queries import status_of, today
from indicators.reports.wording import has_gone_stale, refusal_text
from indicators.snapshots import load_indicators, load_snapshots
from indicators.templatetags.ui import day

PLACES = 3
MOST_WEIGHT = 10
"""A weight that must grow more than so many times is no choice that anybody weighs up."""
JUDGED = {Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK}
SENTENCES = {
    FlipKind.TARGET: gettext_lazy(
        "A target of %(then)s instead of %(now)s would make it “%(status)s”; milestones move with the target."
    ),
    FlipKind.ON_TRACK_FROM: gettext_lazy(
        "If it counted as on track from %(then)s instead of %(now)s, it would be “%(status)s”."
    ),
    FlipKind.AT_RISK_FROM: gettext_lazy(
        "If it counted as at risk from %(then)s instead of %(now)s, it would be “%(status)s”."
    ),
    FlipKind.LAST_VALUE: gettext_lazy(
        "A last value (%(name)s) of %(then)s instead of %(now)s would make it “%(status)s”."
    ),
    FlipKind.POINT: gettext_lazy("Without the figures of %(name)s it would be “%(status)s”."),
}


def explain_change(user: User, key: str) -> Explanation:
    """What would change the status of today. The key is the indicator's number."""
    indicator = indicator_of(user, key)
    snapshot = load_snapshots(load_indicators([indicator.pk]), as_of=today())[indicator.pk]
    status = status_of(indicator)
    why_none = refusal_text(status) if status is None or has_gone_stale(status) else ""
    return _of(indicator, snapshot, kind="change", key=key, about=str(indicator), why_none=why_none)


def explain_verdict_change(user: User, key: str) -> Explanation:
    """What would have changed a frozen verdict: from the inputs that it was frozen with. 404 for an ex-post one."""
    seen = Verdict.objects.visible_to(user).select_related(
        "run__programme", "indicator__definition", "indicator__version", "indicator__partner",
        "indicator__programme",
    )  # fmt: skip
    verdict = get_object_or_404(seen, pk=number_of(key))
    if verdict.method != "judge":  # Its result says so itself.
        raise Http404
    run, snapshot = verdict.run, snapshot_from_json(verdict.inputs)
    about = _("%(indicator)s, %(run)s") % {
        "indicator": verdict.indicator,
        "run": f"{run.label} r{run.revision}",
    }
    return _of(verdict.indicator, snapshot, kind="verdict-change", key=key, about=about)


def _of(
    indicator: ProgrammeIndicator,
    snapshot: Snapshot,
    *,
    kind: str,
    key: str,
    about: str,
    why_none: str = "",
) -> Explanation:
    found = () if why_none else flips(snapshot)
    return Explanation(
        kind=kind,
        key=key,
        about=_("What would change this verdict? %(about)s") % {"about": about},
        value=_value(found, why_none),
        sentence=_sentence(snapshot, found, why_none),
        steps=[_line(one) for one in found],
        rounding=_(
            "Each change is made alone, all else as it is, and judged again; figures with %(places)s decimals. Targets "
            "and last values are tried from a quarter of the planned change to four times it. Read it as how firm the "
            "verdict is, not as advice to move a target."
        )
        % {"places": PLACES},
        sum_up=_("Worked out for %(day)s when this page was opened; nothing is kept of it.")
        % {"day": day(snapshot.as_of)},
        sources=[(str(indicator), indicator.get_absolute_url())],
        as_of=snapshot.as_of,
        marking=indicator.marking,
        is_illustrative=indicator.programme.is_illustrative,
    )


def _value(found: Sequence[Flip], why_none: str) -> str:
    return why_none or (_word(found[0].status_now) if found else _("Nothing that was tried"))


def _sentence(snapshot: Snapshot, found: Sequence[Flip], why_none: str) -> str:
    if why_none:
        return _("There is no verdict that could turn.")
    if found:
        return ngettext(
            "%(n)s change was found that alone would turn “%(status)s”. It is the nearest of its kind.",
            "%(n)s changes were found, each of which alone would turn “%(status)s”. Each is the nearest of its kind.",
            len(found),
        ) % {"n": len(found), "status": _word(found[0].status_now)}
    status = judge(snapshot).status
    if status not in JUDGED:
        return _("There is no verdict that could turn: “%(status)s” stands for no progress.") % {
            "status": _word(status)
        }
    return _(
        "It is “%(status)s”. No other target, border or last value that was tried turns it, nor does leaving out "
        "any one period."
    ) % {"status": _word(status)}


def _word(status: Status) -> str:
    return str(StatusWord(status.value).label)


def _said(one: Flip) -> str:
    return str(SENTENCES[one.kind]) % {
        "name": one.name,
        "now": _figure(one.now),
        "then": _figure(one.then),
        "status": _word(one.status_then),
    }


def _figure(value: Decimal | None) -> str:
    return "–" if value is None else format_number(value, PLACES)


def _line(one: Flip) -> Line:
    moved = "" if one.then is None else f"{_figure(one.now)} \N{RIGHTWARDS ARROW} {_figure(one.then)}"
    return Line(what=_said(one), substituted=moved, result=_word(one.status_then))


def weight_lines(items: Sequence[tuple[ProgrammeIndicator, Decimal | None]], border: Decimal) -> list[Line]:
    """For each indicator the weight that brings a weighted achievement to a border; one line says if none does."""
    named = [(str(one), one.weight, achieved) for one, achieved in items]
    found = [one for one in weight_flips(named, border) if one.then <= MOST_WEIGHT * one.now]
    shown = format_share(border)
    if not found:
        none = _(
            "No single weight, changed to anything up to %(most)s times itself, brings the score to %(border)s."
        )
        return [Line(what=none % {"border": shown, "most": MOST_WEIGHT})]
    text = _(
        "With a weight of %(then)s instead of %(now)s for %(name)s the score would be %(border)s, "
        "the border of “on track”."
    )
    return [
        Line(
            what=text
            % {"then": _figure(one.then), "now": _figure(one.now), "name": one.name, "border": shown},
            substituted=f"{_figure(one.now)} \N{RIGHTWARDS ARROW} {_figure(one.then)}",
            result=shown,
        )
        for one in found
    ]
