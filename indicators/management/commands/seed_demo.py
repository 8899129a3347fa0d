"""Fill an empty tracker with the demo programmes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.management.demo.seeding import Summary, seed_demo

EARLIEST = date(2024, 1, 1)


class Command(BaseCommand):
    help = (
        "Make the demo: people, five programmes, illustrative figures, published context. Safe to run twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--logins-file", type=Path, help="where the demo people's new passwords are written, mode 0600"
        )
        parser.add_argument("--today", default="", help="the day on which the demo ends, e.g. 2026-11-23")

    def handle(self, *args: Any, **options: Any) -> None:
        summary = seed_demo(today=_day(options["today"]), logins_file=options["logins_file"])
        self._say(summary, options["logins_file"])

    def _say(self, summary: Summary, logins_file: Path | None) -> None:
        counts = summary.counts
        made = "made" if summary.is_new else "already there"
        self.stdout.write(
            f"Demo {made}: {counts['programmes']} programmes, {counts['indicators']} indicators, "
            f"{counts['observations']} observations."
        )
        self.stdout.write("Observations: " + ", ".join(f"{n} {one}" for one, n in summary.states.items()))
        self.stdout.write("Indicators:   " + ", ".join(f"{n} {one}" for one, n in summary.statuses.items()))
        if summary.passwords and logins_file is not None:
            self.stdout.write(f"Demo logins:  {logins_file}")
        elif summary.passwords:
            self.stdout.write("Demo logins, shown once:")
            for username, password in summary.passwords:
                self.stdout.write(f"  {username:14} {password}")


def _day(given: str) -> date:
    if not given:
        return timezone.localdate()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise CommandError(f"--today {given}: expected a date such as 2026-11-23.") from None
    if not EARLIEST <= day <= timezone.localdate():
        raise CommandError(f"--today {given}: expected a day from {EARLIEST} to today.")
    return day
