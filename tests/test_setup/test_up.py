"""`make run` for real: start, answer, survive kill -9 of each part, stop without a trace."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("up"),  # one process, so that `filled` is made once
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """One `make run` without its installation step, on its own directory and port."""

    everyone: ClassVar[list["Run"]] = []

    def __init__(self, data_dir: Path, port: int, arguments: Sequence[str] = (), **more: str):
        self.everyone.append(self)
        self.data_dir, self.port = data_dir, port
        self.output = Path(tempfile.mkstemp(prefix="trk-up-", suffix=".out")[1])
        outside = {"DATABASE_URL", "REDIS_URL", "TRACKER_ENV", "TEST_DB_SUFFIX", "PYTEST_XDIST_WORKER"}
        env = {name: value for name, value in os.environ.items() if name not in outside}
        env |= {"DATA_DIR": str(data_dir), "PORT": str(port), "DEMO": "0", **more}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracker.up", *arguments],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def ready(self) -> "Run":
        until(
            lambda: f"http://localhost:{self.port}/" in self.said or self.process.poll() is not None, 60, self
        )
        assert self.process.poll() is None, self.said
        return self

    def asks(self, path: str = "/readyz") -> int:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()

    def children(self) -> dict[int, str]:
        """Every living process below ours: number and command line."""
        parents, commands = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                status = (entry / "stat").read_text()
                commands[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
        found: dict[int, str] = {}
        frontier = {self.process.pid}
        while frontier:
            frontier = {child for child, parent in parents.items() if parent in frontier}
            found |= {child: commands.get(child, "") for child in frontier}
        return found

    def direct(self, word: str) -> int:
        """The number of the part that has `word` in its command line."""
        for entry, command in self.children().items():
            if (
                word in command
                and f"\nPPid:\t{self.process.pid}\n" in Path(f"/proc/{entry}/status").read_text()
            ):
                return entry
        raise AssertionError(f"no {word} among {self.children()}")

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(PATIENCE * 60)


PATIENCE = 6  # A busy machine is slow, not wrong.


def until(ask: Callable[[], object], seconds: float, run: Run) -> None:
    deadline = time.monotonic() + PATIENCE * seconds
    while not ask():
        assert time.monotonic() < deadline, run.said
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def home(tmp_path_factory) -> Iterator[Path]:
    """A directory the server's user can reach when we are root, as a checkout usually is."""
    path = Path(tempfile.mkdtemp(prefix="trk-up-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    for run in Run.everyone:
        run.stop()
        run.output.unlink(missing_ok=True)
    Run.everyone.clear()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[Path]:
    """A DATA_DIR after its first start. Tests copy it, because migrating is what takes long."""
    path = Path(tempfile.mkdtemp(prefix="trk-up-", dir="/tmp"))
    path.chmod(0o711)
    run = Run(path / "data", free_port(), arguments=["--try"])
    assert run.process.wait(180) == 0, run.said
    yield run.data_dir
    shutil.rmtree(path, ignore_errors=True)


def copy(filled: Path, to: Path) -> Path:
    subprocess.run(["cp", "-a", filled, to], check=True)
    return to


def test_it_starts_survives_kill_9_of_every_part_and_stops_without_a_trace(home, filled):
    run = Run(copy(filled, home / "data"), free_port()).ready()
    try:
        assert run.asks("/healthz") == 200
        assert run.asks() == 200
        for secret in ("secret-key", "postgres-password", "env"):
            assert stat.S_IMODE((run.data_dir / secret).stat().st_mode) == 0o600, secret
        keep = manage(run, "shell", "-c", KEEP_ONE)
        assert "kept 1" in keep, keep

        # one after the other: web, worker, clock, broker, database
        for word in ("gunicorn", " worker ", " beat ", "valkey-server", "postgres"):
            victim = run.direct(word)
            os.kill(victim, signal.SIGKILL)
            until(lambda victim=victim: not alive(victim), 10, run)
            until(lambda word=word, victim=victim: newer(run, word, victim), 30, run)
        until(lambda: run.asks() == 200, 30, run)
        assert run.said.count("ended (SIGKILL)") == 5
        assert "kept 1" in manage(
            run,
            "shell",
            "-c",
            "from indicators.models import User; print('kept', User.objects.filter(username='kept').count())",
        )

        second = Run(run.data_dir, free_port())
        assert second.process.wait(20) == 1
        assert f"already running on DATA_DIR {run.data_dir} as process {run.process.pid}" in second.said
    finally:
        everything = run.children()
        code = run.stop()

    assert code == 0
    assert len(everything) >= 9
    assert not [command for number, command in everything.items() if alive(number)]
    assert "Stopped." in run.said


KEEP_ONE = """
from indicators.models import User
User.objects.create_user('kept', password='a long enough password')
print('kept', User.objects.filter(username='kept').count())
"""


def newer(run: Run, word: str, victim: int) -> bool:
    try:
        return run.direct(word) != victim
    except (AssertionError, OSError):
        return False


def manage(run: Run, *arguments: str) -> str:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(run.data_dir)}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout + done.stderr


def test_two_run_side_by_side_and_a_killed_one_leaves_no_process_and_no_lock(home, filled):
    one, two = (Run(copy(filled, home / name), free_port()) for name in ("one", "two"))
    one.ready()
    two.ready()
    assert one.asks() == two.asks() == 200

    everything = one.children()
    one.process.kill()
    one.process.wait()
    until(lambda: not [number for number in everything if alive(number)], 20, one)
    assert two.asks() == 200

    again = Run(home / "one", one.port).ready()
    assert re.search(r"The lock file .* was left by process \d+, which is gone; going on\.", again.said)
    assert again.stop(signal.SIGTERM) == 0


def test_a_held_port_is_told_in_one_sentence_before_anything_starts(home):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        run = Run(home / "data", port)
        code = run.process.wait(20)

    assert code == 1
    assert re.fullmatch(rf"Cannot start: PORT {port} .* make run PORT={port + 1}\n", run.said)
    assert not (run.data_dir / "postgres").exists()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(home, port):
    run = Run(home / "data", 0, PORT=port)

    assert run.process.wait(20) == 1
    assert run.said == f"Cannot start: PORT is '{port}'; expected a number from 1 to 65535.\n"


def test_a_full_disk_is_told_in_one_sentence(home):
    run = Run(home / "data", free_port(), NEEDED_BYTES=str(10**18))

    assert run.process.wait(20) == 1
    assert re.fullmatch(r"Cannot start: the disk of DATA_DIR .* is full \(.* free some space\.\n", run.said)


def test_a_data_directory_that_cannot_be_made_is_told_in_one_sentence(home):
    (home / "file").write_text("not a directory")
    run = Run(home / "file" / "data", free_port())

    assert run.process.wait(20) == 1
    assert re.fullmatch(r"Cannot start: DATA_DIR .* cannot be written: Not a directory\.\n", run.said)


def test_a_first_start_that_was_killed_begins_again(home):
    run = Run(home / "data", free_port())
    until(lambda: "Bringing the database" in run.said, 40, run)
    run.process.kill()
    run.process.wait()

    again = Run(home / "data", run.port).ready()

    assert "The first start was interrupted" in again.said
    assert again.asks() == 200
    assert "fsync=off" not in " ".join(again.children().values())
    assert not (again.data_dir / "first-start-unfinished").exists()


def test_a_garbled_lock_file_does_not_stop_anybody(home):
    from tracker.up import lock

    (home / "lock").write_text("{half a")

    with lock(home, "http://localhost/") as was_killed:
        assert was_killed
        assert json.loads((home / "lock").read_text())["pid"] == os.getpid()
    assert (home / "lock").read_text() == ""
