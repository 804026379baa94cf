"""Searching the city for what nobody sees, every night or when asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.languages import in_city_language
from satukota.city import access
from satukota.city.models import Kelurahan, Opd, Place
from satukota.shared.coverage import queries as coverage
from satukota.shared.coverage import registry
from satukota.shared.coverage.packing import Points
from satukota.shared.ground import queries as ground
from satukota.shared.ground.kinds import Kind, kinds_on
from satukota.shared.ground.models import DemandKind, Population, Street

from .. import sight
from ..models import BlindSpot, Finding, SpotEntry
from ..stretches import stretches
from .timeline import in_line

NIGHT_HOURS = (1, 5)  # local, when the nightly search may begin
ASK_AGAIN = timedelta(minutes=15)  # a job that was asked for and left no trace
MOST_OPEN = 300  # in the register at a time: nobody reads more; what weighs less waits until something is closed
FEWEST_POINTS = 3  # a stretch of less is the end of somebody's view
Array = np.ndarray


@dataclass(frozen=True)
class Report:
    found: int
    open: int
    unseen_share: float
    left_out: int  # stretches beyond MOST_OPEN


def ask_when_due(at: datetime) -> bool:
    """Give the search to a job: the first once coverage was measured, then one a night. One or two queries."""
    asked_at = Finding.objects.filter(pk=1).values_list("asked_at", flat=True).first()
    if asked_at is None:
        is_due = coverage.stored() is not None
    else:
        is_due = NIGHT_HOURS[0] <= clock.local(at).hour < NIGHT_HOURS[1] and at - asked_at >= timedelta(hours=12)
    if is_due:
        _ask(at)
    return is_due


def ask(*, by: Any, at: datetime) -> None:
    """The button. Raises UserError while a search is under way."""
    access.require(by, "coverage.plan")
    last = Finding.objects.filter(pk=1).first()
    is_waiting = last and last.asked_at and (last.done_at is None or last.done_at < last.asked_at)
    if last and last.asked_at and is_waiting and at - last.asked_at < ASK_AGAIN:
        raise UserError(_("Pencarian sedang berjalan."), fix=_("Tunggu sebentar, lalu muat ulang halaman ini."))
    with transaction.atomic():
        _ask(at)
        audit.record("blind_spots.search_asked", by=by, at=at)


def _ask(at: datetime) -> None:
    from ..tasks import find_blind_spots

    with transaction.atomic():
        Finding.objects.update_or_create(pk=1, defaults={"asked_at": at})
        transaction.on_commit(lambda: find_blind_spots.enqueue())


@in_city_language
def find(at: datetime) -> Report:
    """Search, and add what is new to the register. Twice changes nothing the second time. Raises UserError."""
    unseen = coverage.unseen_points()
    if unseen is None or not len(unseen.points):
        raise UserError(
            _("Liputan kota belum dihitung."), fix=_("Muat lahan dan kamera, lalu tunggu hitungan liputan selesai.")
        )
    points = unseen.points
    index = unseen.index[points.weight[unseen.index] > 0]
    update_shares()
    fresh = _without(points, index, known_keys())
    xy = ground.plane().to_metres(points.lonlat[fresh])
    every = [fresh[members] for members in stretches(xy, points.weight[fresh]) if len(members) >= FEWEST_POINTS]
    with in_line():  # only what is quick: all who act wait for it
        found, left_out = _new_spots(points, every, unseen.ground_version, at)
        whole = float(points.weight.sum())
        report = Report(
            found, open_spots().count(), float(points.weight[index].sum()) / whole if whole else 0.0, left_out
        )
        Finding.objects.update_or_create(
            pk=1, defaults={"done_at": at, "found": report.found, "open": report.open, "problem": "",
                            "unseen_share": report.unseen_share},
        )  # fmt: skip
    return report


def find_and_tell(at: datetime) -> Report | None:
    """For jobs: a search that cannot be done is noted for the page."""
    try:
        return find(at)
    except UserError as problem:
        told = {"done_at": at, "problem": f"{problem.text} {problem.fix}"[:300]}
        Finding.objects.update_or_create(pk=1, defaults=told)
        return None


def open_spots() -> Any:
    return BlindSpot.objects.exclude(state__in=[BlindSpot.State.CLOSED, BlindSpot.State.REJECTED])


def keys_of(points: Points, index: Array) -> list[tuple[float, float, str]]:
    """What makes a point the same from one ground to the next: its kind and its place, to about a metre."""
    return [
        (round(lon, 5), round(lat, 5), str(points.kinds[kind]))
        for (lon, lat), kind in zip(points.lonlat[index].tolist(), points.kind[index].tolist(), strict=True)
    ]


def known_keys() -> set[tuple[float, float, str]]:
    """Points that belong to a spot already, whatever became of it: what was rejected is not proposed every night."""
    rows = BlindSpot.objects.order_by().values_list("points", flat=True)
    return {(round(row[0], 5), round(row[1], 5), row[4]) for points in rows.iterator() for row in points}


def update_shares() -> None:
    """How much of each spot is in reach of a watcher in service, and seen by those that work. Four queries and more."""
    spots = list(BlindSpot.objects.exclude(state=BlindSpot.State.REJECTED).order_by("pk"))
    watchers = registry.watchers()
    now = sight.standing_now(watchers)
    spread = sight.Spread.of([spot.points for spot in spots])
    known = sight.views(spread, watchers)
    able, working = sight.best(spread, known, now.able), sight.best(spread, known, now.working)
    changed = []
    for n, spot in enumerate(spots):
        shares = (spread.share(n, able), spread.share(n, working))
        if shares != (spot.in_reach, spot.seen):
            spot.in_reach, spot.seen = shares
            changed.append(spot)
    BlindSpot.objects.bulk_update(changed, ["in_reach", "seen"], batch_size=200)


def _without(points: Points, index: Array, known: set[tuple[float, float, str]]) -> Array:
    """Those of `index` that belong to no spot yet."""
    return index[np.array([key not in known for key in keys_of(points, index)], bool)]


def _new_spots(points: Points, every: list[Array], version: str, at: datetime) -> tuple[int, int]:
    """Adds the heaviest stretches; how many, and how many were left out. The caller holds the line."""
    known = known_keys()
    every = [members for members in every if len(_without(points, members, known)) == len(members)]
    room = max(0, MOST_OPEN - open_spots().count())
    chosen = every[:room]
    builder = Builder(points, version, at)
    spots = [builder.spot(members) for members in chosen]
    BlindSpot.objects.bulk_create(spots)
    SpotEntry.objects.bulk_create(SpotEntry(spot=spot, act="found", at=at, text=spot.title) for spot in spots)
    if spots:
        audit.record(
            "blind_spots.found", by=None, at=at, after={"new": len(spots), "left_out": len(every) - len(chosen)}
        )
    return len(spots), len(every) - len(chosen)


class Builder:
    """Makes rows of the register from points; reads its words once. The caller holds the line (numbers)."""

    def __init__(self, points: Points, version: str, at: datetime) -> None:
        self.points, self.version, self.at = points, version, at
        self.kinds: dict[str, Kind] = {kind.code: kind for kind in kinds_on(clock.local(at).date())}
        self.whole = float(points.weight.sum())
        self.owner = default_owner()
        self.kelurahan = {row.pk: row for row in Kelurahan.objects.only("pk", "name")}
        self.places = dict(Place.objects.values_list("pk", "name"))
        self.streets = dict(Street.objects.exclude(name="").values_list("pk", "name"))
        self.people = _people_per_point(points, self.kinds)
        self.year = clock.local(at).year
        last = BlindSpot.objects.filter(number__startswith=f"TB-{self.year}-").order_by("-number").first()
        self.number = int(last.number.rpartition("-")[2]) if last else 0

    def spot(self, members: Array) -> BlindSpot:
        points = self.points
        lonlat, weight = points.lonlat[members], points.weight[members]
        lon, lat = (float(value) for value in np.average(lonlat, axis=0, weights=weight))
        area = _most(points.kelurahan[members], weight)
        self.number += 1
        return BlindSpot(
            number=f"TB-{self.year}-{self.number:05}", title=self._title(members, area)[:200], owner=self.owner,
            kelurahan=self.kelurahan.get(area), lon=lon, lat=lat, points=self.rows(members),
            weight=float(weight.sum()), city_share=float(weight.sum()) / self.whole, people=self._people(members),
            reasons=self.reasons(members), ground_version=self.version, found_at=self.at,
        )  # fmt: skip

    def rows(self, members: Array) -> list[list[Any]]:
        points = self.points
        return [
            [round(lon, 7), round(lat, 7), weight, needed, str(points.kinds[kind])]
            for (lon, lat), weight, needed, kind in zip(
                points.lonlat[members].tolist(), points.weight[members].tolist(), points.needed[members].tolist(),
                points.kind[members].tolist(), strict=True,
            )
        ]  # fmt: skip

    def reasons(self, members: Array) -> list[dict[str, Any]]:
        kinds, where = np.unique(self.points.kind[members], return_inverse=True)
        weights, numbers = np.bincount(where, self.points.weight[members]), np.bincount(where)
        found = []
        for n in np.argsort(-weights, kind="stable"):
            code = str(self.points.kinds[kinds[n]])
            kind = self.kinds.get(code)
            found.append({
                "kind": code, "name": kind.name if kind else code, "points": int(numbers[n]),
                "weight": round(float(weights[n]), 3), "purpose": kind.purpose if kind else "",
            })  # fmt: skip
        return found

    def _title(self, members: Array, area: int) -> str:
        points = self.points
        place = self.places.get(_most(points.place[members], points.weight[members]), "")
        street = self.streets.get(_most(points.street[members], points.weight[members]), "")
        where = ", ".join(part for part in (place, street) if part) or _("Jalan tanpa nama")
        kelurahan = self.kelurahan.get(area)
        return f"{where}, {kelurahan.name}" if kelurahan else where

    def _people(self, members: Array) -> int | None:
        known = [self.people[n] for n in members.tolist() if n in self.people]
        return round(sum(known)) if known else None


def default_owner() -> Opd:
    """The OPD that answers for most watchers; a city without any has its first office. Raises UserError."""
    owners = Counter(one.owner_id for one in registry.watchers() if one.owner_id is not None)
    pk = owners.most_common(1)[0][0] if owners else None
    found = Opd.objects.filter(pk=pk).first() if pk else Opd.objects.order_by("pk").first()
    if found is None:
        raise UserError(_("Register OPD masih kosong."), fix=_("Muat profil kota dahulu."))
    return found


def _most(ids: Array, weight: Array) -> int:
    """The id with the most weight among points that have one; -1 for none."""
    known = ids >= 0
    if not known.any():
        return -1
    keys, where = np.unique(ids[known], return_inverse=True)
    return int(keys[np.argmax(np.bincount(where, weights=weight[known]))])


def _people_per_point(points: Points, kinds: dict[str, Kind]) -> dict[int, float]:
    """People per point of the kinds that stand for people: the newest count of a kelurahan over its points."""
    counted = dict(Population.objects.filter(rt=None).order_by("counted_on").values_list("kelurahan", "people"))
    codes = [code for code, kind in kinds.items() if kind.basis == DemandKind.Basis.PEOPLE]
    living = np.flatnonzero(np.isin(points.kind, np.flatnonzero(np.isin(points.kinds, codes))))
    areas, sizes = np.unique(points.kelurahan[living], return_counts=True)
    each = {area: counted[area] / size for area, size in zip(areas.tolist(), sizes.tolist(), strict=True)
            if area in counted}  # fmt: skip
    return {n: each[area] for n, area in zip(living.tolist(), points.kelurahan[living].tolist(), strict=True)
            if area in each}  # fmt: skip
