"""manage.py assess: run assessments here and now, through the same claim as the workers; needs no queue."""

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from indicators.assessment.actions import answer_to, plan_due, require_assessment
from indicators.assessment.clock import database_now
from indicators.assessment.outlooks import fill_due_outlooks
from indicators.assessment.running import run_this, run_what_is_due
from indicators.models import DueAssessment, Kind, Programme


class Command(BaseCommand):
    help = (
        "Assess programmes as of a date. Without --as-of: plan and run whatever is due by schedule. "
        "Doing it twice keeps one result: a new revision is made only if an input has changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as-of", type=_day, help="for example 2025-09-30")
        parser.add_argument(
            "--programme", metavar="CODE", help="one programme; default: all that had started"
        )
        parser.add_argument(
            "--kind", choices=Kind.values, help="default: ex_post from the programme's last day on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["as_of"] is None:
            self._run_what_is_due()
            return
        failed = 0
        for programme in _programmes(options["programme"], options["as_of"]):
            due = self._assess(programme, options["kind"], options["as_of"])
            failed += due.state != DueAssessment.State.DONE
        if failed:
            raise CommandError(f"{failed} assessments were not done; see above.")

    def _run_what_is_due(self) -> None:
        planned = plan_due(at=database_now())
        done = 0
        while batch := run_what_is_due():
            done += batch
        fill_due_outlooks(at=database_now())
        self.stdout.write(f"Planned: {planned}. Done: {done}")

    def _assess(self, programme: Programme, kind: str | None, as_of: date) -> DueAssessment:
        kind = kind or (Kind.EX_POST if as_of >= programme.ends_on else Kind.ON_THE_FLY)
        try:
            due = require_assessment(programme=programme, kind=kind, as_of=as_of, by=None, at=database_now())
        except ValidationError as refusal:
            raise CommandError(f"{programme.code}: {' '.join(refusal.messages)}") from refusal
        self._run_or_wait(due)
        run = answer_to(due)
        if run is None:
            self.stderr.write(f"{programme.code} {as_of}: {due.get_state_display()}. {due.last_error}")
        else:
            news = "new" if run.due_id == due.pk else "nothing new"
            counts = ", ".join(f"{word} {count}" for word, count in run.counts.items())
            self.stdout.write(f"{programme.code} {run.label}, revision {run.revision} ({news}): {counts}")
        return due

    def _run_or_wait(self, due: DueAssessment) -> None:
        """Run the row, unless a worker was quicker: then look on until it is done."""
        run_this(due.pk)
        due.refresh_from_db()
        until = time.monotonic() + settings.ASSESSMENT_LEASE_SECONDS
        while due.state == DueAssessment.State.LEASED and time.monotonic() < until:
            time.sleep(0.5)
            due.refresh_from_db()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as failure:
        raise CommandError(f"--as-of is {text!r}; expected a date such as 2025-09-30.") from failure


def _programmes(code: str | None, as_of: date) -> list[Programme]:
    if code is None:
        return list(Programme.objects.filter(starts_on__lte=as_of).order_by("code"))
    programme = Programme.objects.filter(code=code).first()
    if programme is None:
        known = ", ".join(Programme.objects.order_by("code").values_list("code", flat=True)) or "none"
        raise CommandError(f"There is no programme {code!r}; there are: {known}.")
    return [programme]
