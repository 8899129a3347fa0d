"""The decisions themselves, on rows that are locked and checked: for one figure and for many alike.

`actions` and `bulk` lock the rows and ask who may; nothing here asks again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from indicators.entry.moves import Place, as_json, clean_comment, deed, move_all
from indicators.events import remember_all
from indicators.models import Observation, State, User


def required_comment(comment: str) -> str:
    """The comment, cleaned; ValidationError when there is none."""
    clean = clean_comment(comment)
    if not clean:
        raise ValidationError(
            {"comment": _("No comment was given; whoever entered the figure must learn what is wrong.")},
            code="required",
        )
    return clean


def validate_locked(
    locked: Sequence[Observation], *, by: User, at: datetime, comment: str, in_place_of: Mapping[int, str]
) -> None:
    """Say that submitted figures are sound. Two statements."""
    _decided(
        locked,
        "validated",
        {"validated_by": by, "validated_at": at, "decision_comment": comment},
        by=by,
        at=at,
        comment=comment,
        in_place_of=in_place_of,
    )


def send_back_locked(
    locked: Sequence[Observation],
    verb: str,
    *,
    by: User,
    at: datetime,
    comment: str,
    in_place_of: Mapping[int, str],
) -> None:
    """Return or reject figures. What is returned is validated anew when it comes back. Two statements."""
    changes: dict[str, Any] = {"decided_by": by, "decided_at": at, "decision_comment": comment}
    if verb == "returned":
        changes |= {"validated_by": None, "validated_at": None}
    _decided(locked, verb, changes, by=by, at=at, comment=comment, in_place_of=in_place_of)


def _decided(
    locked: Sequence[Observation],
    verb: str,
    changes: dict[str, Any],
    *,
    by: User,
    at: datetime,
    comment: str,
    in_place_of: Mapping[int, str],
) -> None:
    befores = [{"state": str(one.state)} for one in locked]
    move_all(locked, verb, **changes)
    deeds = [
        deed(verb, one, before=before, after={"state": str(one.state)}, reason=comment,
             in_place_of=in_place_of[one.indicator.programme_id])
        for one, before in zip(locked, befores, strict=True)
    ]  # fmt: skip
    remember_all(deeds, by=by, at=at)


def approve_locked(
    locked: Sequence[Observation],
    standing: Mapping[Place, Observation],
    *,
    by: User,
    at: datetime,
    comment: str,
    in_place_of: Mapping[int, str],
) -> None:
    """Set figures in force. What they correct steps aside first: one figure for each place. At most three statements.

    Args:
        standing: what `in_force` found for these figures.
    """
    corrected = [(standing[place_of(one)], one) for one in locked if place_of(one) in standing]
    deeds = [
        deed("superseded", old, before=as_json(old), after=as_json(new), reason=new.correction_reason)
        for old, new in corrected
    ]
    if corrected:
        move_all([old for old, _new in corrected], "superseded", superseded_at=at)
    befores = [{"state": str(one.state)} for one in locked]
    move_all(locked, "approved", decided_by=by, decided_at=at, decision_comment=comment)
    deeds += [
        deed("approved", one, before=before, after=as_json(one), reason=comment,
             in_place_of=in_place_of[one.indicator.programme_id])
        for one, before in zip(locked, befores, strict=True)
    ]  # fmt: skip
    remember_all(deeds, by=by, at=at)


def in_force(locked: Sequence[Observation]) -> dict[Place, Observation]:
    """The figures that stand in the places of the given ones, locked.

    One query when there are none, as for most figures; two otherwise. Their indicators are locked already.
    """
    beside = Observation.objects.filter(
        pk__in=[one.pk for one in locked],
        indicator=OuterRef("indicator"),
        period=OuterRef("period"),
        cell=OuterRef("cell"),
    )
    approved = Observation.objects.filter(Exists(beside), state=State.APPROVED).order_by()
    places = {place_of(one) for one in locked}
    standing = [
        pk
        for pk, *place in approved.values_list("pk", "indicator_id", "period_id", "unit_id", "cell")
        if tuple(place) in places
    ]
    if not standing:
        return {}
    rows = Observation.objects.select_for_update(of=("self",)).select_related("indicator", "period", "unit")
    return {place_of(one): one for one in rows.filter(pk__in=standing).order_by("pk")}


def check_corrects(new: Observation, standing: Mapping[Place, Observation]) -> None:
    """Refuse a figure whose place is held by another than the one that it corrects."""
    old = standing.get(place_of(new))
    if (old.pk if old is not None else None) != new.corrects_id:
        raise ValidationError(
            _("Another figure was approved for this place meanwhile; return this one and correct that one."),
            code="conflict",
        )


def place_of(observation: Observation) -> Place:
    """Where a figure stands: at most one is in force there."""
    return observation.indicator_id, observation.period_id, observation.unit_id, observation.cell
