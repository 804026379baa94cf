"""The live feed process: `satukota feed`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "satukota.project.settings")
django.setup()

from typing import Any  # noqa: E402

from satukota.base.feed import stream  # noqa: E402
from satukota.city import access, hats  # noqa: E402
from satukota.project.origins import origins  # noqa: E402


def scope_of(user: Any, session: Any) -> access.Scope | None:
    return access.scope(hats.dress(user, session), "monitoring.view") or None


application = stream.application(scope_of, origins())
