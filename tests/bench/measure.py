"""Clocks and memory readings. No domain words."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path


def seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def turns(job: Callable[[], object], count: int) -> dict[str, float]:
    """Median of several turns, the best of them, and the median of the processor's time, in seconds."""
    taken, used = [], []
    for _turn in range(count):
        before = time.process_time()
        taken.append(seconds(job))
        used.append(time.process_time() - before)
    return middle(taken) | {"cpu": round(statistics.median(used), 4)}


def middle(samples: list[float]) -> dict[str, float]:
    """Median and least of some durations, in seconds."""
    return {
        "seconds": round(statistics.median(samples), 4),
        "best": round(min(samples), 4),
        "n": len(samples),
    }


def spread(samples: list[float]) -> dict[str, float]:
    """Median and 95th percentile of durations, in milliseconds."""
    ordered = sorted(samples)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))] * 1000, 2),
        "n": len(ordered),
    }


def memory_mb(pid: int) -> dict[str, float]:
    """Resident and proportional memory of one process (Linux)."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _colon, rest = line.partition(":")
        if name in {"Rss", "Pss"}:
            found[f"{name.lower()}_mb"] = round(int(rest.split()[0]) / 1024, 1)
    return found


def most_memory_mb(pid: int) -> float:
    """The most resident memory that a process has had so far (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far, whatever else the machine was doing (Linux)."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
