"""The container's entrypoint, run natively: the same commands, without a container engine."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "docker" / "entrypoint"
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
KEY = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ"


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def production(child_env, tmp_path, settings):
    """A container's environment: production settings, secrets in files, on this test's own servers."""
    for name, value in {
        "SECRET_KEY": KEY,
        "DATABASE_URL": child_env["DATABASE_URL"],
        "REDIS_URL": child_env["REDIS_URL"],
    }.items():
        (tmp_path / name).write_text(value + "\n")
    (tmp_path / "static").mkdir()
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "APP_DIR": str(ROOT),
        "DATA_DIR": str(tmp_path),
        "STATIC_ROOT": str(tmp_path / "static"),
        "TRACKER_ENV": "production",
        "ALLOWED_HOSTS": "tracker.example.org",
        "SECRET_KEY_FILE": str(tmp_path / "SECRET_KEY"),
        "DATABASE_URL_FILE": str(tmp_path / "DATABASE_URL"),
        "REDIS_URL_FILE": str(tmp_path / "REDIS_URL"),
        "REDIS_PREFIX": settings.REDIS_PREFIX + "container:",
        "PORT": free_port(),
    }


def entrypoint(role: list[str], env: dict[str, str], **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ENTRYPOINT, *role], env=env, capture_output=True, text=True, timeout=360, cwd="/", **more
    )


def until_healthy(role: list[str], env: dict[str, str], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while (asked := entrypoint(role, env)).returncode != 0:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, asked.stdout + asked.stderr + log.read_text()
        time.sleep(0.2)


def started(role: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [ENTRYPOINT, role], env=env, stdout=output, stderr=output, process_group=0, cwd="/"
        )


@pytest.mark.slow
def test_migrate_then_web_answers_its_health_check_and_stops_when_told(production, tmp_path):
    migrated = entrypoint(["migrate"], production)
    assert migrated.returncode == 0, migrated.stderr
    collected = entrypoint(
        ["python", "manage.py", "collectstatic", "--no-input", "--verbosity=0"], production
    )
    assert collected.returncode == 0, collected.stderr
    log = tmp_path / "web.log"
    web = started("web", production, log)
    try:
        until_healthy(["healthy-web"], production, web, log)
        ready = entrypoint(["healthy-web", "readyz"], production)
        assert '"ready": true' in ready.stdout, ready.stdout + ready.stderr
        strange = entrypoint(
            ["healthy-web", "accounts/login/"], production | {"ALLOWED_HOSTS": "evil.example.org"}
        )
        assert strange.returncode == 1
    finally:
        web.send_signal(signal.SIGTERM)
        assert web.wait(20) == 0


@pytest.mark.slow
def test_worker_answers_its_health_check_and_stops_when_told(production, tmp_path):
    log = tmp_path / "worker.log"
    worker = started("worker", production, log)
    try:
        until_healthy(["healthy-worker"], production, worker, log)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


@pytest.mark.slow
def test_beat_keeps_its_schedule_where_it_may_write(production, tmp_path):
    log = tmp_path / "beat.log"
    beat = started("beat", production, log)
    try:
        deadline = time.monotonic() + 120
        while "beat: Starting" not in log.read_text():
            assert beat.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    finally:
        beat.send_signal(signal.SIGTERM)
        beat.wait(20)
    assert list(tmp_path.glob("beat-schedule*"))


def test_the_image_is_slim_unprivileged_and_built_in_stages():
    text = (ROOT / "docker" / "Dockerfile").read_text()

    assert len(re.findall(r"^FROM .*-slim", text, re.MULTILINE)) == 2
    assert re.search(r"^USER (?!0|root)", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "requirements-prod.lock" in text


def test_compose_has_every_part_with_health_checks_and_waits_for_them():
    services = COMPOSE["services"]

    assert set(services) == {"postgres", "valkey", "migrate", "web", "worker", "beat"}
    for name in ("postgres", "valkey", "web", "worker"):
        assert "test" in services[name]["healthcheck"], name
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert int(re.search(r":(\d+)", services["postgres"]["image"])[1]) >= 17
    assert "noeviction" in services["valkey"]["command"]
    assert {"postgres", "valkey", "data"} <= set(COMPOSE["volumes"])


def test_no_secret_stands_in_the_container_files():
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|_URL", name):
                assert name.endswith("_FILE"), name
                assert value.startswith("/run/secrets/"), name
