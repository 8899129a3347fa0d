"""Keep the participants, scores and answers of a course run that stand in a spreadsheet."""

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.entry.importing import read_table
from indicators.entry.register.actions import Refused
from indicators.entry.register.importing import import_register, look_into
from indicators.entry.register.planning import Plan
from indicators.models import CourseRun, Membership, Role, User

SHOWN_CHANGES = 200


class Command(BaseCommand):
    help = (
        "Read a CSV or XLSX file of a course run, a row for each participant (wide: pseudonym, nation, sex, age_band, "
        "sector, completed, reaction, pre, post, m6, m12, maximum, form, responded_m6, applied_m6, …) or one for each "
        "participant and occasion (long: pseudonym, occasion, score, maximum, form, …). Keep all of it or nothing; the "
        "same file again changes nothing. Columns with names, addresses or birth dates are refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--run", required=True, metavar="CODE")
        parser.add_argument(
            "--by", metavar="USER", help="who enters; may be left out if there is one officer"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would change; keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._find_run(options["run"])
        try:
            table = read_table(options["file"])
            if options["dry_run"]:
                plan, _lines = look_into(run=run, table=table)
            else:
                plan = import_register(
                    run=run, table=table, by=self._find_person(options["by"], run), at=timezone.now()
                )
        except Refused as refusal:
            plan = refusal.plan
        except (ValidationError, PermissionDenied) as refusal:
            raise CommandError(" ".join(getattr(refusal, "messages", [str(refusal)]))) from None
        self._say(plan, is_dry=options["dry_run"])

    def _say(self, plan: Plan, *, is_dry: bool) -> None:
        for problem in plan.problems:
            self.stderr.write(str(problem))
        if plan.problems:
            raise CommandError(f"{len({one.row for one in plan.problems})} rows are wrong; nothing was kept.")
        for change in plan.changes[: None if is_dry else SHOWN_CHANGES]:
            arrow = f"{change.before or '(empty)'} → {change.after or '(empty)'}"
            self.stdout.write(f"row {change.row}: {change.kind} {change.pseudonym} {change.column}: {arrow}")
        self.stdout.write(f"{plan}{' (dry run, nothing was kept)' if is_dry else ''}")

    def _find_run(self, code: str) -> CourseRun:
        found = list(CourseRun.objects.select_related("course__programme").filter(code=code)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandError(f"Several programmes have a run {code!r}; enter it through its page.")
        known = ", ".join(CourseRun.objects.order_by("code").values_list("code", flat=True)[:20]) or "none"
        raise CommandError(f"There is no course run {code!r}; there are: {known}.")

    def _find_person(self, username: str | None, run: CourseRun) -> User:
        if username:
            person = User.objects.filter(username=username, is_active=True).first()
            if person is None:
                raise CommandError(f"There is no active user {username!r}.")
            return person
        officers = Membership.objects.active().filter(programme=run.course.programme_id, role=Role.OFFICER)
        people = list(
            User.objects.filter(pk__in=officers.values("user"), is_active=True).order_by("username")
        )
        if len(people) == 1:
            return people[0]
        names = ", ".join(person.username for person in people) or "none"
        raise CommandError(f"Say who enters the register: --by USER. Officers: {names}.")
