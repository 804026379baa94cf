"""What is to be chosen from, what it is worth, what it costs, and what binds the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_RUPIAH = 10**15  # sums of whole rupiah stay exact in float64 below 2**53
MOST_WEIGHT = 1e18  # beyond it products of weights leave what floating point holds well
MOST_VIEWS = 12  # a point that wants more views than this is a mistake in the file


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Options (a place with a direction, a lens, a radius ...) that reach weighted points.

    indptr (n+1,), points (nnz,): the points option j reaches are points[indptr[j]:indptr[j+1]]; a point named twice in
    one option is reached once. weights (m,) float, what each point is worth, 0 or more.
    cost_rp, yearly_rp (n,) whole rupiah, 0 or more; site (n,) int: options of one site exclude each other beyond
    `max_per_site`. must, never: option numbers.
    needs (m,) int: how many views a point wants, 1 when not given. Of a point that wants k views the first is worth
    k parts of its weight, the second k-1, the last 1, of k(k+1)/2 parts: 2 views are worth 2/3 and 1/3, 3 are worth
    3/6, 2/6 and 1/6. More views than wanted are worth nothing. already (m,) int: views a point has before choosing.
    area (m,) int: the area of a point, -1 for none; floor (areas,): the share of the area's weight that must be
    reached, 0..1, what is there already counting.

    Raises ValueError with a sentence naming the field when something cannot be.
    """

    indptr: NDArray[np.int64]
    points: NDArray[np.int32]
    weights: NDArray[np.float64]
    cost_rp: NDArray[np.int64] | None = None
    yearly_rp: NDArray[np.int64] | None = None
    site: NDArray[np.int64] | None = None
    max_per_site: int = 1
    budget_rp: int | None = None
    yearly_budget_rp: int | None = None
    most: int | None = None
    must: Sequence[int] = ()
    never: Sequence[int] = ()
    needs: NDArray[np.int64] | None = None
    already: NDArray[np.int64] | None = None
    area: NDArray[np.int64] | None = None
    floor: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        self._take("weights", _numbers("weights", self.weights))
        if self.weights.sum() > MOST_WEIGHT:
            raise ValueError(f"weights add up to more than {MOST_WEIGHT:g}")
        self._take("indptr", _whole("indptr", self.indptr, np.int64))
        self._take("points", _whole("points", self.points, np.int32))
        _check_reach(self.indptr, self.points, len(self.weights))
        count, reached = len(self.indptr) - 1, len(self.weights)
        for name, length in (("cost_rp", count), ("yearly_rp", count), ("site", count), ("needs", reached),
                             ("already", reached), ("area", reached)):  # fmt: skip
            self._take_whole(name, length)
        for name in ("budget_rp", "yearly_budget_rp", "most"):
            self._check_limit(name)
        if self.max_per_site < 1:
            raise ValueError(f"max_per_site is 1 or more, got {self.max_per_site}")
        if self.needs is not None and len(self.needs) and not 1 <= self.needs.min() <= self.needs.max() <= MOST_VIEWS:
            raise ValueError(f"needs are 1..{MOST_VIEWS} views")
        for name in ("must", "never"):
            self._take(name, _options(name, getattr(self, name), count))
        self._check_floor()

    def _take(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _take_whole(self, name: str, length: int) -> None:
        given = getattr(self, name)
        if given is None:
            return
        taken = _whole(name, given, np.int64)
        if len(taken) != length:
            raise ValueError(f"{name} has {len(taken)} entries, {length} were expected")
        if len(taken) and taken.min() < (-1 if name in ("area", "site") else 0):
            raise ValueError(f"{name} must not be negative")
        if name.endswith("_rp") and taken.sum(dtype=np.float64) > MOST_RUPIAH:
            raise ValueError(f"{name} adds up to more than {MOST_RUPIAH} rupiah")
        self._take(name, taken)

    def _check_limit(self, name: str) -> None:
        limit = getattr(self, name)
        if limit is None:
            return
        whole = isinstance(limit, int | np.integer) or (isinstance(limit, float) and limit.is_integer())
        if not whole or isinstance(limit, bool) or limit < 0:
            raise ValueError(f"{name} is a whole number, 0 or more, or None; got {limit!r}")
        if name == "budget_rp" and self.cost_rp is None or name == "yearly_budget_rp" and self.yearly_rp is None:
            raise ValueError(f"{name} is given but no costs are")
        self._take(name, int(limit))

    def _check_floor(self) -> None:
        if self.floor is None:
            return
        floor = _numbers("floor", self.floor)
        if len(floor) and floor.max() > 1:
            raise ValueError("floor is a share, 0..1")
        if self.area is None:
            raise ValueError("floor is given but area is not")
        if len(self.area) and self.area.max() >= len(floor):
            raise ValueError(f"area names area {self.area.max()}, floor has only {len(floor)}")
        self._take("floor", floor)

    @property
    def options(self) -> int:
        return len(self.indptr) - 1

    def reached_by(self, option: int) -> NDArray[np.int32]:
        """The points one option reaches, as given."""
        return self.points[self.indptr[option] : self.indptr[option + 1]]

    def parts(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """What each view of each point is worth: indptr (m+1,) and values, first view first; see `needs`."""
        wanted = np.ones(len(self.weights), np.int64) if self.needs is None else self.needs
        indptr = np.concatenate(([0], np.cumsum(wanted)))
        rank = np.arange(indptr[-1]) - np.repeat(indptr[:-1], wanted)
        each = np.repeat(wanted, wanted)
        return indptr, np.repeat(self.weights, wanted) * (2 * (each - rank) / (each * (each + 1)))


def _numbers(name: str, given: ArrayLike) -> NDArray[np.float64]:
    try:
        taken = np.array(given, np.float64)
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{name} are not numbers") from problem
    if taken.ndim != 1:
        raise ValueError(f"{name} is one row of numbers, got shape {taken.shape}")
    if len(taken) and not (np.isfinite(taken).all() and taken.min() >= 0):
        raise ValueError(f"{name} must be finite and not negative")
    return taken


def _whole(name: str, given: ArrayLike, kind: type[np.signedinteger]) -> NDArray[Any]:
    raw = np.asarray(given)
    if raw.ndim != 1:
        raise ValueError(f"{name} is one row of whole numbers, got shape {raw.shape}")
    if raw.size == 0:
        return np.empty(0, kind)
    if raw.dtype.kind not in "iu" and (
        raw.dtype.kind != "f" or not np.isfinite(raw).all() or (raw != np.floor(raw)).any()
    ):
        raise ValueError(f"{name} are not whole numbers")
    if raw.max() > np.iinfo(kind).max or raw.min() < np.iinfo(kind).min:
        raise ValueError(f"{name} holds a number that is too large")
    return np.array(raw, kind)  # a copy: the caller may write into his own


def _check_reach(indptr: NDArray[np.int64], points: NDArray[np.int32], reached: int) -> None:
    if len(indptr) == 0 or indptr[0] != 0 or indptr[-1] != len(points) or (np.diff(indptr) < 0).any():
        raise ValueError("indptr rises from 0 to the number of entries in points")
    if len(points) and not 0 <= points.min() <= points.max() < reached:
        raise ValueError(f"points names a point outside 0..{reached - 1}")


def _options(name: str, given: Sequence[int], count: int) -> tuple[int, ...]:
    taken = _whole(name, list(given), np.int64)
    if len(taken) and not 0 <= taken.min() <= taken.max() < count:
        raise ValueError(f"{name} names an option outside 0..{count - 1}")
    return tuple(sorted({int(option) for option in taken}))
