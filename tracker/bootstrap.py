"""Makes .venv from a lock file, every hash checked, and tells how far it is. Does nothing when nothing changed.

`bootstrap.py run` installs what the tracker needs to run here, `bootstrap.py` also what tests and checks need.
Standard library only: it runs before any package is there, with the Python that `make` found.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": ROOT / "requirements-run.lock", "all": ROOT / "requirements.lock"}
NEEDED_BYTES = 1_500_000_000
OLDEST_PYTHON = (3, 11)


class CannotInstall(Exception):
    """Its text is one sentence for the person at the keyboard."""


def main() -> int:
    wanted = "run" if sys.argv[1:] == ["run"] else "all"
    try:
        check_python(sys.version_info[:3])
        install_once(wanted)
    except CannotInstall as reason:
        print(f"Cannot install: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the next make starts this step again.", file=sys.stderr)
        return 130
    return 0


def check_python(found: tuple[int, ...]) -> None:
    if found < OLDEST_PYTHON:
        version = ".".join(map(str, found))
        raise CannotInstall(
            f"Python 3.11 or newer is needed and {sys.executable} is {version}; try make PYTHON=…"
        )


def install_once(wanted: str) -> None:
    """One installation at a time in one checkout; a second `make` waits for the first."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not is_installed(wanted):
            install(wanted)
    finally:
        os.close(handle)


def is_installed(wanted: str) -> bool:
    """What tests need contains what running needs."""
    return any(
        stamp(kind).exists() and stamp(kind).read_text() == fingerprint(kind) for kind in {wanted, "all"}
    )


def stamp(kind: str) -> Path:
    return VENV / f"installed-{kind}"


def fingerprint(kind: str) -> str:
    """What the environment depends on: the lock file, the Python that runs it, and where it stands."""
    lock = hashlib.sha256(LOCKS[kind].read_bytes()).hexdigest()
    return f"{base_fingerprint()}{lock}\n"


def base_fingerprint() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]} {VENV}\n"


def install(wanted: str) -> None:
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise CannotInstall(
            f"the disk of {ROOT} has {free // 10**6} MB free, {NEEDED_BYTES // 10**6} MB are needed; free some space."
        )
    usable = [
        kind
        for kind in LOCKS
        if stamp(kind).exists() and stamp(kind).read_text().startswith(base_fingerprint())
    ]
    with_pip = pip_comes_with_python()
    if not usable:
        print(f"Making .venv with Python {sys.version.split()[0]} …", flush=True)
        try:
            venv.EnvBuilder(clear=VENV.exists(), symlinks=True, with_pip=with_pip).create(VENV)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CannotInstall(f"the environment {VENV} could not be made: {error}") from None
    for kind in usable:
        stamp(kind).unlink()
    run_pip(LOCKS[wanted], with_pip=with_pip)
    stamp(wanted).write_text(fingerprint(wanted))


def pip_comes_with_python() -> bool:
    """False where the Python in use has pip but, as on Debian without python3-venv, cannot put it into .venv."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return False
        raise CannotInstall(
            "this Python has no ensurepip and no pip; on Debian: apt install python3-venv"
        ) from None
    return True


def run_pip(lock: Path, *, with_pip: bool) -> None:
    total = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE))
    pip = [str(VENV / "bin" / "python"), "-m", "pip"]
    if not with_pip:
        pip = [sys.executable, "-m", "pip", "--python", str(VENV)]
    command = [*pip, "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--no-compile", "--disable-pip-version-check", "--progress-bar=off", "-r", str(lock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    heard, count = [], 0
    for line in process.stdout:
        heard.append(line.rstrip())
        if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([^ ;]+)", line):
            count += 1
            print(f"  [{count:3}/{total}] {match[1].replace('==', ' ')}", flush=True)
        elif line.startswith("Installing collected"):
            print("  unpacking …", flush=True)
    if process.wait() != 0:
        why = [line for line in heard if line.startswith("ERROR")] or heard[-3:]
        raise CannotInstall("pip could not install the packages: " + " ".join(why))
    # Here and not by pip: on all cores, and without the packages' own tests.
    print("  compiling …", flush=True)
    library = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    compile_all = [
        str(VENV / "bin" / "python"),
        "-m",
        "compileall",
        "-q",
        "-j",
        "0",
        "-x",
        "/tests?/",
        str(library),
    ]
    subprocess.run(
        compile_all, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # some files are for other Pythons
    print("Environment ready.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
