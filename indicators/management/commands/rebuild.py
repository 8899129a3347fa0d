"""manage.py rebuild: drop every derived row and compute it anew from facts. Verdicts are never touched."""

from typing import Any

from django.core.management.base import BaseCommand

from indicators import derived
from indicators.assessment.clock import database_now


class Command(BaseCommand):
    help = "Drop roll-ups and statuses and compute them anew from the approved figures."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Judged anew: {derived.rebuild(at=database_now())} indicators")
