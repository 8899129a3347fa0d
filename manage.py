#!/usr/bin/env python
"""Django's command line for the tracker."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    join_local_run()
    from django.core.management import execute_from_command_line

    import tracker.celery  # noqa: F401 - so that a command can ring the workers

    execute_from_command_line(sys.argv)


def join_local_run() -> None:
    """Where nothing says which servers to use, use those of `make run` in the same DATA_DIR."""
    if "TRACKER_ENV" in os.environ or "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ:
        return
    told = Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent / "var") / "env"
    if told.is_file():
        for line in told.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)


if __name__ == "__main__":
    main()
