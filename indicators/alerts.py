"""The one writer of alerts: opens them when figures change or a night passes, closes them with words.

Alerts are not derived rows: people's words hang on them, so `rebuild` leaves them alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.engine.codec import to_json
from indicators.engine.noticed import RECENT_POINTS, Noticed, notice, recent
from indicators.engine.signals import Signal
from indicators.engine.types import Refusal, Snapshot
from indicators.events import Deed, remember, remember_all
from indicators.models import Alert, ProgrammeIndicator, User
from indicators.permissions import check_may_explain

LONGEST = 2000


def keep_alerts(
    indicators: Iterable[ProgrammeIndicator], snapshots: Mapping[int, Snapshot], *, at: datetime
) -> None:
    """Open an alert for each recent signal, stretch those that go on, lapse open ones that nothing supports now.

    Called inside the transaction that changed the figures, with the indicators locked, and every night. Safe to call
    twice. A signal that overlaps an alert of the same rule and direction is that alert, also when it was closed.
    One query when nothing is noticed and nothing is open.
    """
    programmes = {one.pk: one.programme_id for one in indicators}
    found = {pk: _noticed(snapshot) for pk, snapshot in snapshots.items()}
    kept: dict[int, list[Alert]] = defaultdict(list)
    for alert in Alert.objects.filter(indicator__in=list(found)).order_by("pk"):
        kept[alert.indicator_id].append(alert)
    deeds: list[Deed] = []
    for pk, noticed in found.items():
        deeds += _keep(pk, snapshots[pk], noticed, kept[pk], programme=programmes[pk], at=at)
    if deeds:
        remember_all(deeds, by=None, at=at)


def _noticed(snapshot: Snapshot) -> Noticed | None:
    found = notice(snapshot.series, snapshot.rule, frequency_days=snapshot.frequency_days)
    return None if isinstance(found, Refusal) else found


def _keep(
    pk: int, snapshot: Snapshot, noticed: Noticed | None, kept: list[Alert], *, programme: int, at: datetime
) -> list[Deed]:
    if noticed is None:
        return _lapse(kept, set(), programme=programme, at=at)
    deeds, alive = [], set()
    newest = [one for one in recent(noticed) if _is_fresh(one, snapshot)]
    for signal in noticed.alarms:
        known = next((one for one in kept if _is_same(one, signal, snapshot)), None)
        if known is None and signal in newest:
            opened = _open(pk, signal, noticed, snapshot, at=at)
            alive.add(opened.pk)
            deeds.append(Deed(verb="noticed a change", about=opened, programme=programme))
        elif known is not None:
            alive.add(known.pk)
            _follow(known, signal, snapshot)
    return deeds + _lapse(kept, alive, programme=programme, at=at)


def _lapse(kept: list[Alert], alive: set[int], *, programme: int, at: datetime) -> list[Deed]:
    """Open alerts that the figures no longer show."""
    deeds = []
    for alert in kept:
        if alert.is_open and alert.pk not in alive:
            alert.lapsed_at = at
            alert.save(update_fields=["lapsed_at"])
            why = "The figures no longer show it."
            deeds.append(Deed(verb="let an alert lapse", about=alert, programme=programme, reason=why))
    return deeds


def _span(signal: Signal, snapshot: Snapshot) -> tuple[date, date]:
    return snapshot.series[signal.first].starts_on, snapshot.series[signal.last].ends_on


def _is_fresh(signal: Signal, snapshot: Snapshot) -> bool:
    """The newest figures of a series that ended years ago are not news."""
    age = (snapshot.as_of - snapshot.series[signal.last].ends_on).days
    return age <= (RECENT_POINTS + 1) * (snapshot.frequency_days + snapshot.grace_days)


def _is_same(alert: Alert, signal: Signal, snapshot: Snapshot) -> bool:
    first_on, last_on = _span(signal, snapshot)
    return (
        alert.rule == signal.kind.value
        and alert.is_high == signal.is_high
        and alert.first_on <= last_on
        and first_on <= alert.last_on
    )


def _follow(alert: Alert, signal: Signal, snapshot: Snapshot) -> None:
    """An alert follows its row, and opens again if it had lapsed; what was closed stays as it was explained."""
    last_on = _span(signal, snapshot)[1]
    if alert.closed_at is not None or (alert.is_open and last_on == alert.last_on):
        return
    alert.last_on, alert.points, alert.lapsed_at = last_on, signal.last - signal.first + 1, None
    alert.text = to_json(signal.text)
    alert.save(update_fields=["last_on", "points", "text", "lapsed_at"])


def _open(pk: int, signal: Signal, noticed: Noticed, snapshot: Snapshot, *, at: datetime) -> Alert:
    first_on, last_on = _span(signal, snapshot)
    return Alert.objects.create(
        indicator_id=pk,
        rule=signal.kind.value,
        is_high=signal.is_high,
        first_on=first_on,
        last_on=last_on,
        points=signal.last - signal.first + 1,
        text=to_json(signal.text),
        method=noticed.method,
        opened_at=at,
    )


@transaction.atomic
def close_alert(*, alert: Alert, cause: str, action: str, by: User, at: datetime) -> Alert:
    """Say what caused it and what is done about it; both are needed, and said once for all."""
    check_may_explain(by, alert)
    given = {"cause": cause.strip(), "action": action.strip()}
    faults = {name: fault for name, text in given.items() if (fault := _fault(text))}
    if faults:
        raise ValidationError(faults)
    claimed = Alert.objects.open().filter(pk=alert.pk).update(closed_by=by, closed_at=at, **given)
    if claimed != 1:
        raise ValidationError(
            _("This alert is no longer open: somebody explained it, or its figures changed.")
        )
    alert.refresh_from_db()
    remember(
        "explained a change",
        by=by,
        at=at,
        about=alert,
        programme=alert.indicator.programme_id,
        after=given,
        reason=given["cause"],
    )
    return alert


def _fault(text: str) -> str:
    if not text:
        return _("Empty; an alert is closed only with words, also “no cause found” is an answer.")
    if len(text) > LONGEST:
        return _("%(given)s characters were given; at most %(most)s are kept.") % {
            "given": len(text),
            "most": LONGEST,
        }
    return ""
