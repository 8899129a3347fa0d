"""manage.py restore: put a backup into an empty database, or in the place of what is there."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from indicators.backups import restore_backup


class Command(BaseCommand):
    help = "Restore FILE. Stop the application first; afterwards run `verify`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="also where there are records: they are replaced"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = restore_backup(options["file"], replace=options["replace"])
        except (ValidationError, OSError) as refusal:
            raise CommandError("; ".join(getattr(refusal, "messages", [str(refusal)]))) from None
        call_command("migrate", verbosity=0, interactive=False)
        rows = sum(manifest["rows"].values())
        self.stdout.write(
            self.style.SUCCESS(
                f"Restored what stood on {manifest['at']}: {rows} rows, {manifest['files']} files. Now run: verify"
            )
        )
