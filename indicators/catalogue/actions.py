"""The library's one action: files become versions. Nothing that is already used is ever changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction

from indicators.catalogue.loading import FOLDER, CatalogueError, Definition, load_definitions
from indicators.events import remember
from indicators.models import IndicatorDefinition, IndicatorVersion, User
from indicators.permissions import check_may_administer

RENAMED = {"numerator": "numerator_label", "denominator": "denominator_label"}
NOT_OF_THE_VERSION = {"code", "family"}


class Loaded(NamedTuple):
    """How many definitions were made, got a new version, or were as before."""

    created: int
    changed: int
    unchanged: int


@transaction.atomic
def load_catalogue(*, by: User | None, at: datetime, folder: Path = FOLDER) -> Loaded:
    """Bring the library up to the definition files. Twice is once.

    A definition whose content changed gets a new version; its old versions, and all results that rest on them,
    stay as they are. A definition whose file is gone stays too.

    Args:
        by: an administrator, or None for the operator's command.
        folder: where the ``.toml`` files are.

    Raises:
        CatalogueError: a file is wrong, or changed without saying what changed; nothing is kept then.
        PermissionDenied: `by` is not an administrator.
    """
    if by is not None:
        check_may_administer(by)
    definitions = load_definitions(folder)
    kept = {
        one.code: one
        for one in IndicatorDefinition.objects.select_for_update(of=("self",)).select_related("current")
    }
    created = changed = 0
    for definition in definitions:
        old = kept.get(definition.code)
        if old is None or old.current is None:
            _add_version(old or _new(definition), definition, number=1, by=by, at=at)
            created += 1
        elif old.current.content_hash != definition.content_hash():
            _add_version(old, definition, number=old.current.number + 1, by=by, at=at)
            changed += 1
    return Loaded(created, changed, len(definitions) - created - changed)


def _new(definition: Definition) -> IndicatorDefinition:
    return IndicatorDefinition.objects.create(code=definition.code, family=definition.family)


def _add_version(
    of: IndicatorDefinition, definition: Definition, *, number: int, by: User | None, at: datetime
) -> None:
    if number > 1 and definition.comparability == "first":
        raise CatalogueError(
            f"{definition.code}.toml",
            "comparability",
            "first",
            f"same or break, because its content differs from version {number - 1}",
        )
    version = IndicatorVersion.objects.create(
        definition_of=of,
        number=number,
        content_hash=definition.content_hash(),
        **_columns(definition, is_first=number == 1),
    )
    of.current, of.family = version, definition.family
    of.save(update_fields=["current", "family"])
    remember(
        "added a definition" if number == 1 else "changed a definition",
        by=by,
        at=at,
        about=of,
        after={"version": number, "name": version.name, "hash": version.content_hash},
        reason=version.change_note,
    )


def _columns(definition: Definition, *, is_first: bool) -> dict[str, Any]:
    """The definition's texts and numbers under the model's names."""
    given = asdict(definition)
    columns = {RENAMED.get(key, key): given[key] for key in given if key not in NOT_OF_THE_VERSION}
    columns["disaggregations"] = [
        {**one, "categories": list(one["categories"])} for one in given["disaggregations"]
    ]
    columns["levels"] = list(given["levels"])
    if is_first:  # A fresh database starts with the newest wording: there it is the first.
        columns["comparability"], columns["change_note"] = "first", ""
    return columns


@transaction.atomic
def adopt_definition(*, code: str, family: str, by: User, at: datetime, **wording: Any) -> IndicatorVersion:
    """A definition that a published file brings along, with its only version; the one that is kept if there is one.

    Args:
        code: made from the wording, so that the same wording is the same definition.
        wording: fields of `IndicatorVersion`, with its `content_hash`.
    """
    check_may_administer(by)
    kept = IndicatorDefinition.objects.filter(code=code).select_related("current").first()
    if kept is not None and kept.current is not None:
        return kept.current
    definition = kept or IndicatorDefinition.objects.create(code=code, family=family)
    version = IndicatorVersion.objects.create(definition_of=definition, number=1, **wording)
    definition.current = version
    definition.save(update_fields=["current"])
    remember(
        "added a definition",
        by=by,
        at=at,
        about=definition,
        after={"version": 1, "name": version.name, "hash": version.content_hash},
        reason=version.basis,
    )
    return version
