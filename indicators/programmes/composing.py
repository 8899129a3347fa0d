"""Making a composite index, making it anew, taking it out of use. Verbs only; `recipes` says what may be joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from indicators import events
from indicators.composites import Piece, recipe_of
from indicators.models import Aggregation, CompositeIndex, IndexComponent, IndexVersion, Programme, User
from indicators.permissions import check_may_compose
from indicators.programmes.changes import check_row, differing, lock_programme, ready, refuse
from indicators.programmes.recipes import OwnWeight, Part, recipe_from
from indicators.programmes.targets import Faults


@transaction.atomic
def create_index(
    *,
    programme: Programme,
    name: str,
    purpose: str,
    across: str,
    parts: Sequence[Part],
    reason: str,
    by: User,
    at: datetime,
    aggregation: str = Aggregation.GEOMETRIC,
    own_weights: Sequence[OwnWeight] = (),
    weights_reason: str = "",
) -> CompositeIndex:
    """Join indicators of one programme into an index: its first version, with the reason for its make-up.

    Args:
        across: an `Across`; of whom it speaks.
        parts: the indicators with goalposts and weights; see `recipe_from`.
        own_weights: weights of single partners; they need `weights_reason`.

    Raises:
        PermissionDenied: `by` is neither administrator nor approver of the programme.
        ValidationError: keyed by field; faults of a part by ``part-<its place>-<field>``.
    """
    check_may_compose(by, programme)
    programme = lock_programme(programme)
    index = CompositeIndex(programme=programme, name=name.strip())
    check_row(index)
    index.save()
    version = _new_version(
        index,
        number=1,
        purpose=purpose,
        across=across,
        aggregation=aggregation,
        parts=parts,
        own_weights=own_weights,
        weights_reason=weights_reason,
        reason=reason,
        by=by,
        at=at,
    )
    events.remember(
        "composed an index",
        by=by,
        at=at,
        about=index,
        programme=programme,
        after={"name": index.name} | make_up(version),
        reason=version.reason,
    )
    return index


@transaction.atomic
def revise_index(
    *,
    index: CompositeIndex,
    number: int,
    name: str,
    purpose: str,
    across: str,
    parts: Sequence[Part],
    reason: str,
    by: User,
    at: datetime,
    aggregation: str = Aggregation.GEOMETRIC,
    own_weights: Sequence[OwnWeight] = (),
    weights_reason: str = "",
) -> IndexVersion:
    """Make an index anew. The old version stays, and so does what assessments said by it.

    Args:
        number: the version that is being revised, as it was read; refused when a newer one exists by now.
    """
    check_may_compose(by, index.programme)
    lock_programme(index.programme)
    index = _lock(index)
    old = index.current
    assert old is not None
    if old.number != number:
        raise refuse(
            "",
            _("%(who)s revised this index on %(day)s while you worked on this page. Load it again.")
            % {"who": old.created_by, "day": date_format(old.created_at, "DATE_FORMAT")},
        )
    before = {"name": index.name} | make_up(old)
    index.name = name.strip()
    check_row(index)
    version = _new_version(
        index,
        number=old.number + 1,
        purpose=purpose,
        across=across,
        aggregation=aggregation,
        parts=parts,
        own_weights=own_weights,
        weights_reason=weights_reason,
        reason=reason,
        by=by,
        at=at,
    )
    was, became = differing(before, {"name": index.name} | make_up(version))
    if not became:
        raise refuse("", _("Nothing differs from the present version; change at least one thing."))
    events.remember(
        "revised an index",
        by=by,
        at=at,
        about=index,
        programme=index.programme_id,
        before=was,
        after=became,
        reason=version.reason,
    )
    return version


@transaction.atomic
def retire_index(*, index: CompositeIndex, reason: str, by: User, at: datetime) -> CompositeIndex:
    """Take an index out of use. It and what assessments said by it stay readable."""
    check_may_compose(by, index.programme)
    lock_programme(index.programme)
    index = _lock(index)
    if not reason.strip():
        raise refuse("reason", _("Empty; say why the index is no longer used."))
    index.is_active = False
    index.save(update_fields=["is_active"])
    events.remember(
        "retired an index",
        by=by,
        at=at,
        about=index,
        programme=index.programme_id,
        before={"is_active": True},
        after={"is_active": False},
        reason=reason.strip(),
    )
    return index


# --- What the verbs share ----------------------------------------------------------------------------------


def _lock(index: CompositeIndex) -> CompositeIndex:
    """The index as it stands now; refused when it is out of use."""
    index = (
        CompositeIndex.objects.select_for_update(of=("self",), no_key=True)
        .select_related("programme", "current__created_by")
        .get(pk=index.pk)
    )
    if not index.is_active:
        raise refuse("", _("This index is out of use; make a new one instead."))
    return index


def _new_version(
    index: CompositeIndex,
    *,
    number: int,
    purpose: str,
    across: str,
    aggregation: str,
    parts: Sequence[Part],
    own_weights: Sequence[OwnWeight],
    weights_reason: str,
    reason: str,
    by: User,
    at: datetime,
) -> IndexVersion:
    """Store a version with its components and make it the index's present one, or say everything that is wrong."""
    faults = Faults()
    if not purpose.strip():
        faults.add("purpose", _("Empty; say in a sentence what the index is for."))
    if not reason.strip():
        faults.add("reason", _("Empty; say why these indicators, goalposts and weights."))
    if own_weights and not weights_reason.strip():
        faults.add("weights_reason", _("Empty; say why these partners have weights of their own."))
    try:
        recipe = recipe_from(
            index.programme, across=across, aggregation=aggregation, parts=parts, own_weights=own_weights
        )
    except ValidationError as refusal:
        faults.by_field |= refusal.message_dict
    faults.raise_any()
    version = IndexVersion(
        index=index,
        number=number,
        purpose=purpose.strip(),
        across=across,
        aggregation=aggregation,
        reason=reason.strip(),
        weights_reason=weights_reason.strip() if own_weights else "",
        created_by=by,
        created_at=at,
    )
    check_row(version)
    version.save()
    IndexComponent.objects.bulk_create(
        _component(version, piece, position) for position, piece in enumerate(recipe.pieces)
    )
    index.current = version
    index.save(update_fields=["name", "current"])
    return version


def _component(version: IndexVersion, piece: Piece, position: int) -> IndexComponent:
    return IndexComponent(
        version=version,
        indicator=piece.indicator,
        reads=piece.reads.value,
        low=piece.low,
        high=piece.high,
        is_logarithmic=piece.is_logarithmic,
        weight=piece.weight,
        position=position,
    )


def make_up(version: IndexVersion) -> dict[str, Any]:
    """A version for the audit trail, and to see whether two differ."""
    recipe = recipe_of(version, version.index.programme)
    return {
        "purpose": version.purpose,
        "across": version.across,
        "aggregation": version.aggregation,
        "weights_reason": version.weights_reason,
        "parts": [
            [
                str(piece.indicator.pk),
                str(piece.indicator),
                piece.reads.value,
                ready(piece.low),
                ready(piece.high),
                piece.is_logarithmic,
                None if piece.weight is None else ready(piece.weight),
            ]
            for piece in recipe.pieces
        ],
    }
