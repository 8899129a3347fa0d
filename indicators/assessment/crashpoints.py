"""Named places at which a fault test ends the process as `kill -9` would. Does nothing anywhere else."""

from __future__ import annotations

import os

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
    """End the process at once, without any clean-up, if the environment's CRASHPOINT names this place."""
    if os.environ.get("CRASHPOINT") == name:
        os._exit(137)
