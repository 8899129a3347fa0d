"""Named places at which a fault test ends or stops the process, as `kill` would. Does nothing anywhere else."""

from __future__ import annotations

import os
import signal

POINTS = (
    "claimed",
    "snapshot read",
    "judged",
    "run inserted",
    "verdicts inserted",
    "event inserted",
    "before commit",
    "after commit",
)


def crashpoint(name: str) -> None:
    """End the process at once, without any clean-up, if the environment's CRASHPOINT names this place; or stop it there
    until it is told to go on, if STOPPOINT does."""
    if os.environ.get("CRASHPOINT") == name:
        os._exit(137)
    if os.environ.get("STOPPOINT") == name:
        os.kill(os.getpid(), signal.SIGSTOP)
