"""manage.py backup: the database of one moment and every file that it names, in one archive."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from indicators.assessment.clock import database_now
from indicators.backups import write_backup


class Command(BaseCommand):
    help = "Write everything that is remembered into FILE. May run while people work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            manifest = write_backup(path, at=database_now())
        except (ValidationError, OSError) as refusal:
            raise CommandError("; ".join(getattr(refusal, "messages", [str(refusal)]))) from None
        rows = sum(manifest["rows"].values())
        size = path.stat().st_size / 1_000_000
        what = f"{rows} rows, {manifest['files']} files, {size:.1f} MB, as of {manifest['at']}."
        self.stdout.write(self.style.SUCCESS(f"{path}: {what}"))
