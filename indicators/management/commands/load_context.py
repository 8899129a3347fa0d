"""Load an edition of published series about countries."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.entry.importing import read_table
from indicators.exchange.context_loading import load_context
from indicators.exchange.context_reading import Wording
from indicators.management.people import find_admin

SHOWN = 200


class Command(BaseCommand):
    help = (
        "Read a CSV or XLSX file: World Bank governance estimates, UCDP events (added up by country and month), or one "
        "row for each country and period (columns country, period, value and, if published, standard_error). Keeps "
        "the edition beside older ones, whole or not at all; the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--release", required=True, help="what the publisher calls this edition")
        parser.add_argument("--series", default="", help="code of the series, or its first part")
        for name in ("name", "publisher", "unit", "licence"):
            parser.add_argument(f"--{name}", default="", help="of a series that is new")
        parser.add_argument(
            "--definition", default="", help="library indicator that the series feeds, e.g. CTX-01"
        )
        parser.add_argument("--source", default="", help="where the file comes from")
        parser.add_argument(
            "--retrieved", type=date.fromisoformat, help="day, year-month-day; today if left out"
        )
        parser.add_argument(
            "--by", metavar="USER", help="an administrator; may be left out if there is only one"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen; keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = load_context(
                table=read_table(options["file"]),
                vintage=options["release"],
                series=options["series"].upper(),
                wording=Wording(
                    name=options["name"],
                    publisher=options["publisher"],
                    unit=options["unit"],
                    licence=options["licence"],
                    definition_code=options["definition"],
                ),
                source=options["source"],
                retrieved_on=options["retrieved"],
                by=find_admin(options["by"]),
                at=timezone.now(),
                dry_run=options["dry_run"],
            )
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError("\n".join(_said(refusal))) from None
        for problem in outcome.problems[:SHOWN]:
            self.stderr.write(str(problem))
        if outcome.problems:
            raise CommandError(f"{len(outcome.problems)} cells are wrong; nothing was kept.")
        for country, rows in outcome.skipped:
            self.stdout.write(f"skipped, no partner here: {country} ({rows} values)")
        if outcome.empty:
            self.stdout.write(f"{outcome.empty} rows have no value")
        for line in outcome.lines:
            what = "here already" if line.is_same else "new"
            self.stdout.write(f"{line.series}: {line.values} values, {line.countries} countries, {what}")
        self.stdout.write(f"{outcome}{'' if outcome.is_kept else ' (nothing was kept)'}")


def _said(refusal: Exception) -> list[str]:
    if hasattr(refusal, "error_dict"):
        return [f"{name}: {' '.join(said)}" for name, said in refusal.message_dict.items()]  # type: ignore[attr-defined]
    return getattr(refusal, "messages", [str(refusal)])
