"""Where a person is signed in, and ending it from elsewhere. The rows are allauth's, the words ours."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing

SEEN_EVERY_S = 60.0
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip
_noted: dict[str, float] = {}  # session key → when this process last wrote that it was seen


@dataclass(frozen=True)
class Place:
    """One sign-in as the profile page shows it."""

    pk: int
    device: str
    address: str
    since: datetime
    seen_at: datetime
    is_here: bool


def device_words(agent: str) -> str:
    """ "Chrome di Android" from a User-Agent header; it is what the browser claims, and shown as such."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s di %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("perangkat tak dikenal")


def places_of(user: Any, here: str | None) -> list[Place]:
    """Where `user` is signed in, this one first, then the most recently seen. `here`: this session's key."""
    rows = UserSession.objects.purge_and_list(user)
    rows.sort(key=lambda row: (row.session_key != here, -row.last_seen_at.timestamp()))
    return [
        Place(row.pk, device_words(row.user_agent), row.ip, row.created_at, row.last_seen_at, row.session_key == here)
        for row in rows
    ]


def seen(request: HttpRequest) -> None:
    """Note that the session is in use, so that it does not run out; at most two statements a minute."""
    key = request.session.session_key
    if key is None or time.monotonic() - _noted.get(key, -SEEN_EVERY_S) < SEEN_EVERY_S:
        return
    if len(_noted) > 10_000:
        _noted.clear()
    _noted[key] = time.monotonic()
    UserSession.objects.filter(session_key=key).update(last_seen_at=clock.now())
    Session.objects.filter(session_key=key).update(expire_date=request.session.get_expiry_date())


@transaction.atomic
def end(user: Any, session_pk: int, *, by: Any, at: datetime) -> None:
    """Sign `user` out there. Raises Missing for a session that is not theirs or no longer exists."""
    row = UserSession.objects.filter(user=user, pk=session_pk).first()
    if row is None:
        raise Missing(_("Perangkat itu sudah tidak masuk."), fix=_("Muat ulang halaman."))
    _end([row], user, by=by, at=at)


@transaction.atomic
def end_all(user: Any, *, but: str | None, by: Any, at: datetime, why: str = "") -> int:
    """Sign `user` out everywhere except in the session with key `but`; how many ended."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=but or ""), user, by=by, at=at, why=why)


def _end(rows: Iterable[UserSession], user: Any, *, by: Any, at: datetime, why: str = "") -> int:
    ended = 0
    for row in rows:
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        place = {"device": device_words(row.user_agent), "address": row.ip}
        audit.record("accounts.session_ended", on=user, by=by, at=at, before=place, why=why)
        ended += 1
    return ended
