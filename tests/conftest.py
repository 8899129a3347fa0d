"""What every test may ask for: the environment of a child process, a real worker."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def child_env(transactional_db, settings):
    """The environment of a child process that works on this test's own database and its own keys in the broker."""
    database = settings.DATABASES["default"]
    url = (
        f"postgresql://{quote(database['USER'], safe='')}:{quote(database['PASSWORD'], safe='')}@"
        f"/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    )
    if database["PORT"]:
        url += f"&port={database['PORT']}"
    return os.environ | {
        "DATABASE_URL": url,
        "TRACKER_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
    }


@pytest.fixture
def worker(child_env, tmp_path):
    """A real Celery worker in its own process, listening to this test's queue. Read its log at `worker.log`."""
    from tracker.celery import app

    log = tmp_path / "worker.log"
    name = f"test-{os.getpid()}@localhost"
    command = [sys.executable, "-m", "celery", "-A", "tracker.celery", "worker"]
    command += ["--pool=prefork", "-c", "1", "-n", name, "--without-gossip", "--without-mingle", "-l", "INFO"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=child_env, stdout=output, stderr=subprocess.STDOUT, process_group=0
        )
    process.log, process.node = log, name
    try:
        deadline = time.monotonic() + 180
        while not app.control.ping(destination=[name], timeout=0.5):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def browser_path():
    """Where Chromium is; a browser test is skipped without it, and fails instead when REQUIRE_BROWSER=1."""
    import shutil

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "no Chromium on this machine (Debian: apt install chromium)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason + ", and REQUIRE_BROWSER=1 says it must be here")
        pytest.skip(reason)
    return path
