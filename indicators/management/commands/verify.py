"""manage.py verify: recompute every derived row from facts and every verdict from its inputs; name what differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from indicators import derived
from indicators.assessment.verifying import (
    contribution_differences,
    evaluation_differences,
    verdict_differences,
)
from indicators.models import AssessmentRun, IndexResult, ProgrammeIndicator, Verdict


class Command(BaseCommand):
    help = "Recompute derived rows and verdicts, and name every difference. Exit code 1 if there is any."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for source in (
            derived.differences,
            verdict_differences,
            evaluation_differences,
            contribution_differences,
        ):
            for difference in source():
                found += 1
                self.stdout.write(self.style.ERROR(difference))
        checked = (
            f"{ProgrammeIndicator.objects.count()} indicators, {AssessmentRun.objects.count()} assessments, "
            f"{Verdict.objects.count()} verdicts, {IndexResult.objects.count()} index results"
        )
        if found:
            self.stdout.write(f"{found} differences in {checked}.")
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(f"No differences in {checked}."))
