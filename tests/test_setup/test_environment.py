"""What the environment may say, and what production refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tracker.environment import parse_database_url, parse_redis_url, read_flag, read_number, read_secret

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "TRACKER_ENV": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "tracker.example.org",
    "DATABASE_URL": "postgresql://tracker@localhost/tracker",
    "REDIS_URL": "redis://localhost:6379/0",
}


def start_with(changes: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Import the settings as a new process would, with these variables changed (None: not set)."""
    env = {
        "PATH": os.environ["PATH"],
        **SAFE,
        **{name: value for name, value in changes.items() if value is not None},
    }
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
    code = "import django.conf, os; os.environ['DJANGO_SETTINGS_MODULE']='tracker.settings'; django.conf.settings.DEBUG"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is not set; give at least 50 random characters."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too weak (5 characters); give at least 50 random ones."),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY is too weak (60 characters)"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS is not set"),
        ({"ALLOWED_HOSTS": "a.example.org, *"}, "ALLOWED_HOSTS contains '*'"),
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
        ({"REDIS_URL": None}, "REDIS_URL is not set"),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL starts with 'mysql'"),
        ({"REDIS_URL": "memory://"}, "REDIS_URL starts with 'memory'"),
        ({"TRACKER_ENV": "prod"}, "TRACKER_ENV is 'prod'; expected one of production, local, test."),
        ({"TRACKER_ENV": None, "SECRET_KEY": None}, "SECRET_KEY is not set"),
        (
            {"SECRET_KEY": None, "SECRET_KEY_FILE": "/nowhere"},
            "SECRET_KEY_FILE is '/nowhere', which cannot be read",
        ),
    ],
)
def test_production_does_not_start_on_an_unsafe_value(changes, sentence):
    done = start_with(changes)

    assert done.returncode != 0
    assert sentence in done.stderr


def test_production_starts_on_safe_values():
    done = start_with({})

    assert done.returncode == 0, done.stderr


def test_every_refusal_is_told_at_once():
    done = start_with({"SECRET_KEY": None, "ALLOWED_HOSTS": None, "DATABASE_URL": None})

    assert all(name in done.stderr for name in ("SECRET_KEY is", "ALLOWED_HOSTS is", "DATABASE_URL is"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://user:p%40ss@db.example.org:5433/tracker?sslmode=require",
            ("tracker", "user", "p@ss", "db.example.org", "5433", {"sslmode": "require"}),
        ),
        ("postgres:///tracker", ("tracker", "", "", "", "", {})),
        ("postgresql://u:p@/t?host=%2Frun%2Fpg", ("t", "u", "p", "/run/pg", "", {})),
        ("postgresql://u@%2Frun%2FPG/t", ("t", "u", "", "/run/PG", "", {})),
        ("postgresql:///t?host=/run/PG&user=u&password=p&port=1", ("t", "u", "p", "/run/PG", "1", {})),
    ],
)
def test_a_database_address_is_read(url, expected):
    found = parse_database_url(url)

    assert tuple(found[part] for part in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")) == expected


@pytest.mark.parametrize("url", ["", "sqlite:///x", "postgresql://h/", "postgresql://h:port/t"])
def test_a_wrong_database_address_is_refused_by_name(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        parse_database_url(url)


@pytest.mark.parametrize(
    ("url", "celery", "cache"),
    [
        ("redis://h:1/2", "redis://h:1/2", "redis://h:1/2"),
        ("rediss://:p@h:1/2", "rediss://:p@h:1/2", "rediss://:p@h:1/2"),
        ("unix:///run/v.sock?db=1", "redis+socket:///run/v.sock?virtual_host=1", "unix:///run/v.sock?db=1"),
        ("redis+socket:///run/v.sock", "redis+socket:///run/v.sock", "unix:///run/v.sock"),
    ],
)
def test_a_broker_address_is_spelt_for_each_client(url, celery, cache):
    assert parse_redis_url(url) == (celery, cache)


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")

    assert read_secret("KEY", {"KEY_FILE": str(tmp_path / "key")}) == "from a file"
    assert read_secret("KEY", {"KEY": "given", "KEY_FILE": str(tmp_path / "key")}) == "given"
    assert read_secret("KEY", {}) == ""


def test_flags_and_numbers_are_read_or_refused_by_name():
    assert read_flag("F", default=True, env={}) is True
    assert read_flag("F", default=True, env={"F": "off"}) is False
    assert read_number("N", default=3, env={"N": "0"}) == 0
    with pytest.raises(ImproperlyConfigured, match="F is 'maybe'"):
        read_flag("F", default=False, env={"F": "maybe"})
    with pytest.raises(ImproperlyConfigured, match="N is '-1'"):
        read_number("N", default=3, env={"N": "-1"})
