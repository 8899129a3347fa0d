"""Child processes that never outlive their parent. Knows nothing about what they do. Standard library only."""

import ctypes
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals) -> Callable[[], None]:
    """What a child runs before it becomes its program: on Linux it gets this signal when its parent dies, however."""

    def before_exec() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)

    return before_exec


def spawn(
    command: list[str],
    *,
    log: Path,
    on_parent_death: signal.Signals = signal.SIGTERM,
    env: dict[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group (so that Ctrl-C reaches only us), its output appended to `log`."""
    account = pwd.getpwnam(user) if user else None
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            process_group=0,
            preexec_fn=die_with_parent(on_parent_death),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def stop(child: subprocess.Popen[bytes], *, by: signal.Signals, within_seconds: float) -> None:
    if child.poll() is None:
        child.send_signal(by)
        try:
            child.wait(within_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
