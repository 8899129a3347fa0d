"""What every action of this room does around a change: lock, check, say what changed. No rule about programmes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from indicators import derived
from indicators.models import Programme, ProgrammeIndicator


def local_day(programme: Programme, at: datetime) -> date:
    """The day that it is in the programme's own time zone."""
    return at.astimezone(programme.zone).date()


def lock_programme(programme: Programme) -> Programme:
    """The programme as it stands now, held until the transaction ends, so that its changes come one by one."""
    return Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)


def ready(value: Any) -> Any:
    """A field's value as the audit trail keeps it."""
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, models.QuerySet)):
        return sorted(str(ready(item)) for item in value)
    return value


def facts(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """The named fields of a row, many-to-many ones included, for the audit trail."""
    found = {}
    for name in fields:
        value = getattr(row, name)
        found[name] = ready(value.all() if hasattr(value, "all") else value)
    return found


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what changed, as it was and as it is."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def check_row(row: models.Model, **errors: str) -> None:
    """Raise ValidationError with every fault of a row: those of its fields, its constraints, and `errors` given."""
    faults: dict[str, list[Any]] = {}
    try:
        row.full_clean()
    except ValidationError as refusal:
        faults = {name: list(found) for name, found in refusal.error_dict.items()}
    for name, text in errors.items():
        if text:
            faults.setdefault(name, []).append(ValidationError(text))
    if faults:
        raise ValidationError(faults)


def check_free(rows: Any, field: str, value: str, *, but: int | None = None) -> None:
    """Refuse a code that another row among `rows` has."""
    if rows.filter(**{field: value}).exclude(pk=but).exists():
        raise ValidationError({field: _("“%s” is already in use here; choose another.") % value})


def refuse(field: str, text: str) -> ValidationError:
    """An error that belongs to one field, or with an empty name to the whole form."""
    return ValidationError({field or NON_FIELD_ERRORS: [text]})


def rejudge(indicators: models.QuerySet[ProgrammeIndicator], *, at: datetime) -> None:
    """Bring roll-ups and statuses up to date after a change of who is expected to report."""
    pks = set(indicators.values_list("pk", flat=True))
    if pks:
        derived.refresh_wholly(pks, at=at)
