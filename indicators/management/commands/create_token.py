"""Make an API token for a person and print it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from knox.models import AuthToken

from indicators.events import remember
from indicators.models import User


class Command(BaseCommand):
    help = "Make an API token for USER and print it. Only its hash is kept, so it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--days", type=int, default=90, help="days until it ends (default 90)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user “{options['user']}”.")
        if not 1 <= options["days"] <= 3650:
            raise CommandError(f"--days {options['days']}: expected 1 to 3650.")
        instance, token = AuthToken.objects.create(user, expiry=timedelta(days=options["days"]))
        remember(
            "made an API token",
            by=user,
            at=timezone.now(),
            about=user,
            after={"ends_at": str(instance.expiry)},
        )
        self.stdout.write(token)
