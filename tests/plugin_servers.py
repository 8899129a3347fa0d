"""Starts a private PostgreSQL and Valkey before Django reads its settings; stops them at the end.

A pytest plugin and not a conftest, because pytest-django sets Django up before any conftest is read.
DATABASE_URL and REDIS_URL given from outside are used as they are. TEST_DB_SUFFIX lets several runs share one server.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tracker.embedded import Postgres, Valkey, prepare

_started: list[Postgres | Valkey] = []
_home: Path | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args):
    os.environ["TRACKER_ENV"] = "test"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    if "no:django" in args or "-pno:django" in args:
        return
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _start_servers()


def pytest_unconfigure(config):
    for server in _started:
        server.stop()
    _started.clear()
    if _home is not None:
        shutil.rmtree(_home, ignore_errors=True)


def _start_servers():
    global _home
    _home = Path(tempfile.mkdtemp(prefix="trk-", dir="/tmp"))
    _home.chmod(0o711)  # PostgreSQL runs as another user when we are root
    os.environ.setdefault("DATA_DIR", str(_home / "data"))
    prepare(_home)
    for variable, server in (
        ("DATABASE_URL", Postgres(data_dir=_home, durable=False)),
        ("REDIS_URL", Valkey(data_dir=_home, durable=False)),
    ):
        if not os.environ.get(variable):
            server.start()
            _started.append(server)
    for server in _started:
        server.wait()
        os.environ["DATABASE_URL" if isinstance(server, Postgres) else "REDIS_URL"] = server.url
