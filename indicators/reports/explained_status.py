"""A status explained: its steps, what was left out, the figures it rests on. Asks as the reader; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from indicators.disclosure import shown_to
from indicators.engine.display import format_share
from indicators.engine.quality import is_partial
from indicators.engine.timeline import current_value, started
from indicators.engine.types import Coverage, PeriodValue, Snapshot, Step
from indicators.models import (
    WAITING,
    GlobalRole,
    IndicatorStatus,
    Observation,
    ProgrammeIndicator,
    ReportingUnit,
    User,
    rules_on,
)
from indicators.reports import cells
from indicators.reports.breakdowns import cell_label
from indicators.reports.explanation import Contribution, Explanation, Line, lines_of
from indicators.reports.queries import (
    every_indicator,
    status_of,
    today,
)
from indicators.reports.wording import has_gone_stale, refusal_text, say, say_all, status_now
from indicators.sent import whole_number
from indicators.templatetags.ui import instant, with_days

MOST_FIGURES = 500
MOST_NAMED = 8


def number_of(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise Http404
    return number


def indicator_of(user: User, key: str) -> ProgrammeIndicator:
    return get_object_or_404(every_indicator(user), pk=number_of(key))


def with_people(user: User) -> bool:
    """Names of staff stay inside: partner viewers do not see them."""
    return user.global_role != GlobalRole.PARTNER_VIEWER


def visible_observations(user: User, indicator: ProgrammeIndicator) -> QuerySet[Observation]:
    """The accepted figures behind the numbers; a partner viewer sees those of its own units and of none."""
    found = Observation.objects.visible_to(user).current().filter(indicator=indicator)
    return listed(of_own_units(user, indicator, found))


def of_own_units(
    user: User, indicator: ProgrammeIndicator, found: QuerySet[Observation]
) -> QuerySet[Observation]:
    if with_people(user):
        return found
    units = ReportingUnit.objects.visible_to(user).filter(programme=indicator.programme_id)
    return found.filter(unit__isnull=True) | found.filter(unit__in=units.values("pk"))


def listed(found: QuerySet[Observation]) -> QuerySet[Observation]:
    return found.select_related(
        "indicator__version", "period", "unit", "entered_by", "decided_by", "corrects"
    ).order_by("-period__ends_on", "-period__starts_on", "unit__name", "cell", "-pk")


def explain_status(
    user: User, indicator: ProgrammeIndicator, snapshot: Snapshot, *, most: int = MOST_FIGURES
) -> Explanation:
    """The status of today with its steps and the figures of the periods that it is made of."""
    status = status_of(indicator)
    used = current_value(
        started(snapshot.series, snapshot.as_of), snapshot.rule, snapshot.plan, snapshot.as_of
    )
    found = visible_observations(user, indicator).filter(in_periods(used.periods))
    figures, more = contributions(user, found, most=most)
    return _of_status(
        indicator,
        status,
        left_out=_left_out(user, indicator, snapshot),
        contributions=figures,
        more=more,
    )


def outline(indicator: ProgrammeIndicator) -> Explanation:
    """The status with its steps alone, from what is stored: for lists of many. Asks nothing."""
    return _of_status(indicator, status_of(indicator))


def _of_status(indicator: ProgrammeIndicator, status: IndicatorStatus | None, **more: Any) -> Explanation:
    judgement = status.judgement if status is not None else {}
    steps = lines_of(judgement.get("steps", []))
    if status is not None and has_gone_stale(status):
        steps.append(Line(what=refusal_text(status), result="STALE"))
    rule = indicator.version.rule()
    value = cells.amount(status.value if status else None, rule)
    return Explanation(
        kind="indicator",
        key=str(indicator.pk),
        about=str(indicator),
        value=refusal_text(status) if value.is_missing else value.text,
        sentence=status_sentence(status) or refusal_text(status),
        steps=steps,
        coverage=_coverage(indicator, status),
        rounding=rounding(indicator),
        sum_up=_sum_up(status),
        change_url=reverse("explanation", args=["change", indicator.pk]) if _is_judged(status) else "",
        as_of=status.as_of if status else today(),
        marking=indicator.marking,
        is_illustrative=indicator.programme.is_illustrative,
        **more,
    )


def status_sentence(status: IndicatorStatus | None) -> str:
    """The stored sentence; a value that went stale since says so instead of its old colour."""
    if status is None or has_gone_stale(status) or (status.value is None and status.refusal):
        return ""
    return say_all(status.judgement["sentence"])


def _is_judged(status: IndicatorStatus | None) -> bool:
    return status is not None and status_now(status) in {"on_track", "at_risk", "off_track"}


def _sum_up(status: IndicatorStatus | None) -> str:
    if status is None:
        return ""
    return _("Status: %(status)s. Computed on %(day)s by method %(version)s.") % {
        "status": cells.status(status_now(status)).text,
        "day": instant(status.computed_at),
        "version": status.method_version,
    }


def _coverage(indicator: ProgrammeIndicator, status: IndicatorStatus | None) -> str:
    if status is None or not status.expected:
        return ""
    return coverage_text(status.reported, status.expected)


def coverage_text(reported: int, expected: int) -> str:
    if not expected:
        return ""
    said = _("%(reported)s of %(expected)s reports that were due are in (%(share)s).") % {
        "reported": reported,
        "expected": expected,
        "share": format_share(Decimal(reported) / Decimal(expected)),
    }
    if is_partial(Coverage(reported=reported, expected=expected), rules_on(today())):
        said += " " + _("Partial.")
    return said


def rounding(indicator: ProgrammeIndicator) -> str:
    """How the shown figures are rounded; what is computed is not."""
    places = cells.places(indicator.version.rule())
    return ngettext(
        "Values are shown with at most %(n)s decimal, shares in percent with 1, half to even; the on-track index "
        "with 2, or as many more as keep it on its side of the borders. Computed with ten decimals, rounded "
        "last.",
        "Values are shown with at most %(n)s decimals, shares in percent with 1, half to even; the on-track index "
        "with 2, or as many more as keep it on its side of the borders. Computed with ten decimals, rounded "
        "last.",
        places,
    ) % {"n": places}


def _left_out(user: User, indicator: ProgrammeIndicator, snapshot: Snapshot) -> list[str]:
    """What the numbers do not contain: gaps, periods that a rule refused, figures that nobody accepted yet."""
    gaps = [p.label for p in snapshot.series if p.value is None and p.refusal is None]
    refused = [p.label for p in snapshot.series if p.refusal is not None]
    waiting = Observation.objects.visible_to(user).filter(indicator=indicator, state__in=WAITING).count()
    found = []
    if gaps:
        found.append(_("Periods without a figure: %(names)s") % {"names": named(gaps)})
    if refused:
        found.append(_("Periods with too little data: %(names)s") % {"names": named(refused)})
    if waiting:
        found.append(
            ngettext(
                "%(count)s figure that waits for acceptance",
                "%(count)s figures that wait for acceptance",
                waiting,
            )
            % {"count": waiting}
        )
    return found


def named(labels: list[str]) -> str:
    """The newest ones by name, how many more there are."""
    newest = labels[-MOST_NAMED:][::-1]
    more = len(labels) - len(newest)
    return ", ".join(newest) + (_(" and %(count)s more") % {"count": more} if more else "")


def in_periods(periods: Iterable[PeriodValue]) -> Q:
    """The periods by their days and label, which together name one of a programme."""
    found = [
        Q(period__starts_on=p.starts_on, period__ends_on=p.ends_on, period__label=p.label) for p in periods
    ]
    if not found:
        return Q(pk__in=[])
    whole = found[0]
    for one in found[1:]:
        whole |= one
    return whole


def contributions(user: User, found: QuerySet[Observation], *, most: int) -> tuple[list[Contribution], int]:
    """The newest figures and how many there are beyond. A cell of few people keeps its place and loses its figure."""
    shown = shown_to(user, found[:most])
    more = found.count() - most  # Asked always, so that a page costs the same however many there are.
    return [_contribution(one, with_people=with_people(user)) for one in shown], max(more, 0)


def _contribution(one: Observation, *, with_people: bool) -> Contribution:
    version = one.indicator.version
    is_left_out = bool(getattr(one, "is_left_out", False))
    return Contribution(
        id=one.pk,
        url=one.get_absolute_url(),
        period=one.period.label,
        unit=str(one.unit) if one.unit else _("Whole programme"),
        cell=cell_label(version, one.cell) if one.cell else "",
        figure=_("left out: few people") if is_left_out else figure_of(one),
        is_left_out=is_left_out,
        entered_by=str(one.entered_by) if with_people else "",
        entered_on=one.entered_at.date(),
        decided_by=str(one.decided_by) if with_people and one.decided_by else "",
        decided_on=one.decided_at.date() if one.decided_at else None,
        correction=_("Correction: %(reason)s") % {"reason": one.correction_reason}
        if one.corrects_id and with_people and not is_left_out
        else "",
    )


def figure_of(one: Observation) -> str:
    """A single figure as it was entered: parts, value, text, or why there is none."""
    if one.denominator is not None:
        return f"{cells.number(one.numerator).text} / {cells.number(one.denominator).text}"
    if one.value is not None:
        return cells.amount(one.value, one.indicator.version.rule()).text
    return one.get_missing_reason_display() if one.missing_reason else one.text


def in_words(steps: Iterable[Step]) -> list[Line]:
    return [
        Line(
            what=say(step.label), rule=step.rule, substituted=with_days(step.substituted), result=step.result
        )
        for step in steps
    ]
