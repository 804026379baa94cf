"""Sessions in the database that end for good: so long after the sign-in, whatever is done meanwhile, and sooner when
nobody used them. Django alone begins the lifetime anew with every write to the session.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db

SIGNED_IN_AT = "signed_in_at"  # seconds since 1970; set at sign-in (signals.py)


class SessionStore(db.SessionStore):
    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When the session ends if it is not used again: never later than SESSION_COOKIE_AGE after the sign-in."""
        now = kwargs.get("modification") or datetime.now(UTC)
        idle = now + timedelta(minutes=settings.SESSION_IDLE_MINUTES)
        signed_in = self.get(SIGNED_IN_AT)
        if signed_in is None:
            return idle
        return min(idle, datetime.fromtimestamp(signed_in, UTC) + timedelta(seconds=settings.SESSION_COOKIE_AGE))
