"""Telling a peer that what we lend it has changed: it asks at once instead of at its next turn."""

import logging

from django_tasks import task

from satukota.base.errors import UserError

from ..models import Peer
from . import asking

log = logging.getLogger(__name__)


@task()
def say_changed(peer_id: int) -> None:
    peer = Peer.objects.filter(pk=peer_id, closed_at=None).first()
    try:
        if peer is not None:
            asking.ask(peer, "POST", "/changed", {})
    except UserError as problem:  # it asks by itself soon
        log.info("%s could not be told of a change: %s", peer.prefix if peer else peer_id, problem.text)


@task()
def sync_peer(peer_id: int) -> None:
    from satukota.base import clock

    from . import receiving

    peer = Peer.objects.select_related("opd").filter(pk=peer_id, closed_at=None).first()
    try:
        if peer is not None:
            receiving.sync(peer, clock.now())
    except UserError as problem:
        log.info("%s did not answer: %s", peer.prefix if peer else peer_id, problem.text)
