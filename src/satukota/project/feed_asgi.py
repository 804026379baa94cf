"""The live feed process: `satukota feed`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "satukota.project.settings")
django.setup()

from typing import Any  # noqa: E402

from django.conf import settings  # noqa: E402

from satukota.base.feed import stream  # noqa: E402
from satukota.city import access, hats  # noqa: E402


def scope_of(user: Any, session: Any) -> access.Scope | None:
    return access.scope(hats.dress(user, session), "monitoring.view") or None


def origins() -> list[str]:
    """Where our own pages are served from; the feed has another port when no nginx stands in front."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    own = [f"http://{host}:{settings.PORT}" for host in hosts] + [f"https://{host}" for host in hosts]
    return own + list(settings.CSRF_TRUSTED_ORIGINS)


application = stream.application(scope_of, origins())
