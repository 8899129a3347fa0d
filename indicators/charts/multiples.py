"""Small multiples: the same two shares over the same time on the same axes, one panel for each programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from indicators.charts.scales import Axis, Frame, Tick, WriteDate, date_ticks, path

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
class Panel:
    """One panel as drawn: two lines in runs, their marks, the ends for labels."""

    frame: Frame
    value_ticks: Sequence[Tick]
    date_ticks: Sequence[Tick]
    on_runs: Sequence[str]
    off_runs: Sequence[str]
    on_dots: Sequence[tuple[float, float]]
    off_dots: Sequence[tuple[float, float]]
    """Upper left corners of squares, so that the lines differ in more than colour."""


def draw_panel(
    stands: Sequence[Stand], *, first: date, last: date, write_month: WriteDate, write_year: WriteDate
) -> Panel:
    """One panel from `first` to `last`, which every panel shares; 0 to 100 percent."""
    frame = PANEL
    across = Axis(
        first.toordinal(), max(last.toordinal(), first.toordinal() + 30), frame.x0 + 6, frame.x1 - 6
    )
    up = Axis(0, 100, frame.y0, frame.y1)
    on_track = _places(stands, "on_track", across, up)
    off_track = _places(stands, "off_track", across, up)
    return Panel(
        frame=frame,
        value_ticks=[Tick(up(share), f"{share} %") for share in SHARES],
        date_ticks=date_ticks(across, frame.most_dates, write_month, write_year),
        on_runs=runs_of(on_track),
        off_runs=runs_of(off_track),
        on_dots=[place for place in on_track if place],
        off_dots=[(round(place[0] - 2.5, 1), round(place[1] - 2.5, 1)) for place in off_track if place],
    )


def _places(stands: Sequence[Stand], name: str, across: Axis, up: Axis) -> list[tuple[float, float] | None]:
    found: list[tuple[float, float] | None] = []
    for one in stands:
        share = one.share(getattr(one, name))
        found.append(None if share is None else (across(one.on.toordinal()), up(share)))
    return found


def runs_of(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """Lines between neighbours; a date without a judgement is a gap."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [path(run) for run in runs if len(run) > 1]
