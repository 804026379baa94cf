"""Getting to know another installation by hand: its card is fetched, people compare the short form of the key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.base.signed_requests import fingerprint_of, is_public_key
from satukota.city import access
from satukota.city.models import Kota, Opd

from ..models import Agreement, Loan, Peer
from . import asking, keys

FORMAT, VERSION = "satukota-installation", 1
PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,7}")


@dataclass(frozen=True)
class Card:
    name: str
    address: str
    public_key: str

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.public_key)


def own_card(at: datetime) -> dict[str, Any]:
    """What everybody may know of this installation."""
    public = keys.current(at).public
    return {
        "format": FORMAT, "version": VERSION, "name": own_name(), "address": settings.SITE_URL, "public_key": public,
        "fingerprint": fingerprint_of(public), "successions": keys.successions(),
    }  # fmt: skip


def own_name() -> str:
    kota = Kota.objects.values_list("name", flat=True).first()
    return kota or settings.SITE_URL.partition("://")[2]


def look_at(address: str, at: datetime) -> Card:
    """The card of the installation at `address`. Raises UserError for what is none, for another's and for our own."""
    origin = asking.origin_of(address)
    told = asking.card_at(origin)
    name, public = told.get("name"), told.get("public_key")
    if told.get("format") != FORMAT or told.get("version") != VERSION or not isinstance(name, str) \
            or not name.strip() or not is_public_key(public):  # fmt: skip
        raise UserError(_("Di alamat itu tidak ada kartu Satukota."), fix=_("Periksa alamatnya dengan pengelolanya."))
    if told.get("address") != origin:
        raise UserError(
            _("Kartu di alamat itu menyebut alamat lain."), fix=_("Pakai alamat yang disebut pengelolanya.")
        )
    if public == keys.current(at).public:
        raise UserError(_("Itu pemasangan ini sendiri."), fix=_("Tulis alamat instalasi mitra."))
    return Card(name.strip().replace("\x00", "")[:120], origin, str(public))


def join(
    card: Card, *, fingerprint: str, prefix: str, opd: Opd, by: Any, at: datetime
) -> Peer:  # fmt: skip
    """Know this installation by this key. `fingerprint` is what the person was told by theirs, typed.

    Raises NotAllowed, AlreadyDone, UserError.
    """
    access.require(by, "peers.manage")
    if re.sub(r"[^A-Z0-9]", "", fingerprint.upper()) != card.fingerprint.replace("-", ""):
        raise UserError(
            _("Sidik jari kunci tidak sama dengan yang Anda ketik: jangan bergabung."),
            fix=_("Minta pengelola di sana membacakannya lagi, lewat telepon, bukan lewat alamat ini."),
            code="sidik_jari_berbeda",
        )
    if not PREFIX.fullmatch(prefix):
        raise UserError(_("Kode singkat: 2–8 huruf besar atau angka, diawali huruf."), fix=_("Misalnya PLB."))
    try:
        with transaction.atomic():
            peer = Peer.objects.create(
                name=card.name, address=card.address, prefix=prefix, public_key=card.public_key, opd=opd, joined_by=by,
                joined_at=at,
            )  # fmt: skip
            audit.record(
                "federation.joined", by=by, at=at, on=peer, opd_code=opd.code,
                after={"address": card.address, "fingerprint": card.fingerprint, "prefix": prefix},
            )  # fmt: skip
    except IntegrityError as taken:
        raise AlreadyDone(
            _("Alamat, kunci atau kode singkat itu sudah dipakai instalasi yang bergabung."),
            fix=_("Lihat daftar instalasi mitra."),
        ) from taken
    return peer


@transaction.atomic
def close(peer: Peer, *, why: str, by: Any, at: datetime) -> None:
    """Know it no more: its requests are refused, what was lent in both directions ends. Raises UserError."""
    from . import receiving

    access.require(by, "peers.manage")
    why = why.strip()[:300]
    if not why:
        raise UserError(_("Alasan menutup hubungan belum ditulis."), fix=_("Tulis satu kalimat."))
    if not Peer.objects.filter(pk=peer.pk, closed_at=None).update(closed_at=at, closed_by=by, closed_why=why):
        raise AlreadyDone(_("Hubungan ini sudah ditutup."), fix=_("Muat ulang halaman."))
    ended = {"revoked_at": at, "revoked_by": by, "revoked_why": why}
    Loan.objects.filter(peer=peer, revoked_at=None).update(**ended)
    Agreement.objects.filter(peer=peer, revoked_at=None).update(**ended)
    receiving.put_away(peer, at)
    audit.record("federation.closed", by=by, at=at, on=peer, opd_code=peer.opd.code, why=why)


def succeed(told: list[Any], at: datetime) -> bool:
    """Follow a peer's last words of its old key; True when one of ours has another key now."""
    changed = False
    for peer in Peer.objects.filter(closed_at=None):
        following = keys.followed(peer.public_key, told)
        if following == peer.public_key:
            continue
        try:
            with transaction.atomic():
                Peer.objects.filter(pk=peer.pk, public_key=peer.public_key).update(public_key=following)
                audit.record(
                    "federation.key_followed", by=None, at=at, on=peer, opd_code=peer.opd.code,
                    before={"fingerprint": fingerprint_of(peer.public_key)},
                    after={"fingerprint": fingerprint_of(following)},
                )  # fmt: skip
        except IntegrityError:
            continue  # another peer has that key already
        changed = True
    return changed
