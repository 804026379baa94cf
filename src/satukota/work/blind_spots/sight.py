"""Which watchers see the points of a spot, asked of the geometry itself: so it holds on a new ground, too."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet

from satukota.shared.coverage import measuring, registry
from satukota.shared.coverage.board import standing
from satukota.shared.coverage.counting import WHOLE
from satukota.shared.coverage.registry import Watcher
from satukota.shared.ground import queries as ground
from satukota.shared.monitoring.models import NO_UPLINK, Target

Array = np.ndarray
LON, LAT, WEIGHT, NEEDED, KIND = range(5)  # columns of a stored point
AT_ONCE = 256  # viewpoints in one question: bounds the memory
_kept: dict[str, dict[int, tuple[Array, Array]]] = {}


@dataclass(frozen=True)
class Spread:
    """Points of some spots in one row: `start[i]:start[i + 1]` are those of spot i."""

    lonlat: Array
    weight: Array
    needed: Array
    start: list[int]

    @classmethod
    def of(cls, rows: Sequence[Sequence[Sequence[Any]]]) -> Spread:
        every = [point for points in rows for point in points]
        table = np.array([point[:KIND] for point in every], np.float64).reshape(-1, KIND)
        start = np.concatenate([[0], np.cumsum([len(points) for points in rows])]).astype(int).tolist()
        return cls(table[:, :WEIGHT], table[:, WEIGHT], table[:, NEEDED], start)

    def share(self, spot: int, best: Array) -> float:
        """Share of a spot's weight, where `best` (all points,) says how much of the time each is looked at."""
        mine = slice(self.start[spot], self.start[spot + 1])
        whole = float(self.weight[mine].sum())
        return min(1.0, float((self.weight[mine] * best[mine]).sum()) / (whole * WHOLE)) if whole else 0.0


def best(spread: Spread, views: dict[int, tuple[Array, Array]], of: Collection[int]) -> Array:
    """How much of the time (0 … WHOLE) the best of these targets looks at each point."""
    found = np.zeros(len(spread.weight), np.int32)
    for target_id in of:
        if target_id in views:
            point, mille = views[target_id]
            np.maximum.at(found, point, mille)
    return found


def views(spread: Spread, watchers: Sequence[Watcher]) -> dict[int, tuple[Array, Array]]:
    """By target: the points it sees as sharply as they need, and how much of its time. Kept until anything changes."""
    told = hashlib.blake2b(spread.lonlat.tobytes() + spread.needed.tobytes(), digest_size=12)
    told.update("".join(f"{one.target_id}{one.fingerprint}" for one in watchers).encode())
    told.update(ground.version().encode())
    key = told.hexdigest()
    if key not in _kept:
        if len(_kept) >= 8:
            _kept.pop(next(iter(_kept)))
        _kept[key] = _look(spread, watchers)
    return _kept[key]


def _look(spread: Spread, watchers: Sequence[Watcher]) -> dict[int, tuple[Array, Array]]:
    if not len(spread.weight):
        return {}
    xy = ground.plane().to_metres(spread.lonlat)
    seats: list[tuple[int, float]] = []
    eyes: list[Any] = []
    for one in watchers:
        try:
            ways = measuring.viewpoints_of(one)
        except ValueError:  # the register holds what cannot be; coverage names it as lacking
            continue
        eyes += ways
        seats += [(one.target_id, way.share) for way in one.ways[: len(ways)]]
    found: dict[int, Array] = {}
    for first in range(0, len(eyes), AT_ONCE):
        _add(found, spread, xy, eyes[first : first + AT_ONCE], seats[first : first + AT_ONCE])
    return {pk: (np.flatnonzero(mille), mille[np.flatnonzero(mille)]) for pk, mille in found.items()}


def _add(
    found: dict[int, Array], spread: Spread, xy: Array, eyes: list[Any], seats: list[tuple[int, float]]
) -> None:  # fmt: skip
    from satukota.rules.coverage import sees

    seen = sees(measuring.scene(), eyes, xy, target_height_m=measuring.TARGET_HEIGHT_M)
    for n, (target_id, share) in enumerate(seats):
        mine = slice(seen.indptr[n], seen.indptr[n + 1])
        sharp = seen.points[mine][seen.px_per_m[mine] >= spread.needed[seen.points[mine]]]
        if len(sharp):
            mille = found.setdefault(target_id, np.zeros(len(xy), np.int32))
            mille[sharp] = np.minimum(mille[sharp] + round(share * WHOLE), WHOLE)


@dataclass(frozen=True)
class Standing:
    """Which watchers are in service, and which of those work, and of which that is not known."""

    able: frozenset[int]
    working: frozenset[int]
    doubted: frozenset[int]


def standing_now(watchers: Sequence[Watcher], rows: QuerySet[Target] | None = None) -> Standing:
    """As the last looks say. One query. A partner's watcher counts as able whatever hour it is."""
    targets = Target.objects.filter(retired_on=None) if rows is None else rows
    known = {
        pk: standing(state, cause, hidden=pending == NO_UPLINK, doubtful=registry.doubtful_causes())
        for pk, state, pending, cause in targets.order_by().values_list("pk", "state", "pending_cause", "cause")
    }
    able = frozenset(one.target_id for one in watchers if not one.lacks and one.target_id in known)
    return Standing(able, frozenset(pk for pk in able if known[pk]), frozenset(pk for pk in able if known[pk] is None))
