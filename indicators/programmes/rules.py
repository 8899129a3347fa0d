"""Setting the borders of the method anew, and seeing beforehand what that would do (METHOD's [rule] values)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators import derived
from indicators.doorbell import REFRESH_STATUSES, ring_on_commit
from indicators.engine.judge import judge_many
from indicators.engine.rules import DECIMALS, ORDERED, RANGES, Rules
from indicators.events import remember
from indicators.models import ProgrammeIndicator, RuleSet, User, rules_on
from indicators.permissions import check_may_administer
from indicators.programmes.targets import Faults, plain
from indicators.snapshots import load_indicators, load_snapshots

PREVIEW_CHUNK = 500


@transaction.atomic
def change_rules(
    *, values: Mapping[str, Decimal], effective_on: date, reason: str, by: User, at: datetime
) -> RuleSet:
    """Put a new set of rules in force from a day on; statuses are judged again once it is stored.

    Frozen verdicts keep the rules that they were reached by. A set that comes into force later than today counts from
    the first judgement on or after its day, which the nightly run makes at the latest.

    Raises:
        ValidationError: keyed by rule, effective_on (in the past) or reason.
    """
    check_may_administer(by)
    rules = checked_rules(values)
    faults = Faults()
    today = timezone.localdate(at)
    if effective_on < today:
        faults.add(
            "effective_on",
            _("%(given)s was given; today, %(today)s, or a later day was expected: the past keeps its rules.")
            % {"given": effective_on.isoformat(), "today": today.isoformat()},
        )
    if not reason.strip():
        faults.add("reason", _("Empty; say why the rules change."))
    with connection.cursor() as cursor:  # One after the other, so that numbers and "before" are right.
        cursor.execute("LOCK TABLE indicators_ruleset IN SHARE ROW EXCLUSIVE MODE")
    before = rules_on(effective_on)
    if rules == before:
        faults.add("reason", _("Nothing differs from the rules in force on that day; change at least one."))
    faults.raise_any()
    last = RuleSet.objects.order_by("-number").first()
    kept = RuleSet.objects.create(
        number=1 if last is None else last.number + 1,
        effective_on=effective_on,
        values=rules.as_text(),
        reason=reason.strip(),
        by=by,
        at=at,
    )
    changed = changed_rules(before, rules)
    remember(
        "changed",
        by=by,
        at=at,
        about=kept,
        before={name: before.as_text()[name] for name in changed},
        after={name: rules.as_text()[name] for name in changed} | {"effective_on": effective_on.isoformat()},
        reason=kept.reason,
    )
    ring_on_commit(REFRESH_STATUSES)  # a lost message costs no more than the wait for the nightly run
    return kept


def checked_rules(values: Mapping[str, Decimal]) -> Rules:
    """The rules; ValidationError keyed by rule, each naming what was given and what was expected."""
    faults = Faults()
    for name, (low, high) in RANGES.items():
        value = values.get(name)
        if value is None:
            faults.add(name, _("Empty; a number from %(low)s to %(high)s was expected.") % _ends(low, high))
        elif not value.is_finite() or not low <= value <= high:
            faults.add(
                name,
                _("%(given)s was given; a number from %(low)s to %(high)s was expected.")
                % {"given": value, **_ends(low, high)},
            )
        elif value != round(value, DECIMALS):
            faults.add(name, _("%(given)s was given; at most two decimals were expected.") % {"given": value})
    for lower, upper in ORDERED:
        if not {lower, upper} & faults.by_field.keys() and values[lower] > values[upper]:
            faults.add(
                lower,
                _("%(given)s was given; at most %(limit)s was expected, the border above it.")
                % {"given": plain(values[lower]), "limit": plain(values[upper])},
            )
    faults.raise_any()
    return Rules(**{name: values[name] for name in RANGES})


def _ends(low: Decimal, high: Decimal) -> dict[str, str]:
    return {"low": plain(low), "high": plain(high)}


def changed_rules(before: Rules, after: Rules) -> list[str]:
    """The names of the rules that differ."""
    return [name for name in RANGES if getattr(before, name) != getattr(after, name)]


@dataclass(slots=True)
class Preview:
    """What other rules would do to the statuses of today, had they been in force."""

    total: int = 0
    changed: int = 0
    """Indicators with another status."""
    reworded: int = 0
    """The same status, but another flag, limit or sentence."""
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(status now, status then) → how many."""


def preview_rules(*, values: Mapping[str, Decimal], at: datetime) -> Preview:
    """Judge every indicator in use by the present rules and by the given ones, in memory. Stores nothing."""
    wanted = checked_rules(values)
    found = Preview()
    pks = list(ProgrammeIndicator.objects.active().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), PREVIEW_CHUNK):
        for as_of, group in derived.by_day(
            load_indicators(pks[start : start + PREVIEW_CHUNK]), at=at
        ).items():
            snapshots = load_snapshots(group, as_of=as_of).values()
            changed = judge_many(replace(one, rules=wanted) for one in snapshots)
            for now, then in zip(judge_many(snapshots), changed, strict=True):
                found.total += 1
                if now.status is not then.status:
                    found.changed += 1
                    found.moves[now.status.value, then.status.value] += 1
                elif now != then:
                    found.reworded += 1
    return found
