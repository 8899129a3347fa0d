"""Writing down what makes a partner different. Each change is a new version; the old ones stay (METHOD 2.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from indicators import events
from indicators.models import ContextProfile, Partner, ProfileEntry, User
from indicators.permissions import check_may_describe_partner
from indicators.programmes.changes import check_row, refuse
from indicators.programmes.targets import Faults

FACTS = ("text", "source", "source_on", "confidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One statement as somebody gives it."""

    text: str
    source: str
    source_on: date | None
    confidence: str


@transaction.atomic
def describe_partner(
    *,
    partner: Partner,
    entries: Mapping[str, Said],
    reason: str,
    number: int,
    by: User,
    at: datetime,
    is_illustrative: bool = False,
) -> ContextProfile:
    """Keep a new version of a partner's context profile.

    Args:
        entries: by topic; a topic that is not named, or without a text, has nothing known of it.
        number: the version that was read, 0 for none; refused when a newer one exists by now.

    Raises:
        PermissionDenied: `by` may not describe this partner.
        ValidationError: keyed ``<field>_<topic>`` or ``reason``; nothing is stored then.
    """
    check_may_describe_partner(by, partner)
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    old = ContextProfile.objects.filter(partner=partner).prefetch_related("entries").first()
    if (old.number if old else 0) != number:
        raise refuse("", _("Somebody else wrote a new version while you worked on this page. Load it again."))
    entries = {topic: one for topic, one in entries.items() if one.text.strip()}
    _check(entries, reason)
    before = {one.topic: one for one in old.entries.all()} if old else {}
    after = {topic: _as_facts(one) for topic, one in entries.items()}
    was = {topic: _as_facts(one) for topic, one in before.items()}
    if after == was:
        raise refuse("", _("Nothing differs from the present version; change at least one thing."))
    profile = ContextProfile(
        partner=partner,
        number=number + 1,
        reason=reason.strip(),
        is_illustrative=is_illustrative,
        created_by=by,
        created_at=at,
    )
    check_row(profile)
    profile.save()
    for topic, facts in after.items():
        kept = before.get(topic) if facts == was.get(topic) else None
        row = ProfileEntry(
            profile=profile,
            topic=topic,
            written_by=kept.written_by if kept else by,
            written_at=kept.written_at if kept else at,
            **facts,
        )
        check_row(row)
        row.save()
    events.remember(
        "described a partner",
        by=by,
        at=at,
        about=profile,
        before=_ready({topic: facts for topic, facts in was.items() if after.get(topic) != facts}),
        after=_ready({topic: facts for topic, facts in after.items() if was.get(topic) != facts}),
        reason=profile.reason,
    )
    return profile


def _check(entries: Mapping[str, Said], reason: str) -> None:
    faults = Faults()
    if not reason.strip():
        faults.add("reason", _("Empty; say what changed and why."))
    for topic, one in entries.items():
        if topic not in ProfileEntry.Topic.values:
            raise refuse("", _("“%s” is no topic of a profile.") % topic)
        if not one.source.strip():
            faults.add(f"source_{topic}", _("Empty; say where this comes from."))
        if one.source_on is None:
            faults.add(f"source_on_{topic}", _("Empty; say of which day this is."))
        if one.confidence not in ProfileEntry.Confidence.values:
            faults.add(f"confidence_{topic}", _("Empty; say how sure this is."))
    faults.raise_any()


def _as_facts(one: Said | ProfileEntry) -> dict[str, object]:
    return {
        "text": one.text.strip(),
        "source": one.source.strip(),
        "source_on": one.source_on,
        "confidence": one.confidence,
    }


def _ready(by_topic: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, str]]:
    return {topic: {name: str(value) for name, value in facts.items()} for topic, facts in by_topic.items()}
