"""Take over the results of a published IATI file."""

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_file
from indicators.management.people import find_admin


class Command(BaseCommand):
    help = (
        "Read an IATI file (2.01 to 2.03) and take over its results: each activity is a programme, each indicator a "
        "tailored indicator with baseline and targets, each actual a figure submitted for approval by a second person. "
        "What cannot be taken is listed with its line, what was found and what was expected. All in one transaction; "
        "the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--activity",
            action="append",
            default=[],
            metavar="IDENTIFIER=CODE/COUNTRY",
            help="which programme an activity is, or is to be; and its countries where the file names none",
        )
        parser.add_argument(
            "--by", metavar="USER", help="an administrator; may be left out if there is only one"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen; keep nothing")
        parser.add_argument(
            "--strict", action="store_true", help="keep nothing if anything is refused or left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = import_file(
                file=read_file(options["file"]),
                choices=read_choices(options["activity"]),
                by=find_admin(options["by"]),
                at=timezone.now(),
                dry_run=options["dry_run"],
                is_strict=options["strict"],
            )
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError("\n".join(getattr(refusal, "messages", [str(refusal)]))) from None
        for finding in outcome.findings:
            self.stderr.write(str(finding))
        for one in outcome.activities:
            self.stdout.write(f"{one.identifier}: {f'programme {one.code}' if one.code else 'refused'}")
        kept = "" if outcome.is_kept else " (nothing was kept)"
        self.stdout.write(f"{outcome}{kept}")
        if options["strict"] and not options["dry_run"] and not outcome.is_kept:
            raise CommandError("Something was refused or left out; nothing was kept.")
