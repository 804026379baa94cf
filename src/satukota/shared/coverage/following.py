"""Keeps the shares true: in the transaction that stores a status change, and a moment later for everything else.

What is stored says who counted as working; each settling moves from there to what the database says now. So a change
told twice, out of order, or in a transaction that was rolled back leaves nothing wrong behind.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import DatabaseError, transaction

from satukota.base.feed import actions as feed
from satukota.base.line import hold_line
from satukota.shared.monitoring.models import StatusChange

from .board import Board, Roll, board_of, live, roll_after, roll_at
from .counting import Array
from .models import CurrentCoverage

log = logging.getLogger(__name__)

TOPIC = "coverage_changed"
MOST_STREETS = 400  # named in one entry of the feed; more than that and a screen reads the map anew


def follow(changes: Sequence[StatusChange]) -> None:
    """Listener of monitoring: runs in the transaction that stores the changes.

    What was measured may be damaged; that a camera fell is stored and told all the same, and `catch_up` goes on saying
    (as a chore that fails) that shares cannot be counted.
    """
    if not changes:
        return
    try:
        settle(max(change.at for change in changes), changes)
    except DatabaseError:
        raise
    except Exception:
        log.exception("shares do not follow %d status changes", len(changes))


def catch_up(at: datetime) -> bool:
    """What no status change tells: dusk and dawn, hours agreed with partners, our own line lost, a camera retired."""
    return settle(at)


def settle(at: datetime, changes: Sequence[StatusChange] = ()) -> bool:
    """Make what is stored say who watches now; tell the screens when it differs. True when it did.

    After status changes only their targets are asked for; what else changed meanwhile is found by `catch_up`. Two
    queries when nothing changed, four when something did.
    """
    with transaction.atomic():
        hold_line()  # one settling at a time, in the same order as everything else that publishes
        current = CurrentCoverage.objects.filter(pk=1).first()
        if current is None or current.points_id is None:
            return False
        here = board_of(current.revision, current.points_id)
        if here is None:
            return False
        light = here.light_at(at)
        anew = (current.settled_revision, current.light) != (here.revision, light)
        stored = Roll(frozenset(current.able), frozenset(current.working), frozenset(current.doubted))
        only = {change.target_id for change in changes}
        roll = roll_after(here, at, stored, only) if only and not anew else roll_at(here, at)
        if roll == stored and not anew:
            return False
        counted = _count(here, light, stored, roll, afresh=anew)
        current.at = max(at, current.at) if current.at else at
        _store(current, here, light, roll, counted)
        feed.publish(TOPIC, "kota", _told(counted, light, changes, here.codes), opd_id=None, at=at)
    return True


@dataclass(frozen=True)
class Counted:
    """The shares after a change, and what differs from before."""

    kota: dict[str, float | None]
    every_area: dict[str, dict[str, float | None]]  # by id, as text: keys of JSON
    areas: dict[int, dict[str, float | None]]  # those that changed
    points: int
    streets: list[int] | None  # that look otherwise now; None: too many to name
    lost: list[int]  # streets that lost something
    recovered: list[int]  # streets that have all of it again


def _count(here: Board, light: str, before: Roll, now: Roll, *, afresh: bool) -> Counted:
    with live(here, light) as layers:
        layers.settle(before)
        lost_before, areas_before = layers.lost.copy(), layers.by_area()
        points = layers.settle(now)
        lost_now, areas_now = layers.lost.copy(), layers.by_area()
        kota = layers.whole().as_json()
    streets, where = here.streets
    touched = np.unique(where[points])
    changed = None if afresh or len(touched) > MOST_STREETS else _named(streets, touched)
    return Counted(
        kota, {str(key): each.as_json() for key, each in areas_now.items()},
        {key: each.as_json() for key, each in areas_now.items() if afresh or each != areas_before.get(key)},
        len(points), changed,
        _named(streets, np.flatnonzero((lost_now > 0) & (lost_before == 0))),
        _named(streets, np.flatnonzero((lost_now == 0) & (lost_before > 0))),
    )  # fmt: skip


def _named(streets: Array, places: Array) -> list[int]:
    ids: list[int] = streets[places].tolist()
    return [pk for pk in ids if pk >= 0][:MOST_STREETS]


def _store(current: CurrentCoverage, here: Board, light: str, roll: Roll, counted: Counted) -> None:
    current.light, current.settled_revision = light, here.revision
    current.able, current.working, current.doubted = sorted(roll.able), sorted(roll.working), sorted(roll.doubted)
    current.shares = {"kota": counted.kota, "kelurahan": counted.every_area}
    current.save(update_fields=["at", "light", "settled_revision", "able", "working", "doubted", "shares"])


def _told(
    counted: Counted, light: str, changes: Sequence[StatusChange], codes: dict[int, str]
) -> dict[str, Any]:  # fmt: skip
    """Shares are public; a camera is named by its number only, which says nothing to who may not see the camera."""
    only = changes[0] if len(changes) == 1 else None
    return {
        "kota": counted.kota,
        "kelurahan": {codes[key]: each for key, each in counted.areas.items() if key in codes},
        "light": light, "target": only.target_id if only else None, "state": only.now if only else None,
        "points": counted.points, "streets": counted.streets, "lost": counted.lost, "recovered": counted.recovered,
    }  # fmt: skip
