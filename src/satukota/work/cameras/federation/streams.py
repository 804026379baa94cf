"""Pictures between two hubs: ours hands them out for a ticket, or asks theirs for one. Nothing goes without a look
that was told first, within the hours and purposes of a standing loan."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.access import not_found

from ..lending import terms
from ..models import Camera, Loan, Peer, PeerCamera, PeerLook, PeerStream
from . import asking, loans, looks
from .telling import StreamAsked, StreamTold, read

TICKET_S = 30
LOOK_FRESH = timedelta(hours=13)  # a look told and not ended; sign-ins last a shift
PATH = "/langsung/instalasi"


class NotLentNow(UserError):
    code = "tidak_dipinjamkan"
    status = 409


# -- ours, to them


def open_for(peer: Peer, asked: StreamAsked, at: datetime) -> StreamTold:
    """A ticket for our hub. Raises NotAllowed for what was never lent, NotLentNow."""
    camera = Camera.objects.filter(target__code=asked.camera, target__retired_on=None, loans__peer=peer).first()
    if camera is None:
        raise not_found()
    if not _may_flow(peer, camera.pk, at):
        raise NotLentNow(
            _("Kamera ini sedang tidak dipinjamkan untuk keperluan yang dilaporkan."),
            fix=_("Periksa jam, keperluan dan masa perjanjiannya; laporkan siapa yang menonton lebih dahulu."),
        )
    ticket = random.token_urlsafe(32)
    PeerStream.objects.create(
        peer=peer, camera=camera, stream="sub" if asked.stream == "sub" else "main", ticket=_mark(ticket), asked_at=at
    )
    return StreamTold(url=_hub_address() + PATH, ticket=ticket)


def _hub_address() -> str:
    """Where our hub is reached by others: named, or behind the same door as the pages."""
    return settings.LIVE_URL or settings.SITE_URL.replace("http", "ws", 1)


def _mark(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def _may_flow(peer: Peer, camera_id: int, at: datetime) -> bool:
    """Somebody over there is told to be looking, for a purpose a loan allows at this moment. Two queries."""
    purposes = {key for loan in loans.open_to(peer, camera_id, at) for key in loan.purposes}
    told = PeerLook.objects.filter(
        peer=peer, camera=camera_id, ended_at=None, told_at__gt=at - LOOK_FRESH, purpose__in=purposes
    )
    return bool(purposes) and told.exists()


@dataclass(frozen=True)
class PeerEntry:
    """A hub that came in with a ticket of ours. Named as `live.actions.Entry` where the hub asks both."""

    watch_id: int
    camera_id: int
    stream: str


@dataclass(frozen=True)
class PeerGuest:
    entry: PeerEntry
    peer_id: int


def come_in(ticket: str, at: datetime) -> PeerGuest | None:
    """Exchange the ticket, once. None for anything not right."""
    rows = PeerStream.objects.filter(ticket=_mark(ticket), asked_at__gt=at - timedelta(seconds=TICKET_S))
    row = rows.select_related("peer").first() if ticket else None
    if row is None or not rows.filter(pk=row.pk).update(ticket="", opened_at=at, last_seen_at=at):
        return None
    if not _may_flow(row.peer, row.camera_id, at):
        end(row.pk, at, why="revoked")
        return None
    return PeerGuest(PeerEntry(row.pk, row.camera_id, row.stream), row.peer_id)


def may_stay(guests: Collection[PeerGuest], at: datetime) -> set[PeerGuest]:
    """Those whose loan still stands at this moment. Two queries."""
    cameras = {guest.entry.camera_id for guest in guests}
    rows = terms.in_force(at, Loan).filter(peer__closed_at=None, cameras__in=cameras, cameras__target__retired_on=None)
    by_id = {loan.pk: loan for loan in rows}
    pairs = Loan.cameras.through.objects.filter(loan__in=by_id, camera__in=cameras).values_list("loan_id", "camera_id")
    open_now = {(by_id[loan].peer_id, camera) for loan, camera in pairs if terms.is_open(by_id[loan], at)}
    return {guest for guest in guests if (guest.peer_id, guest.entry.camera_id) in open_now}


def still_sent(ids: Collection[int], at: datetime) -> None:
    PeerStream.objects.filter(pk__in=ids).update(last_seen_at=at)


def end(pk: int, at: datetime, *, why: str) -> None:
    PeerStream.objects.filter(pk=pk, ended_at=None).update(ended_at=at, ended_by=why, last_seen_at=at, ticket="")


def close_what_the_last_hub_left() -> None:
    for row in PeerStream.objects.filter(ended_at=None, opened_at__isnull=False):
        end(row.pk, row.last_seen_at or row.asked_at, why="hub_lost")


# -- theirs, to us


@dataclass(frozen=True)
class Far:
    """A stream of a peer's camera, for the hub that pulls it. Both acts ask the database and the network: call them in
    a thread."""

    peer_id: int
    code: str
    stream: str

    def open(self) -> StreamTold:
        """Tell who looks, then ask for a ticket. Raises UserError."""
        with closing(connection):
            at, peer = clock.now(), Peer.objects.select_related("opd").get(pk=self.peer_id)
            looks.tell(peer, at)
            asked = {"camera": self.code, "stream": self.stream}
            told = read(StreamTold, asking.ask(peer, "POST", "/streams", asked, at=at))
        theirs, given = urlsplit(peer.address), urlsplit(told.url)
        wanted = "wss" if theirs.scheme == "https" else "ws"
        if given.scheme != wanted or given.hostname != theirs.hostname:
            raise asking.PeerSilent(
                _("Instalasi itu menunjuk ke alamat gambar di tempat lain."),
                fix=_("Alamat gambar harus di nama yang sama dengan alamat instalasinya."),
            )
        return told

    def tell(self) -> None:
        """One more of ours looks at what is pulled already. What cannot be told now is told within seconds."""
        with closing(connection):
            peer = Peer.objects.select_related("opd").get(pk=self.peer_id)
            with suppress(UserError):
                looks.tell(peer, clock.now())

    def ended(self) -> None:
        """The other side ended it: read at once what it still lends."""
        from . import receiving

        with closing(connection):
            peer = Peer.objects.select_related("opd").get(pk=self.peer_id)
            with suppress(UserError):  # what is known stays until it answers
                receiving.sync(peer, clock.now())


def far_of(camera_id: int, stream: str) -> Far | None:
    """None for a camera of our own. One query."""
    row: Any = PeerCamera.objects.filter(pk=camera_id).values_list("peer_id", "code").first()
    return Far(row[0], row[1], stream) if row else None
