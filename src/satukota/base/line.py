"""One order for the locks that acts hold until commit, so that runners and people never wait in a ring."""

from django.db import connection

LINE_LOCK = 64_740_001  # any fixed number of our own


def hold_line() -> None:
    """Wait until nobody else is publishing to the feed or writing the audit chain, and keep it so until commit.

    Must be called in a transaction; calling it again costs nothing. SQLite has one writer at a time by itself.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LINE_LOCK])
