"""List the course registers that are past their time; remove the rows about persons."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from indicators.entry.register.actions import kept_until, past_their_time, remove_register


class Command(BaseCommand):
    help = (
        "List the course runs that ended more than 24 months ago and still hold rows about persons; with --remove, "
        "remove those rows. Runs, figures, frozen verdicts and the audit trail stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--remove", action="store_true", help="remove them, and say so in the audit trail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        found = past_their_time(today=at.date())
        for run in found:
            line = f"{run.course.programme.code} {run.code}: kept until {kept_until(run).isoformat()}"
            if options["remove"]:
                line += f"; {remove_register(run=run, by=None, at=at)} participants removed"
            self.stdout.write(line)
        if not found:
            self.stdout.write("No register is past its time.")
