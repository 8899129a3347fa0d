"""How much a table of bad input sends: a quick sample always the same, or with STRESS=1 the full count, measured."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FULL = os.environ.get("STRESS") == "1"
MEMORY_MB = 512
"""How much more a process may need after hostile input than before."""
SECONDS = 10
"""Longest that one input may take."""


def count(quick: int, full: int) -> int:
    return full if FULL else quick


def peak_mb() -> float:
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 1024
    )


class Bounds:
    """Times each input; one that takes too long, or a process that grows too much, fails the test."""

    def __init__(self, name: str) -> None:
        self.name, self.sent, self.slowest, self.began = name, 0, 0.0, time.monotonic()
        self.before = peak_mb()
        self.answers: dict[str, int] = {}

    @contextmanager
    def one(self, what: object) -> Iterator[None]:
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.sent += 1
        self.slowest = max(self.slowest, took)
        assert took < SECONDS, f"{self.name} {what}: {took:.1f} s"

    def answered(self, with_what: object) -> None:
        self.answers[str(with_what)] = self.answers.get(str(with_what), 0) + 1

    def finish(self, **more: Any) -> None:
        grown = peak_mb() - self.before
        assert grown < MEMORY_MB, f"{self.name}: {grown:.0f} MB more than before"
        write(
            self.name, sent=self.sent, seconds=round(time.monotonic() - self.began, 1),
            slowest_s=round(self.slowest, 2), peak_mb=round(peak_mb()), grown_mb=round(grown),
            answers=self.answers, **more,
        )  # fmt: skip


def write(name: str, **figures: Any) -> None:
    """A line of the results, where STRESS_RESULTS names a file."""
    if path := os.environ.get("STRESS_RESULTS"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"table": name, "full": FULL} | figures) + "\n")
