"""Bring the indicator library up to the definition files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from indicators.catalogue.actions import load_catalogue
from indicators.catalogue.loading import FOLDER, CatalogueError


class Command(BaseCommand):
    help = "Load the definition files into the library. Changed ones get a new version; safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=FOLDER, help="where the .toml files are")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load_catalogue(by=None, at=timezone.now(), folder=options["folder"])
        except CatalogueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Library: {loaded.created} new, {loaded.changed} changed, {loaded.unchanged} unchanged."
        )
