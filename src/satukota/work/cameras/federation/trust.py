"""Who asks: a request is believed when a peer's key signed exactly it, for us, now, and for the first time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base import signed_requests
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.signed_requests import Message, Untrusted

from ..models import Peer, SeenNonce

NONCES_KEPT = timedelta(minutes=10)
MOST_BODY = 500_000
HEARD_EVERY = timedelta(seconds=5)
TOLD_EVERY_S = 60  # the same refusal of the same peer is on the audit log once in so long


class NotTrusted(UserError):
    code = "tidak_dipercaya"
    status = 401


def peer_of(
    method: str, target: str, headers: Mapping[str, str], body: bytes, *, host: str, at: datetime
) -> Peer:  # fmt: skip
    """The peer that asks. `target` is path and query, `host` what the request says it is for. Raises NotTrusted."""
    known: list[Peer] = []
    try:
        if len(body) > MOST_BODY:
            raise Untrusted("altered")
        if host.lower() != urlsplit(settings.SITE_URL).netloc.lower():
            raise Untrusted("wrong_host")
        peers = {signed_requests.key_id_of(one.public_key): one for one in Peer.objects.filter(closed_at=None)}

        def find(key_id: str) -> str:
            known.extend([peers[key_id]] if key_id in peers else [])
            return peers[key_id].public_key if key_id in peers else ""

        message = Message(method, settings.SITE_URL + target, dict(headers), body)
        proof = signed_requests.verify(message, find=find, at=at)
        peer = peers[proof.key_id]
        _use(peer, proof.nonce, at)
    except Untrusted as refused:
        _note(refused.code, known[0] if known else None, target, at)
        text, fix, code = _words(refused.code)
        raise NotTrusted(text, fix=fix, code=code) from None
    if peer.heard_at is None or at - peer.heard_at > HEARD_EVERY:
        Peer.objects.filter(pk=peer.pk).update(heard_at=at)
    return peer


def _use(peer: Peer, nonce: str, at: datetime) -> None:
    """Raises Untrusted when it was used before."""
    try:
        with transaction.atomic():
            SeenNonce.objects.create(peer=peer, nonce=nonce, at=at)
    except IntegrityError:
        raise Untrusted("replayed") from None


def forget_nonces(at: datetime) -> int:
    return SeenNonce.objects.filter(at__lt=at - NONCES_KEPT).delete()[0]


def _note(code: str, peer: Peer | None, target: str, at: datetime) -> None:
    """On the audit log; strangers cannot fill it."""
    if cache.add(f"federation-refused-{code}-{peer.pk if peer else 0}", 1, TOLD_EVERY_S):
        audit.record(
            "federation.refused", by=None, at=at, on=peer, opd_code=peer.opd.code if peer else "",
            after={"why": code, "target": target.partition("?")[0][:200]},
        )  # fmt: skip


def _words(code: str) -> tuple[str, str, str]:
    return {
        "unsigned": (_("Permintaan ini tidak ditandatangani."),
                     _("Tanda tangani menurut RFC 9421 dengan kunci instalasi."), "tidak_ditandatangani"),
        "unknown_key": (_("Kunci penanda tangan tidak dikenal di sini."),
                        _("Minta pengelola di sini menerima instalasi Anda."), "kunci_tidak_dikenal"),
        "stale": (_("Permintaan ini terlalu lama, atau jam kedua instalasi berbeda lebih dari satu menit."),
                  _("Samakan jam kedua server (NTP), lalu ulangi."), "permintaan_kedaluwarsa"),
        "altered": (_("Isi permintaan tidak sama dengan yang ditandatangani."),
                    _("Kirim ulang dari asalnya."), "isi_berubah"),
        "replayed": (_("Permintaan ini sudah pernah dipakai."),
                     _("Tanda tangani permintaan baru."), "permintaan_diulang"),
        "wrong_host": (_("Permintaan ini ditujukan ke alamat lain."),
                       _("Pakai alamat yang tertulis di kartu instalasi ini."), "salah_alamat"),
    }.get(code, (_("Tanda tangan tidak cocok dengan permintaannya."),
                 _("Tanda tangani metode, alamat dan isi yang dikirim."), "tanda_tangan_salah"))  # fmt: skip
