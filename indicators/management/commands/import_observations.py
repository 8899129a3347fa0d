"""Submit the observations of a spreadsheet for approval."""

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from indicators.entry.importing.files import ENCODINGS
from indicators.entry.importing.whole import import_file
from indicators.models import Membership, Programme, Role, User


class Command(BaseCommand):
    help = (
        "Read a file (CSV, XLSX, ODS, a DHIS2 dataValueSet; columns: indicator, period, unit, cell, numerator, "
        "denominator, value, text, missing_reason, as_of, reliability, credibility, marking, comment, reason, or as "
        "they were named on the programme's import page), check every row, and submit all of them for approval by a "
        "second person, or none. The same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--programme", required=True, metavar="CODE")
        parser.add_argument(
            "--by", metavar="USER", help="who submits; may be left out if there is one officer"
        )
        parser.add_argument(
            "--encoding", choices=list(ENCODINGS), default="", help="of a CSV file that is not UTF-8"
        )
        parser.add_argument(
            "--sheet", default="", help="of a workbook; the one whose columns are known otherwise"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would change; keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        programme = Programme.objects.filter(code=options["programme"]).first()
        if programme is None:
            known = ", ".join(Programme.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no programme {options['programme']!r}; there are: {known}.")
        dry_run = options["dry_run"]
        by = self._find_person(options["by"], programme, dry_run=dry_run)
        try:
            outcome = import_file(
                programme=programme,
                path=options["file"],
                by=by,
                at=timezone.now(),
                dry_run=dry_run,
                encoding=options["encoding"],
                table=options["sheet"],
                tell=self.stdout.write,
            )
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from None
        except DatabaseError as refusal:  # A trigger that keeps what must not change.
            raise CommandError(f"The database refused it: {str(refusal).partition(chr(10))[0]}") from None
        for problem in outcome.problems:
            self.stderr.write(str(problem))
        if outcome.problems:
            rows = len({problem.row for problem in outcome.problems})
            raise CommandError(f"{rows} rows are wrong; nothing was imported.")
        self.stdout.write(f"{outcome}{' (dry run, nothing was kept)' if dry_run else ''}")

    def _find_person(self, username: str | None, programme: Programme, *, dry_run: bool) -> User | None:
        if username:
            person = User.objects.filter(username=username, is_active=True).first()
            if person is None:
                raise CommandError(f"There is no active user {username!r}.")
            return person
        officers = Membership.objects.active().filter(programme=programme, role=Role.OFFICER)
        people = list(
            User.objects.filter(pk__in=officers.values("user"), is_active=True).order_by("username")
        )
        if len(people) == 1 or (dry_run and people):
            return people[0]
        if dry_run:
            return None
        names = ", ".join(person.username for person in people) or "none"
        raise CommandError(f"Say who submits the figures: --by USER. Officers of {programme.code}: {names}.")
