"""Pages of the demo through a real web server: time, queries, memory; beside the emptiest answer of the same server."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.measure import children_of, memory_mb, seconds, spread

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = 60
BARE = "import django, time; django.setup(); print('ready', flush=True); time.sleep(60)"


def measure_pages() -> list[dict[str, Any]]:
    from django.conf import settings
    from django.test import Client

    from indicators.models import User

    user = User.objects.get(username="admin")
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    rows = []
    with web_server() as (process, port):
        floor = _times(port, "/healthz", cookie)
        for name, path in pages():
            rows.append(
                {
                    "what": f"{name}, {_queries(client, path)} queries",
                    "ours": spread(_times(port, path, cookie)),
                    "floor": spread(floor),
                    "floor_is": "/healthz on the same server",
                }
            )
        web = [memory_mb(pid) for pid in children_of(process.pid)]
        rows.append(_memory("resident memory of a web process", max(web, key=lambda m: m["rss_mb"])))
    rows.append(_memory("resident memory of a worker process", _worker_memory()))
    return rows


def pages() -> list[tuple[str, str]]:
    return [
        ("portfolio page", "/portfolio/"),
        ("programme page (NMI)", "/programmes/NMI/"),
        ("region page", "/region/"),
        ("brief", "/region/brief/"),
        ("indicator page", _indicator_path()),
    ]


def _indicator_path() -> str:
    from indicators.models import ProgrammeIndicator

    return ProgrammeIndicator.objects.filter(programme__code="NMI").first().get_absolute_url()


def _queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(captured)


def _times(port: int, path: str, cookie: str) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask() -> None:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)

    for _ in range(8):  # Every worker has seen the page once.
        ask()
    return [seconds(ask) for _ in range(REQUESTS)]


@contextmanager
def web_server(application: str = "tracker.wsgi") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        application,
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
    ]
    command += ["--threads", "4", "--worker-class", "gthread", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            except OSError:
                assert time.monotonic() < deadline, "the web server did not answer within two minutes"
                time.sleep(0.05)
        yield process, port
    finally:
        process.terminate()
        process.wait(60)


def _worker_memory() -> dict[str, float]:
    """Of the pool process that has just made an assessment."""
    command = [sys.executable, "-m", "celery", "-A", "tracker.celery", "worker", "-c", "1", "-l", "WARNING"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL)
    try:
        from indicators.models import AssessmentRun

        before = AssessmentRun.objects.count()
        from indicators.tasks import plan_due

        plan_due.delay()
        deadline = time.monotonic() + 60
        while AssessmentRun.objects.count() <= before and time.monotonic() < deadline:
            time.sleep(0.2)
        return max((memory_mb(pid) for pid in children_of(process.pid)), key=lambda m: m["rss_mb"])
    finally:
        process.terminate()
        process.wait(30)


def _memory(what: str, ours: dict[str, float]) -> dict[str, Any]:
    bare = subprocess.Popen(
        [sys.executable, "-c", BARE],
        cwd=ROOT, env=os.environ, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        bare.stdout.readline()
        floor = memory_mb(bare.pid)
    finally:
        bare.kill()
        bare.wait()
    return {
        "what": what,
        "ours": ours,
        "floor": floor,
        "floor_is": "a process that has only done django.setup()",
    }
