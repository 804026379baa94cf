"""Asking another installation: its card, and everything after joining by signed requests over guarded addresses."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import datetime
from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base import addresses, clock
from satukota.base.errors import UserError
from satukota.base.signed_requests import Message, sign

from ..models import Peer
from . import keys

DOOR = "/api/v1/federation"
CARD = "/.well-known/satukota.json"
TIMEOUT_S = 5.0
MOST_BYTES = 4_000_000


class PeerSilent(UserError):
    """The other installation gave no good answer."""

    code = "instalasi_tidak_menjawab"
    status = 409


class PeerRefused(UserError):
    """It answered, and refused; `code` is what it said, `text` its sentence."""

    code = "ditolak_instalasi"
    status = 409


class _Guarded(httpx.BaseTransport):
    """Dials only what may be dialled, asked at the moment of dialling."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        ips = asyncio.run(addresses.resolve(url.host, url.port or addresses.DEFAULT_PORTS[url.scheme]))
        dialled = httpx.Request(
            request.method, url.copy_with(host=ips[0]), headers=request.headers, stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )  # fmt: skip
        return self._inner.handle_request(dialled)

    def close(self) -> None:
        self._inner.close()


def origin_of(text: str) -> str:
    """`https://host[:port]`, checked; http only between sample installations. Raises UserError."""
    schemes = {"http", "https"} if settings.SAMPLE else {"https"}
    found = addresses.check_address(text, schemes=schemes)
    usual = f":{addresses.DEFAULT_PORTS[found.scheme]}"
    return f"{found.scheme}://{found.host_port.removesuffix(usual)}"


def card_at(address: str) -> dict[str, Any]:
    """What stands at the other's well-known address. Raises UserError."""
    return _answered("GET", origin_of(address) + CARD, {}, b"")


def ask(peer: Peer, method: str, path: str, said: Any = None, *, at: datetime | None = None) -> dict[str, Any]:
    """The answer to a signed request. How it went is written on the peer. Raises PeerSilent, PeerRefused, UserError."""
    at = at or clock.now()
    if peer.closed_at is not None:
        raise PeerSilent(_("Hubungan dengan instalasi ini sudah ditutup."), fix=_("Gabungkan kembali bila perlu."))
    try:
        try:
            told = _ask_once(peer, method, path, said, at)
        except PeerRefused as refused:
            if refused.code != "kunci_tidak_dikenal" or not (words := keys.successions()):
                raise
            _answered("POST", f"{peer.address}{DOOR}/successor", {}, json.dumps({"successions": words}).encode())
            told = _ask_once(peer, method, path, said, at)
    except UserError as problem:
        since = peer.problem_since or at
        Peer.objects.filter(pk=peer.pk).update(problem=problem.text[:300], problem_since=since)
        raise
    Peer.objects.filter(pk=peer.pk).update(answered_at=at, problem="", problem_since=None)
    return told


def _ask_once(peer: Peer, method: str, path: str, said: Any, at: datetime) -> dict[str, Any]:
    body = b"" if said is None else json.dumps(said).encode()
    url = f"{peer.address}{DOOR}{path}"
    headers = sign(Message(method, url, {}, body), key=keys.secret_of(keys.current(at)), at=at)
    return _answered(method, url, headers, body)


def _answered(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    if body:
        headers = headers | {"Content-Type": "application/json"}
    try:
        with (
            httpx.Client(transport=_Guarded(), timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream(method, url, headers=headers, content=body) as answer,
        ):
            return _read(answer)
    except httpx.TimeoutException:
        raise PeerSilent(_("Instalasi itu tidak menjawab tepat waktu."), fix=_("Coba lagi sebentar lagi.")) from None
    except (httpx.HTTPError, socket.gaierror, OSError):
        raise PeerSilent(
            _("Instalasi itu tidak dapat dihubungi."), fix=_("Periksa alamatnya dan jaringan di kedua sisi.")
        ) from None


def _read(answer: httpx.Response) -> dict[str, Any]:
    content = b""
    for part in answer.iter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            raise _unreadable()
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(told, dict):
        raise _unreadable()
    if answer.status_code == 200:
        return told
    error = told.get("error")
    if not isinstance(error, dict):
        raise _unreadable()
    text, code = str(error.get("text", ""))[:200], str(error.get("code", ""))[:40]
    raise PeerRefused(_("Instalasi itu menolak: %s") % text, fix=str(error.get("fix", ""))[:200], code=code)


def _unreadable() -> PeerSilent:
    return PeerSilent(
        _("Jawaban instalasi itu tidak dapat dibaca."), fix=_("Periksa apakah di alamat itu ada Satukota yang sama.")
    )
