"""A private PostgreSQL and Valkey for the benchmark, with the durability of production."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_servers() -> Iterator[Path]:
    """Start both, set DATABASE_URL, REDIS_URL and DATA_DIR, and remove everything at the end."""
    from tracker.embedded import Postgres, Valkey, prepare

    home = Path(tempfile.mkdtemp(prefix="bench-", dir="/tmp"))
    home.chmod(0o711)
    prepare(home)
    servers = [Postgres(data_dir=home, durable=True), Valkey(data_dir=home, durable=True)]
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.wait()
        os.environ |= {
            "DATABASE_URL": servers[0].url,
            "REDIS_URL": servers[1].url,
            "DATA_DIR": str(home),
            "TRACKER_ENV": "local",
            "DJANGO_SETTINGS_MODULE": "tracker.settings",
        }
        yield home
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(home, ignore_errors=True)
