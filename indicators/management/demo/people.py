"""Demo people: roles, no invented persons. Their passwords are random and known to one file alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.management.base import CommandError
from django.db import transaction

from indicators.models import Partner, User

PEOPLE: tuple[tuple[str, str, str, str], ...] = (
    ("admin", "Administrator (demo)", "admin", ""),
    ("officer.nmi", "Officer, NATO Mission Iraq (demo)", "", ""),
    ("approver.nmi", "Approver, NATO Mission Iraq (demo)", "", ""),
    ("officer.ici", "Officer, southern partnerships (demo)", "", ""),
    ("approver.ici", "Approver, southern partnerships (demo)", "", ""),
    ("validator.ici", "Data validator, southern partnerships (demo)", "", ""),
    ("evaluator", "Evaluator (demo)", "", ""),
    ("evaluator.2", "Second evaluator (demo)", "", ""),
    ("viewer.kwt", "Partner viewer, Kuwait (demo)", "partner_viewer", "KWT"),
    ("viewer.irq", "Partner viewer, Iraq (demo)", "partner_viewer", "IRQ"),
    ("viewer.jor", "Partner viewer, Jordan (demo)", "partner_viewer", "JOR"),
    ("regional", "Regional viewer (demo)", "regional_viewer", ""),
    ("auditor", "Auditor (demo)", "auditor", ""),
)


def make_people() -> dict[str, User]:
    """The demo people by user name; those that exist are left as they are."""
    known = User.objects.in_bulk([name for name, *_ in PEOPLE], field_name="username")
    for username, shown, role, nation in PEOPLE:
        if username not in known:
            user = User(username=username, first_name=shown, global_role=role, is_demo=True)
            user.partner = Partner.objects.get(code=nation) if nation else None
            user.is_staff = user.is_superuser = role == "admin"
            user.set_unusable_password()
            user.save()
            known[username] = user
    return known


def give_passwords(people: dict[str, User], path: Path | None) -> list[tuple[str, str]]:
    """New passwords for demo people who have none, or for all when the file that knows them is gone.

    Without a file, only people without a password get one. Returns (user name, password) of those who got one.
    """
    demo = [user for user in people.values() if user.is_demo]
    anew = demo if path is not None and not path.exists() else []
    chosen = anew or [user for user in demo if not user.has_usable_password()]
    if path is not None and 0 < len(chosen) < len(demo):
        chosen = demo  # One file knows all, so that it can be written at once.
    given = []
    for user in chosen:
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        given.append((user.username, password))
    if given and path is not None:
        _write(path, given, {user.username: user.first_name for user in demo})
    return given


def _write(path: Path, given: list[tuple[str, str]], shown: dict[str, str]) -> None:
    """Written beside the file first, readable by its owner alone; put in place once the passwords are kept."""
    width = max(len(username) for username, _ in given)
    lines = [f"{username:{width}}  {password}  {shown[username]}" for username, password in given]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise CommandError(f"--logins-file {path}: cannot be written: {error.strerror}.") from error
    transaction.on_commit(lambda: os.replace(draft, path))
