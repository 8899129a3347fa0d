"""Small multiples: the same two shares over the same time on the same axes, one panel for each programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from indicators.charts.scales import Axis, Frame, Tick, WriteDate, date_ticks

PANEL = Frame(name="panel", width=260, height=132, top=10, bottom=22, start=40, end=14, most_dates=4)
SHARES = (0, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How many indicators were judged at a date, and how many of them stood on and off track."""

    on: date
    on_track: int
    off_track: int
    judged: int

    def share(self, count: int) -> float | None:
        """Of those judged, in percent; None when none was."""
        return None if not self.judged else 100 * count / self.judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all panels share: the frame, its grid and its two axes."""

    frame: Frame
    across: Axis
    up: Axis
    value_ticks: Sequence[Tick]
    date_ticks: Sequence[Tick]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel as drawn: a path for each line. Its marks stand at the corners of the path."""

    on_track: str
    off_track: str


def draw_ground(*, first: date, last: date, write_month: WriteDate, write_year: WriteDate) -> Ground:
    """From `first` to `last`, 0 to 100 percent."""
    frame = PANEL
    across = Axis(
        first.toordinal(), max(last.toordinal(), first.toordinal() + 30), frame.x0 + 6, frame.x1 - 6
    )
    up = Axis(0, 100, frame.y0, frame.y1)
    return Ground(
        frame=frame,
        across=across,
        up=up,
        value_ticks=[Tick(up(share), f"{share} %") for share in SHARES],
        date_ticks=date_ticks(across, frame.most_dates, write_month, write_year),
    )


def draw_panel(stands: Sequence[Stand], ground: Ground) -> Panel:
    """The two shares over time, on the ground that every panel shares."""
    return Panel(on_track=_line(stands, "on_track", ground), off_track=_line(stands, "off_track", ground))


def _line(stands: Sequence[Stand], name: str, ground: Ground) -> str:
    """The path of a line between neighbours; a date without a judgement is a gap.

    A date between two gaps has no neighbour: it is a line of no length, so that its mark is drawn.
    """
    runs: list[list[str]] = [[]]
    for one in stands:
        share = one.share(getattr(one, name))
        if share is None:
            runs.append([])
        else:
            runs[-1].append(f"{ground.across(one.on.toordinal()):g},{ground.up(share):g}")
    return "".join("M" + " ".join(run) + ("h0" if len(run) == 1 else "") for run in runs if run)
