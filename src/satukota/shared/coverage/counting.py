"""Who sees which point, counted: sets, layers and sums of weight. Pure numpy: no database, no clock, no geometry.

Weights are whole units (`Weights`), so sums are exact: a share kept up change by change equals the share counted
afresh, to the last unit, in whatever order the changes came.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Array: TypeAlias = npt.NDArray[Any]

WHOLE = 1000  # a watcher that always looks there; one that looks there for a part of the time counts as that part
UNITS = 4e12  # all weight of a city in units: times WHOLE still exact in a float64


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which watcher has which points in sight: CSR by watcher. `point` int32, `px` float32 px/m, `mille` int16.

    A watcher that turns has a point once for each sharpness, falling; `mille` rises with the time it is seen so sharply
    or sharper.
    """

    indptr: Ints
    point: Array
    px: Array
    mille: Array

    @property
    def watchers(self) -> int:
        return len(self.indptr) - 1


def joined(parts: Collection[tuple[Array, Array, Array]]) -> Pairs:
    """One `Pairs` of (point, px, mille) per watcher."""
    lengths = np.array([len(point) for point, _px, _mille in parts], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    columns = zip(*parts, strict=True) if parts else ((), (), ())
    kinds = (np.int32, np.float32, np.int16)
    point, px, mille = (
        np.concatenate(column).astype(kind) if column else np.empty(0, kind)
        for column, kind in zip(columns, kinds, strict=True)
    )
    return Pairs(indptr, point, px, mille)


def weight_units(weight: Floats) -> Ints:
    """Weights as whole units that add up to about UNITS; all 0 stay 0. Raises ValueError for what is no weight."""
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("a weight is a finite number, 0 or more")
    total = float(weight.sum())
    return np.zeros(len(weight), np.int64) if total == 0 else np.rint(weight * (UNITS / total)).astype(np.int64)


class Matrix:
    """The pairs that are sharp enough, by watcher and by point."""

    def __init__(self, pairs: Pairs, needed: Array, points: int) -> None:
        """`needed` (points,) px/m: a pair below it does not count."""
        watcher = np.repeat(np.arange(pairs.watchers, dtype=np.int32), np.diff(pairs.indptr))
        enough = (pairs.px >= needed[pairs.point]) & (pairs.mille > 0)
        self.points, self.watchers = points, pairs.watchers
        watcher, self.point, mille = watcher[enough], pairs.point[enough], pairs.mille[enough]
        # The last of a point's sharpnesses that is enough has the most time.
        last = np.append((np.diff(watcher) != 0) | (np.diff(self.point) != 0), True)[: len(watcher)]
        watcher, self.point, mille = watcher[last], self.point[last], mille[last]
        self.indptr = np.searchsorted(watcher, np.arange(pairs.watchers + 1)).astype(np.int64)
        self.mille = mille
        order = np.lexsort((-mille.astype(np.int32), self.point))
        self.point_of = self.point[order]
        self.by_point = np.searchsorted(self.point_of, np.arange(points + 1)).astype(np.int64)
        self.watcher_of, self.mille_of = watcher[order], mille[order]  # of a point: who looks longest first

    def points_of(self, watchers: Collection[int]) -> Array:
        """The points any of these watchers sees sharply enough, each once, ascending."""
        parts = [self.point[self.indptr[one] : self.indptr[one + 1]] for one in watchers]
        if not parts:
            return np.empty(0, np.int32)
        return np.unique(np.concatenate(parts)) if len(parts) > 1 else np.sort(parts[0])

    def look_from(self, points: Array, active: Array) -> Array:
        """Of each point: how much of the time the best active watcher looks at it (0 … WHOLE).

        Two watchers that each look for half of the time count as half, not as one: nobody promised they take turns.
        """
        starts, lengths = self.by_point[points], self.by_point[points + 1] - self.by_point[points]
        best = np.zeros(len(points), np.int16)
        seen = lengths > 0
        if not seen.any():
            return best
        starts, lengths = starts[seen], lengths[seen]
        offsets = np.cumsum(lengths) - lengths
        place = np.repeat(starts - offsets, lengths) + np.arange(int(lengths.sum()))
        mille = np.where(active[self.watcher_of[place]], self.mille_of[place], 0).astype(np.int16)
        best[seen] = np.maximum.reduceat(mille, offsets)
        return best


class Layer:
    """What a changing set of watchers sees: per point, and the weight of it per group. Follows changes, not the whole.

    `group` (points,) int in [0, groups); `units` (points,) as `weight_units` gives them.
    """

    def __init__(self, matrix: Matrix, units: Ints, group: Ints, groups: int) -> None:
        self.matrix, self.units, self.group = matrix, units, group
        self.active = np.zeros(matrix.watchers, bool)
        self.best = np.zeros(matrix.points, np.int16)
        self.sums = np.zeros(groups, np.int64)  # units × WHOLE

    def settle(self, active: Collection[int]) -> Array:
        """Make exactly these watchers the active ones; returns the points that are looked at otherwise than before."""
        wanted = np.zeros(self.matrix.watchers, bool)
        wanted[list(active)] = True
        turned = np.flatnonzero(wanted != self.active)
        self.active = wanted
        points = self.matrix.points_of(turned.tolist())
        if not len(points):
            return points
        best = self.matrix.look_from(points, wanted)
        gain = best.astype(np.int64) - self.best[points]
        np.add.at(self.sums, self.group[points], gain * self.units[points])
        self.best[points] = best
        return points[gain != 0]

    def share_by_count(self, most: int = 3) -> list[float | None]:
        """Share of the weight at least 1, 2 … `most` active watchers see; None without weight.

        One that turns counts for the part of the time it looks there: the k-th view of a point is there as long as the
        k-th longest look at it. The first is the share seen.
        """
        total = int(self.units.sum()) * WHOLE
        if not total:
            return [None] * most
        active = self.active[self.matrix.watcher_of]
        rank = np.concatenate([[0], np.cumsum(active)])
        rank = rank[1:] - rank[self.matrix.by_point[self.matrix.point_of]]
        worth = self.units[self.matrix.point_of] * self.matrix.mille_of.astype(np.int64)
        return [int(worth[active & (rank == views)].sum()) / total for views in range(1, most + 1)]

    def views(self, least: int) -> Ints:
        """How many active watchers look at each point for at least `least` (of WHOLE) of the time: (points,)."""
        counted = self.active[self.matrix.watcher_of] & (self.matrix.mille_of >= least)
        return np.bincount(self.matrix.point_of[counted], minlength=self.matrix.points).astype(np.int64)


def grouped(units: Ints, group: Ints, groups: int) -> Ints:
    """All weight per group, in units × WHOLE."""
    sums = np.zeros(groups, np.int64)
    np.add.at(sums, group, units * WHOLE)
    return sums
