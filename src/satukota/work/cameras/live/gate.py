"""What the hub asks the database, in a thread of its own: who comes in, who may stay, where a stream is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from satukota.base import clock, secrets
from satukota.base.feed.stream import visitor_of
from satukota.city import access, hats

from ..federation.streams import far_of
from ..lending import terms
from ..models import Camera, LiveSource
from . import actions
from .upstream import Source

PERMISSION = "cameras.watch"


@dataclass(frozen=True)
class Guest:
    """One who came in: by which sign-in, to which camera."""

    entry: actions.Entry
    cookies: str
    owner_id: int
    area_id: int | None


class Gate:
    """One thread and one connection for all questions; a connection that failed is not used again."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "live-gate")

    async def _ask(self, act: Callable[[], Any]) -> Any:
        def run() -> Any:
            try:
                return act()
            except DatabaseError:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def close(self) -> None:
        await self._ask(lambda: connection.close())  # the connection of that thread
        self._thread.shutdown(wait=False)

    async def let_in(self, cookies: str, ticket: str) -> Guest | None:
        return await self._ask(partial(_let_in, cookies, ticket, clock.now()))

    async def may_stay(self, guests: Iterable[Guest]) -> set[Guest]:
        """Those of them whose sign-in, hat and camera still allow it."""
        return await self._ask(partial(_may_stay, list(guests)))

    async def source(self, camera_id: int, stream: str) -> Source:
        return await self._ask(partial(_source, camera_id, stream))

    async def login_refused(self, source: Source) -> None:
        await self._ask(partial(_login_refused, source, clock.now()))

    async def seen(self, watch_ids: list[int]) -> None:
        await self._ask(partial(actions.still_watching, watch_ids, clock.now()))

    async def left(self, watch_id: int, why: str) -> None:
        await self._ask(partial(actions.end_watching, watch_id, clock.now(), why=why))

    async def buffered(self) -> dict[int, float]:
        """Cameras whose last minutes are kept, with how many seconds."""
        return await self._ask(_buffered)

    async def begin(self) -> int:
        return await self._ask(actions.close_what_the_last_hub_left)


def _let_in(cookies: str, ticket: str, at: datetime) -> Guest | None:
    user, session = visitor_of(cookies)
    if user is None:
        return None
    hats.dress(user, session)
    entry = actions.come_in(ticket, by=user, session_key=session.session_key or "", at=at)
    if entry is None:
        return None
    where = Camera.objects.filter(pk=entry.camera_id, target__retired_on=None).values_list(
        "target__owner_id", "target__kelurahan_id"
    )
    owner_id, area_id = where.first() or (0, None)
    if not owner_id or not access.may(user, PERMISSION, owner_id, area_id):
        actions.end_watching(entry.watch_id, at, why="revoked")
        return None
    return Guest(entry, cookies, owner_id, area_id)


def _may_stay(guests: list[Guest]) -> set[Guest]:
    """Each sign-in is asked once, all cameras at once; what is looked at may have changed its owner meanwhile."""
    cameras = Camera.objects.filter(pk__in={guest.entry.camera_id for guest in guests}, target__retired_on=None)
    where = {
        pk: (owner, area) for pk, owner, area in cameras.values_list("pk", "target__owner_id", "target__kelurahan")
    }
    staying: set[Guest] = set()
    for cookies in {guest.cookies for guest in guests}:
        user, session = visitor_of(cookies)
        dressed = hats.dress(user, session) if user is not None else None
        reach = access.scope(dressed, PERMISSION) if dressed is not None else access.NOWHERE
        hat = access.hat_of(dressed)
        closed = terms.closed_to(where.keys(), hat.opd_id if hat else None, clock.now(), terms.areas_of(reach))
        for guest in guests:
            if guest.cookies == cookies and guest.entry.camera_id in where.keys() - closed:
                is_same = user is not None and user.pk == guest.entry.person_id
                if is_same and reach and reach.covers(*where[guest.entry.camera_id]):
                    staying.add(guest)
    return staying


def _source(camera_id: int, stream: str) -> Source:
    camera = Camera.objects.select_related("target").filter(pk=camera_id).first()
    if camera is None or camera.target.retired_on is not None:
        return Source(camera_id, "", cause="retired")
    far = far_of(camera_id, stream)
    if far is not None:
        return Source(camera_id, "", far=far)
    live = LiveSource.objects.filter(pk=camera_id).first()
    if settings.LIVE_RELAY:  # a relay of the city's own pulls the cameras and keeps their passwords
        url = settings.LIVE_RELAY.replace("{code}", camera.target.code).replace("{stream}", stream)
        return Source(camera_id, url, is_relay=True)
    url = camera.target.address
    if live is not None:
        chosen = (live.sub_address, live.main_address) if stream == "sub" else (live.main_address,)
        url = next((address for address in chosen if address), url)
    try:
        password = secrets.unseal(camera.password_sealed)
    except secrets.Unsealable:
        return Source(camera_id, url, cause="secret_lost")
    return Source(
        camera_id, url, camera.username, password, camera.password_sealed, camera.login_refused_at is None,
        "" if url else "no_address",
    )  # fmt: skip


def _buffered() -> dict[int, float]:
    rows = LiveSource.objects.filter(buffer_minutes__gt=0, camera__target__retired_on=None)
    return {pk: 60.0 * minutes for pk, minutes in rows.values_list("camera_id", "buffer_minutes")}


def _login_refused(source: Source, at: datetime) -> None:
    """As the probe remembers it: not tried again until the password changes."""
    Camera.objects.filter(pk=source.camera_id, password_sealed=source.password_sealed).update(login_refused_at=at)
