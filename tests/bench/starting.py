"""`make run` in a fresh clone: the first time and the second, until the page answers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.measure import seconds

ROOT = Path(__file__).resolve().parents[2]


def measure_starting() -> list[dict[str, Any]]:
    home = Path(tempfile.mkdtemp(prefix="bench-run-", dir="/tmp"))
    clone = home / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    try:
        install = seconds(lambda: _install_only(home))
        cold, warm = _start(clone), _start(clone)
        check = seconds(
            lambda: subprocess.run(
                [sys.executable, "manage.py", "check"],
                cwd=ROOT,
                env=os.environ,
                capture_output=True,
                check=True,
            )
        )
        return [
            {
                "what": "cold `make run` in a fresh clone until /readyz answers",
                "ours": {"seconds": round(cold, 1)},
                "floor": {"seconds": round(install, 1)},
                "floor_is": "python -m venv and pip install from the lock file alone",
            },
            {
                "what": "warm `make run` until /readyz answers",
                "ours": {"seconds": round(warm, 1)},
                "floor": {"seconds": round(check, 1)},
                "floor_is": "manage.py check",
            },
        ]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _install_only(home: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(home / "venv")], check=True)
    command = [str(home / "venv/bin/python"), "-m", "pip", "install", "-q", "--require-hashes", "-r"]
    subprocess.run([*command, str(ROOT / "requirements.lock")], check=True, capture_output=True)


def _start(clone: Path) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG", "USER", "PIP_CONFIG_FILE"}
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run"], cwd=clone, env=kept | {"PORT": str(port)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if f":{port}" in line:
                return time.perf_counter() - started
        raise RuntimeError("make run ended:\n" + "".join(lines))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
