"""Write a programme as an IATI file."""

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.exchange.iati_writing import write_programme
from indicators.models import Programme, User


class Command(BaseCommand):
    help = (
        "Write a programme as an IATI 2.03 activity, to standard output or a file: approved figures only, without "
        "figures about 1 to 4 people. Who publishes is said by IATI_ORGANISATION_REF, _NAME, _TYPE and _ROLE."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--output", type=Path, help="a file; without it standard output")
        parser.add_argument(
            "--public", action="store_true", help="only what is marked PUBLIC, as for a registry"
        )
        parser.add_argument("--reader", metavar="USER", help="only what this person may see")

    def handle(self, *args: Any, **options: Any) -> None:
        reader = None
        if options["reader"]:
            reader = User.objects.filter(username=options["reader"], is_active=True).first()
            if reader is None:
                raise CommandError(f"There is no active user {options['reader']!r}.")
        programmes = Programme.objects.visible_to(reader) if reader is not None else Programme.objects.all()
        programme = programmes.filter(code=options["code"]).first()
        if programme is None:
            known = ", ".join(programmes.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no programme {options['code']!r}; there are: {known}.")
        try:
            content = write_programme(
                programme=programme, reader=reader, at=timezone.now(), is_public=options["public"]
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        if options["output"] is None:
            sys.stdout.buffer.write(content)
            return
        try:
            options["output"].write_bytes(content)
        except OSError as problem:
            raise CommandError(f"{options['output']}: {problem.strerror}.") from None
        self.stdout.write(f"{options['output']}: {len(content)} bytes.")
