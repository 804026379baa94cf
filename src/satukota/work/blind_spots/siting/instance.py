"""A plan's question as arrays: what could be chosen, what it sees and costs. Kept beside the plan, so that moving a
camera by hand needs no second look at the whole city."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, fields, replace

import numpy as np

from satukota.rules.siting import Problem

from ..costs import Price
from .asking import Asked

Array = np.ndarray


@dataclass(frozen=True)
class Instance:
    """m points of demand, o options over s sites. Sites after the first are places of partners and of a hand.

    `weights` (m,) as the plan weighs them; `already`, `wanted` (m,) views there are and views wanted; `area` (m,) index
    into `floors`, of which the first belong to `kelurahan_ids`, the others to `must_ids`.
    """

    lonlat: Array
    needed: Array
    kind: Array
    kelurahan: Array
    weights: Array
    already: Array
    wanted: Array
    area: Array
    floors: Array
    indptr: Array
    points: Array
    cost_rp: Array
    yearly_rp: Array
    site: Array  # (o,)
    lens: list[str]  # (o,) key of LENSES, or "partner"
    bearing_deg: Array  # (o,)
    view: Array  # (o, 3) fov_deg, range_m, width_px
    site_lonlat: Array  # (s, 2)
    site_kind: list[str]
    site_code: list[str]
    site_height_m: Array
    site_power: Array
    site_link_m: Array
    kinds: list[str]  # codes of demand
    kind_names: list[str]
    purposes: list[str]  # by kind
    kelurahan_ids: list[int]
    must_ids: list[int]
    prices: dict[str, int]
    ground_version: str
    must: list[int] = field(default_factory=list)
    never: list[int] = field(default_factory=list)

    @property
    def options(self) -> int:
        return len(self.indptr) - 1

    def reached_by(self, option: int) -> Array:
        return self.points[self.indptr[option] : self.indptr[option + 1]]

    def problem(self, asked: Asked) -> Problem:
        floors = self.floors if (self.floors > 0).any() else None
        return Problem(
            indptr=self.indptr, points=self.points, weights=self.weights, cost_rp=self.cost_rp,
            yearly_rp=self.yearly_rp, site=self.site, budget_rp=asked.budget_rp,
            yearly_budget_rp=asked.yearly_budget_rp, most=asked.most, must=tuple(self.must), never=tuple(self.never),
            needs=self.wanted, already=self.already, area=self.area if floors is not None else None, floor=floors,
        )  # fmt: skip

    def with_options(self, added: Added) -> Instance:
        """These and more, each from a site of its own and taken for certain when it was put there by hand."""
        count, sites = self.options, len(self.site_kind)
        more = len(added.points)
        lengths = [len(points) for points in added.points]
        return replace(
            self,
            indptr=np.concatenate([self.indptr, self.indptr[-1] + np.cumsum(lengths, dtype=np.int64)]),
            points=np.concatenate([self.points, *[points.astype(np.int32) for points in added.points]]),
            cost_rp=np.concatenate([self.cost_rp, np.array(added.cost_rp, np.int64)]),
            yearly_rp=np.concatenate([self.yearly_rp, np.array(added.yearly_rp, np.int64)]),
            site=np.concatenate([self.site, np.arange(sites, sites + more)]),
            lens=[*self.lens, *added.lens], bearing_deg=np.concatenate([self.bearing_deg, added.bearing_deg]),
            view=np.concatenate([self.view, np.array(added.view, float).reshape(-1, 3)]),
            site_lonlat=np.concatenate([self.site_lonlat, np.array(added.lonlat, float).reshape(-1, 2)]),
            site_kind=[*self.site_kind, *added.kind], site_code=[*self.site_code, *added.code],
            site_height_m=np.concatenate([self.site_height_m, added.height_m]),
            site_power=np.concatenate([self.site_power, np.array(added.power, bool)]),
            site_link_m=np.concatenate([self.site_link_m, added.link_m]),
            must=[*self.must, *(count + n for n in range(more) if added.is_certain)],
        )  # fmt: skip

    def to_bytes(self) -> bytes:
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        arrays = {name: value for name, value in told.items() if isinstance(value, np.ndarray)}
        words = {name: value for name, value in told.items() if name not in arrays}
        out = io.BytesIO()
        arrays["words"] = np.frombuffer(json.dumps(words).encode(), np.uint8)
        np.savez_compressed(out, **arrays)  # type: ignore[arg-type]  # its stubs take them for options
        return out.getvalue()

    @classmethod
    def of(cls, content: bytes) -> Instance:
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            words = json.loads(kept["words"].tobytes())
            return cls(**words, **{name: kept[name] for name in kept.files if name != "words"})


@dataclass
class Added:
    """Options to add, row by row."""

    is_certain: bool
    points: list[Array] = field(default_factory=list)
    cost_rp: list[int] = field(default_factory=list)
    yearly_rp: list[int] = field(default_factory=list)
    lens: list[str] = field(default_factory=list)
    bearing_deg: list[float] = field(default_factory=list)
    view: list[tuple[float, float, int]] = field(default_factory=list)
    lonlat: list[tuple[float, float]] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    height_m: list[float] = field(default_factory=list)
    power: list[bool] = field(default_factory=list)
    link_m: list[float] = field(default_factory=list)


def amounts(prices: dict[str, Price]) -> dict[str, int]:
    return {code: price.amount_rp for code, price in prices.items()}


def as_prices(kept: dict[str, int], prices: dict[str, Price]) -> dict[str, Price]:
    """Today's words with the amounts a plan was made with."""
    return {code: replace(price, amount_rp=kept.get(code, price.amount_rp)) for code, price in prices.items()}
