"""Files are taken over one after the other."""

from django.db import connection

IMPORTS = 7_302_018
"""Number of the lock; any other would do."""


def wait_for_others() -> None:
    """Hold back until no other file is being taken over. Inside a transaction, which lets go at its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORTS])
