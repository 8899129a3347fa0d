"""Backup and restore: everything of one moment, back as it was, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection

from indicators.backups import read_manifest, restore_backup, write_backup
from indicators.models import Evidence, Observation
from tests.factories import AT
from tests.world import make_world

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("backups")]


@pytest.fixture
def elsewhere(child_env, tmp_path):
    """Settings of another installation: an empty database, no files."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(child_env["DATABASE_URL"])
    env = {**os.environ, **child_env, "DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}"))}
    yield env | {"DATA_DIR": str(tmp_path / "elsewhere")}
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def manage(env, *words):
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_written_is_there_again_and_verifies(elsewhere, tmp_path):
    make_world()
    path = tmp_path / "all.tar"
    manifest = write_backup(path, at=AT)
    evidence = Evidence.objects.exclude(file="").first()

    restored = manage(elsewhere, "restore", path)
    assert restored.returncode == 0, restored.stderr
    with psycopg.connect(elsewhere["DATABASE_URL"]) as other:
        for table, rows in manifest["rows"].items():
            assert other.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (rows,), table
        figures = other.execute(
            "SELECT id, value, numerator FROM indicators_observation ORDER BY id"
        ).fetchall()
    assert figures == list(Observation.objects.order_by("pk").values_list("pk", "value", "numerator"))
    copy = Path(elsewhere["DATA_DIR"]) / "media" / evidence.file.name
    assert copy.read_bytes() == evidence.file.read()

    again = manage(elsewhere, "restore", path)
    assert again.returncode == 1
    assert "There are records in this database" in again.stderr
    assert manage(elsewhere, "restore", path, "--replace").returncode == 0
    looked = manage(elsewhere, "verify")
    assert "Traceback" not in looked.stderr


def test_a_damaged_backup_changes_nothing(elsewhere, tmp_path):
    make_world()
    whole, damaged = tmp_path / "all.tar", tmp_path / "damaged.tar"
    write_backup(whole, at=AT)
    with tarfile.open(whole) as source, tarfile.open(damaged, "w") as target:
        for member in source:
            content = source.extractfile(member)
            if member.name == "database.dump":
                (tmp_path / "part").write_bytes(content.read()[:-100] + b"x" * 100)
                target.add(tmp_path / "part", member.name)
            else:
                target.addfile(member, content)
    before = Observation.objects.count()

    with pytest.raises(ValidationError, match="damaged"):
        restore_backup(damaged, replace=True)
    assert Observation.objects.count() == before


def test_a_restore_that_breaks_off_leaves_what_was_there(monkeypatch, tmp_path):
    make_world()
    path = tmp_path / "all.tar"
    write_backup(path, at=AT)
    Observation.objects.filter(state="draft").delete()
    before = Observation.objects.count()
    monkeypatch.setattr("indicators.backups._rows_by_table", dict)

    with pytest.raises(ValidationError, match="Other numbers of rows"):
        restore_backup(path, replace=True)
    assert Observation.objects.count() == before


def test_nothing_is_overwritten(tmp_path):
    path = tmp_path / "all.tar"
    path.write_text("mine")

    with pytest.raises(ValidationError, match="nothing is overwritten"):
        write_backup(path, at=AT)
    assert path.read_text() == "mine"


def test_a_file_that_is_gone_is_named_and_no_half_backup_stays(tmp_path):
    make_world()
    name = Evidence.objects.exclude(file="").first().file.name
    default_storage.delete(name)

    with pytest.raises(ValidationError, match=name):
        write_backup(tmp_path / "all.tar", at=AT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x00" * 10_000])
def test_what_is_no_backup_is_refused(tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(content)

    with pytest.raises(ValidationError, match="no backup"):
        read_manifest(path)
