"""manage.py plan: make due rows for every assessment that has fallen due."""

from typing import Any

from django.core.management.base import BaseCommand

from indicators.assessment.actions import plan_due
from indicators.assessment.clock import database_now


class Command(BaseCommand):
    help = (
        "Plan every assessment that has fallen due since the last time. Running it twice plans nothing twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Planned: {plan_due(at=database_now())}")
