"""The door for other installations: each request signed by RFC 9421 with the key of an installation that was joined."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET
from ninja import Router
from pydantic import BaseModel, Field

from satukota.base import clock
from satukota.city.gates import for_everyone
from satukota.work.cameras.federation import joining, loans, looks, streams, trust
from satukota.work.cameras.federation.tasks import sync_peer
from satukota.work.cameras.federation.telling import LendingTold, LooksTold, StreamAsked, StreamTold
from satukota.work.cameras.models import Peer

router = Router(tags=["federation"])
SIGNED = "asked for with the signature of an installation that a person here joined"


@require_GET
@for_everyone("what an installation says of itself before it is joined: name, address and public key")
def card(request: HttpRequest) -> JsonResponse:
    """`/.well-known/satukota.json`"""
    answer = JsonResponse(joining.own_card(clock.now()))
    answer["Cache-Control"] = "no-cache"
    return answer


class SignedByPeer:
    """Ninja's authentication: the peer, or a NotTrusted that says what is wrong with the signature."""

    openapi_security_schema: dict[str, Any] = {
        "type": "http", "scheme": "signature",
        "description": "RFC 9421 HTTP Message Signatures: ed25519 over @method, @target-uri, content-digest; "
        "created, nonce, keyid (SHA-256 of the public key), tag satukota-federation",
    }  # fmt: skip

    def __call__(self, request: HttpRequest) -> Peer:
        return trust.peer_of(
            request.method or "", request.get_full_path(), request.headers, request.body, host=request.get_host(),
            at=clock.now(),
        )  # fmt: skip


signed = SignedByPeer()


class Done(BaseModel):
    ok: bool = True


class Heard(BaseModel):
    heard: int
    refused: list[int]


class LastWords(BaseModel):
    successions: list[dict[str, Any]] = Field(max_length=50)


@router.get("/loans", response=LendingTold, summary="Cameras lent to the asking installation, and how they are",
            auth=signed)  # fmt: skip
@for_everyone(SIGNED)
def lent(request: HttpRequest) -> LendingTold:
    return loans.told_to(request.auth, clock.now())


@router.post("/looks", response=Heard, summary="Who over there looks at cameras of ours, when and why", auth=signed)
@for_everyone(SIGNED)
def looked(request: HttpRequest, told: LooksTold) -> dict[str, Any]:
    return looks.hear(request.auth, told, clock.now())


@router.post("/streams", response=StreamTold, summary="A ticket for the live pictures of one lent camera", auth=signed)
@for_everyone(SIGNED)
def stream(request: HttpRequest, asked: StreamAsked) -> StreamTold:
    return streams.open_for(request.auth, asked, clock.now())


@router.post("/changed", response=Done, summary="What the asking installation lends has changed: ask it", auth=signed)
@for_everyone(SIGNED)
def changed(request: HttpRequest) -> dict[str, Any]:
    sync_peer.enqueue(request.auth.pk)
    return {"ok": True}


@router.post("/successor", response=Done, summary="A former key's signed word for the key that follows it", auth=None)
@for_everyone("the last word of a former key carries that key's signature, and no other is believed")
def successor(request: HttpRequest, told: LastWords) -> dict[str, Any]:
    return {"ok": joining.succeed(told.successions, clock.now())}
