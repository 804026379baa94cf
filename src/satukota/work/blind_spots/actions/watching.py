"""Closed spots are kept under watch: what nobody sees any more opens again by itself, and its owner is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base.languages import in_city_language
from satukota.base.messages import actions as messages
from satukota.city import queries as city
from satukota.shared.coverage import registry

from .. import sight
from ..models import BlindSpot
from .timeline import in_line, write


def watch_over(at: datetime) -> int:
    """Note which closed spots are blind now, and open those that have been for long enough. How many opened.

    One query when nothing is closed. A watcher of which it is not known whether it works gets the benefit of the doubt.
    """
    if not BlindSpot.objects.filter(state=BlindSpot.State.CLOSED).exists():
        return 0
    _shares(_closed())  # looks at the geometry, if need be, before anybody has to wait; it is kept
    with in_line():
        closed = _closed()
        shares = _shares(closed)
        return sum(_judge(spot, *shares[spot.pk], at) for spot in closed)


def _closed() -> list[BlindSpot]:
    rows = BlindSpot.objects.filter(state=BlindSpot.State.CLOSED).order_by("pk")
    return list(rows.select_related("owner", "target"))


def _shares(spots: list[BlindSpot]) -> dict[int, tuple[float, float]]:
    """Share of each that working watchers see, and that those see which work or may work."""
    watchers = registry.watchers()
    now = sight.standing_now(watchers)
    spread = sight.Spread.of([spot.points for spot in spots])
    views = sight.views(spread, watchers)
    seen = sight.best(spread, views, now.working)
    maybe = sight.best(spread, views, now.working | now.doubted)
    return {spot.pk: (spread.share(n, seen), spread.share(n, maybe)) for n, spot in enumerate(spots)}


def _judge(spot: BlindSpot, seen: float, maybe: float, at: datetime) -> int:
    is_blind = maybe < spot.needed_share - 1e-9
    since = (spot.blind_since or at) if is_blind else None
    if is_blind and since is not None and at - since >= timedelta(minutes=settings.BLIND_AGAIN_MINUTES):
        _open_again(spot, maybe, since, at)
        return 1
    if (since, seen) != (spot.blind_since, spot.seen):
        BlindSpot.objects.filter(pk=spot.pk).update(blind_since=since, seen=seen)
    return 0


@in_city_language
def _open_again(spot: BlindSpot, share: float, since: datetime, at: datetime) -> None:
    """Back to where its camera is to be mended; to the beginning when there is no such camera any more."""
    is_there = spot.target is not None and spot.target.retired_on is None
    spot.state = BlindSpot.State.INSTALLED if is_there else BlindSpot.State.PROPOSED
    spot.blind_since, spot.closed_at, spot.seen = since, None, share
    spot.episode += 1
    spot.save(update_fields=["state", "blind_since", "closed_at", "seen", "episode"])
    told = _("Tinggal %(share).0f %% bobotnya terlihat; dibutuhkan %(needed).0f %%.") % {
        "share": share * 100, "needed": spot.needed_share * 100,
    }  # fmt: skip
    write(spot, "blind_again", by=None, at=at, text=told, after=str(spot.get_state_display()))
    messages.tell(
        city.people_with("coverage.plan", spot.owner_id, area_id=spot.kelurahan_id), kind="blind_again",
        about=f"{spot.number}#{spot.episode}", subject=_("Buta lagi: %s") % spot.title,
        body=f"{spot.number} {spot.title}\n{told}", path=f"/pusat/titik-buta/{spot.number}/", at=at,
    )  # fmt: skip
