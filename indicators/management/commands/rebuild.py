"""manage.py rebuild: drop every derived row and compute it anew from facts. Verdicts are never touched."""

import gc
from typing import Any

from django.core.management.base import BaseCommand

from indicators import derived
from indicators.assessment.clock import database_now


class Command(BaseCommand):
    help = "Drop roll-ups and statuses and compute them anew from the approved figures."

    def handle(self, *args: Any, **options: Any) -> None:
        # Hundreds of thousands of figures live for a moment; looking through them for cycles so often takes a fifth of
        # the time. For this process alone, which ends when it is done.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        self.stdout.write(f"Judged anew: {derived.rebuild(at=database_now())} indicators")
