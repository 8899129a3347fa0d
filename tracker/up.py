"""`make run`: every part of the tracker on one machine, watched, and stopped together. Production never comes here.

Order of start: PostgreSQL, Valkey, migrations, demo, web, worker, clock. Order of stop: clock, web, worker, Valkey,
PostgreSQL. A part that dies is started again, later each time. Each part writes its own file under `DATA_DIR/log`.
"""

import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from tracker.children import die_with_parent, spawn, stop
from tracker.embedded import CannotStart, Postgres, Valkey, prepare, write_private

ROOT = Path(__file__).resolve().parent.parent
NEEDED_BYTES = 300_000_000
LONGEST_WAIT_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0
LARGEST_LOG_BYTES = 10_000_000
TOLD_TO_MANAGE_PY = ("TRACKER_ENV", "DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE", "DATA_DIR")


class Part(Protocol):
    """What is watched: a server or one of our own processes."""

    child: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(kw_only=True)
class Process:
    """One of our own processes."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    patience_seconds: float
    on_parent_death: signal.Signals = signal.SIGTERM
    ready_file: Path | None = None
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        if self.ready_file is not None:
            self.ready_file.unlink(missing_ok=True)
        self.child = spawn(
            self.command, log=self.log, env=self.env, cwd=ROOT, on_parent_death=self.on_parent_death
        )

    def stop(self) -> None:
        if self.child is not None:
            stop(self.child, by=signal.SIGTERM, within_seconds=self.patience_seconds)


@dataclass
class Watch:
    """One part and how often it died lately."""

    name: str
    part: Part
    deaths: int = 0
    started_at: float = field(default_factory=time.monotonic)
    start_again_at: float | None = None

    def look(self) -> None:
        """Start the part again if it died: at once, then after 0.5, 1, 2 … 30 seconds."""
        now = time.monotonic()
        if self.start_again_at is not None:
            if now >= self.start_again_at:
                self.start_again_at, self.started_at = None, now
                self.part.start()
            return
        child = self.part.child
        if child is None or child.poll() is None:
            return
        self.deaths = 1 if now - self.started_at > STEADY_AFTER_SECONDS else self.deaths + 1
        wait = 0.0 if self.deaths == 1 else min(0.5 * 2 ** (self.deaths - 2), LONGEST_WAIT_SECONDS)
        say(f"{self.name} ended ({ending(child.returncode)}); starting it again in {wait:.1f} s.")
        self.start_again_at = now + wait


class Stopped(KeyboardInterrupt):
    """Somebody asked us to stop. Not an `Exception`: nothing on the way may swallow it."""


def main() -> int:
    """Run until told to stop, or with `--try` until ready. 0 after a clean stop, 1 when it could not start."""
    follow_make()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    begun = time.monotonic()
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    parts: list[Watch] = []
    try:
        host, port = read_address()
        prepare(data_dir)
        check_disk(data_dir)
        with lock(data_dir, f"http://{host}:{port}/") as was_killed:
            wait_for_port(host, port, patience_seconds=10 if was_killed else 0)
            try:
                start_all(data_dir, host, port, parts)
                say(welcome(data_dir, host, port, time.monotonic() - begun))
                if "--try" not in sys.argv:
                    watch(parts)
            finally:
                _ignore_signals()
                stop_all(parts)
    except CannotStart as reason:
        print(f"Cannot start: {reason}", file=sys.stderr, flush=True)
        return 1
    except Stopped:
        say("Stopped. Everything logged is kept; `make run` goes on from here.")
    return 0


# --- Before anything starts ----------------------------------------------------------------------------------


def read_address() -> tuple[str, int]:
    given = os.environ.get("PORT") or "8000"
    if not given.isdigit() or not 1 <= int(given) <= 65535:
        raise CannotStart(f"PORT is {given!r}; expected a number from 1 to 65535.")
    return os.environ.get("HOST") or "127.0.0.1", int(given)


def check_disk(data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    needed = int(os.environ.get("NEEDED_BYTES") or NEEDED_BYTES)
    if free < needed:
        raise CannotStart(
            f"the disk of DATA_DIR {data_dir} is full ({free // 10**6} MB free, "
            f"{needed // 10**6} MB needed); free some space."
        )


def wait_for_port(host: str, port: int, *, patience_seconds: float) -> None:
    """Refuse a port somebody else holds. After a killed run its web server may need a moment to notice."""
    deadline = time.monotonic() + patience_seconds
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"PORT {port} on {host} cannot be used ({error.strerror}); choose another, as in: "
                        f"make run PORT={port + 1}"
                    ) from None
        time.sleep(0.1)


@contextmanager
def lock(data_dir: Path, address: str) -> Iterator[bool]:
    """One run per DATA_DIR. The kernel drops the lock with its process; yields whether the last one was killed."""
    path = data_dir / "lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _read_lock(path)
            raise CannotStart(
                f"it is already running on DATA_DIR {data_dir} as process {holder.get('pid', '?')} at "
                f"{holder.get('address', '?')}; stop that one, or give another DATA_DIR and PORT."
            ) from None
        left = _read_lock(path)
        if left:
            say(f"The lock file {path} was left by process {left.get('pid', '?')}, which is gone; going on.")
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "address": address, "since": time.time()}))
        file.flush()
        try:
            yield bool(left)
        finally:
            file.truncate(0)


def _read_lock(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text() or "{}")
    except (OSError, ValueError):
        return {"pid": "?"}
    return found if isinstance(found, dict) else {"pid": "?"}


# --- Start ---------------------------------------------------------------------------------------------------


def start_all(data_dir: Path, host: str, port: int, parts: list[Watch]) -> None:
    """Start every part in order. What was started stands in `parts`, also when a later one fails."""
    for log in (data_dir / "log").glob("*.log"):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
    env = child_env(data_dir)
    finish = start_servers(data_dir, env, parts)
    write_private(data_dir / "env", "".join(f"{name}={env[name]}\n" for name in TOLD_TO_MANAGE_PY))
    prepare_database(data_dir, env)
    finish()
    say("Starting web, worker and clock …")
    for process in our_processes(data_dir, env, host, port):
        parts.append(Watch(process.name, process))
        process.start()
    wait_until_ready(host, port, parts)


def start_servers(data_dir: Path, env: dict[str, str], parts: list[Watch]) -> Callable[[], None]:
    """Start the servers `env` does not name, name them there; returns what to do once the database is filled."""
    finish: Callable[[], None] = lambda: None  # noqa: E731
    servers: list[tuple[str, str, Postgres | Valkey]] = []
    if not env.get("DATABASE_URL"):
        database = Postgres(data_dir=data_dir)
        if begin_first_start(data_dir, database):
            finish = partial(end_first_start, data_dir, database)
        servers.append(("DATABASE_URL", "PostgreSQL", database))
    if not env.get("REDIS_URL"):
        servers.append(("REDIS_URL", "Valkey", Valkey(data_dir=data_dir)))
    for _, name, server in servers:
        say(f"Starting a private {name} …")
        parts.append(Watch(name, server))
        server.start()
    for variable, _, server in servers:
        server.wait()
        env[variable] = server.url
    return finish


def child_env(data_dir: Path) -> dict[str, str]:
    """What every process of ours is told. Values already in the environment win."""
    key = data_dir / "secret-key"
    if not key.exists():
        write_private(key, secrets.token_urlsafe(64) + "\n")
    given = {
        "TRACKER_ENV": "local",
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        "SECRET_KEY_FILE": str(key),
        "PYTHONUNBUFFERED": "1",
        "PATH": os.defpath,
    }
    env = given | os.environ | {"DATA_DIR": str(data_dir)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # five processes would compile every module at each start
    return env


def begin_first_start(data_dir: Path, database: Postgres) -> bool:
    """A new cluster is filled without waiting for the disk, which takes a fraction of the time; see `end_first_start`.

    When the machine or we die before that end, the half-filled cluster is thrown away and made anew.
    """
    marker = data_dir / "first-start-unfinished"
    if marker.exists():
        say("The first start was interrupted before it was complete; beginning it again.")
        database.forget()
        (data_dir / "demo-logins.txt").unlink(missing_ok=True)
    if not database.is_new():
        return False
    marker.touch()
    database.durable = False
    return True


def end_first_start(data_dir: Path, database: Postgres) -> None:
    """From here on every commit is on the disk before it is confirmed."""
    database.stop()
    os.sync()
    database.durable = True
    database.start()
    database.wait()
    (data_dir / "first-start-unfinished").unlink()


def prepare_database(data_dir: Path, env: dict[str, str]) -> None:
    say("Bringing the database up to date …")
    manage(data_dir, env, "prepare", "--verbosity=0")
    if has_programmes(env["DATABASE_URL"]):
        return
    if env.get("DEMO") == "0":
        say(
            "No demo programmes, as DEMO=0 asks. Make the first account: .venv/bin/python manage.py createsuperuser"
        )
        return
    say("Loading the demo programmes; this happens once …")
    manage(data_dir, env, "seed_demo", "--logins-file", str(data_dir / "demo-logins.txt"))


def has_programmes(database_url: str) -> bool:
    import psycopg

    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT 1 FROM indicators_programme LIMIT 1").fetchone() is not None


def manage(data_dir: Path, env: dict[str, str], *arguments: str) -> None:
    """Run one management command to its end, telling now and then that it goes on; stopped with us, too."""
    log = data_dir / "log" / "manage.log"
    child = spawn([sys.executable, "manage.py", *arguments], log=log, env=env, cwd=ROOT)
    begun = time.monotonic()
    try:
        while child.poll() is None:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                say(f"  … {time.monotonic() - begun:.0f} s")
    except Stopped:
        stop(child, by=signal.SIGTERM, within_seconds=10)
        raise
    if child.returncode != 0:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["no output"]
        raise CannotStart(f"manage.py {arguments[0]} failed: {last[0]} (all of it in {log})")


def our_processes(data_dir: Path, env: dict[str, str], host: str, port: int) -> list[Process]:
    logs, python = data_dir / "log", [sys.executable, "-m"]
    ready = {name: data_dir / "run" / f"{name}.ready" for name in ("worker", "clock")}
    web = [
        *python,
        "gunicorn",
        "tracker.wsgi",
        "--config",
        "python:tracker.gunicorn",
        "--bind",
        f"{host}:{port}",
    ]
    celery = [*python, "celery", "--app", "tracker.celery"]
    worker = [*celery, "worker", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=INFO"]
    beat = [*celery, "beat", "--loglevel=INFO", f"--schedule={data_dir / 'beat-schedule'}", "--pidfile="]
    return [
        # The worker is killed rather than asked when we die: its unfinished work is leased again by the next one.
        Process(
            name="worker",
            command=worker,
            env=env | {"READY_FILE": str(ready["worker"])},
            ready_file=ready["worker"],
            log=logs / "worker.log",
            patience_seconds=15,
            on_parent_death=signal.SIGKILL,
        ),
        Process(name="web", command=web, env=env, log=logs / "web.log", patience_seconds=15),
        Process(
            name="clock",
            command=beat,
            env=env | {"READY_FILE": str(ready["clock"])},
            ready_file=ready["clock"],
            log=logs / "clock.log",
            patience_seconds=5,
        ),
    ]


def wait_until_ready(host: str, port: int, parts: list[Watch], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    files = [part.ready_file for watched in parts if isinstance(part := watched.part, Process)]
    while not (all(file is None or file.exists() for file in files) and is_ready(host, port)):
        for watched in parts:
            watched.look()
            if watched.deaths > 2:
                raise CannotStart(f"{watched.name} keeps ending as it starts; see its file in DATA_DIR/log.")
        if time.monotonic() > deadline:
            raise CannotStart(
                f"web, worker and clock were not ready within {seconds:.0f} seconds; see DATA_DIR/log."
            )
        time.sleep(0.1)


def is_ready(host: str, port: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(reached, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(data_dir: Path, host: str, port: int, seconds: float) -> str:
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host
    lines = [f"\nReady after {seconds:.1f} s:  http://{shown}:{port}/\n"]
    logins = data_dir / "demo-logins.txt"
    if logins.exists():
        lines += [f"Demo logins (kept in {logins}, readable by you alone):", logins.read_text().rstrip(), ""]
    lines.append(f"Records and logs are in {data_dir}. Ctrl-C stops everything.")
    return "\n".join(lines)


# --- Run, stop -----------------------------------------------------------------------------------------------


def watch(parts: list[Watch]) -> None:
    while True:
        time.sleep(0.2)
        for watched in parts:
            try:
                watched.look()
            except (OSError, CannotStart) as error:
                say(f"{watched.name} could not be started: {error}")
                watched.deaths += 1
                watched.start_again_at = time.monotonic() + LONGEST_WAIT_SECONDS


def stop_all(parts: list[Watch]) -> None:
    """Clock, web, worker, Valkey, PostgreSQL: nobody loses a server it still talks to."""
    order: dict[str, int] = {"clock": 0, "web": 1, "worker": 2, "Valkey": 3, "PostgreSQL": 4}
    if parts:
        say("Stopping …")
    for watched in sorted(parts, key=lambda watched: order[watched.name]):
        watched.part.stop()


def follow_make() -> None:
    """Stop when the `make` that started us is killed."""
    try:
        parent = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    except OSError:
        return
    if parent in ("make", "gmake"):
        stop_with_parent: Callable[[], None] = die_with_parent(signal.SIGTERM)
        stop_with_parent()


def ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"


def say(text: str) -> None:
    with suppress(OSError):  # nobody reads us any more; go on working
        print(text, flush=True)


def _on_signal(number: int, frame: object) -> None:
    raise Stopped


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
