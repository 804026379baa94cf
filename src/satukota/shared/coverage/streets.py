"""Streets as pieces that are seen, doubted, lost or blind; who sees one; and since when what is lost is lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from satukota.base import clock
from satukota.shared.ground.models import Street
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import Target

from .board import Board, Live, Roll, Share, board, share
from .counting import WHOLE, Array
from .queries import NOW, Found, Month, Question, answered

STATES = ("blind", "lost", "doubted", "seen")  # number in STATES: of points and of pieces
MOST_PIECES = 20_000
SIMPLER_DEG = 0.00001  # about 1 m: what a line may be off when corners are left out
LONE_DEG = (0.00004, 0.0)  # half the length a street of one point is drawn with
Box = tuple[float, float, float, float]  # west, south, east, north, degrees


def state_of_points(layers: Live) -> Array:
    """(n,) number in STATES; what a turning watcher sees for a part of the time only counts as seen."""
    found = np.zeros(len(layers.board.points), np.int8)
    found[layers.able.best > 0] = 1
    found[layers.maybe.best > 0] = 2
    found[layers.working.best > 0] = 3
    return found


@dataclass(frozen=True)
class Pieces:
    """GeoJSON of the pieces of streets, and whether some were left out."""

    features: list[dict[str, Any]]
    light: str
    revision: int
    is_cut: bool


def pieces(
    question: Question = NOW, *, box: Box | None = None, streets: Collection[int] | None = None
) -> Pieces | None:  # fmt: skip
    """Streets cut where their state changes; all, those in a box, or those named. Two queries.

    At most MOST_PIECES, the most important streets first.
    """
    with answered(question) as found:
        if found is None:
            return None
        layers, _roll = found
        here, light, colour = layers.board, layers.light, state_of_points(layers)
    return _pieces(here, _chosen(here, box, streets), colour, "state", light)


def _pieces(here: Board, chosen: Array, colour: Array, name: str, light: str) -> Pieces:
    features = _features(here, chosen[on_street(here)[chosen]], colour, name)
    spots = _spots(here, chosen[~here.points.along[here.points.kind[chosen]]], colour, name)
    is_cut = len(features) > MOST_PIECES or len(spots) > MOST_PIECES
    return Pieces(features[:MOST_PIECES] + spots[:MOST_PIECES], light, here.revision, is_cut)


def pieces_by_time(month: Month) -> Pieces | None:
    """All streets, cut where the fifth of the time in which they were seen changes (0 never … 4 nearly always)."""
    here = board()
    if here is None or here.revision != month.revision or len(here.points) != len(month.values):
        return None
    colour = np.minimum(month.values * 5, 4).astype(np.int8)
    return _pieces(here, _chosen(here, None, None), colour, "fifth", "")


def _chosen(here: Board, box: Box | None, streets: Collection[int] | None) -> Array:
    """Points on or at the streets asked for, street by street and along each; without any, all points."""
    points, along = here.points, np.ones(len(here.points), bool)
    if streets is not None:
        along = np.isin(points.street, list(streets))
    if box is not None:
        west, south, east, north = box
        lon, lat = points.lonlat[:, 0], points.lonlat[:, 1]
        inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        along = along & np.isin(points.street, np.unique(points.street[inside]))
    index = np.flatnonzero(along)
    return index[np.argsort(points.street[index], kind="stable")]  # along each they already follow each other


def on_street(here: Board) -> Array:
    """Points that stand for a piece of their street: of the kinds that follow it, the one it has most points of."""
    points = here.points
    kinds = max(1, len(here.kinds))
    key = points.street.astype(np.int64) * kinds + points.kind
    keys, where, count = np.unique(key, return_inverse=True, return_counts=True)
    best: dict[int, int] = {}
    for place in np.argsort(count, kind="stable").tolist():  # the most frequent is written last
        if not points.along[keys[place] % kinds]:
            continue
        best[int(keys[place]) // kinds] = place
    wanted = np.zeros(len(keys), bool)
    wanted[[place for street, place in best.items() if street >= 0]] = True
    return wanted[where]


def _spots(here: Board, index: Array, colour: Array, name: str) -> list[dict[str, Any]]:
    """Junctions and places as points, the heaviest first."""
    points, index = here.points, index[np.argsort(-here.units[index], kind="stable")]
    rows = zip(
        np.round(points.lonlat[index], 6).tolist(), points.street[index].tolist(), colour[index].tolist(),
        points.kind[index].tolist(), strict=True,
    )  # fmt: skip
    return [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at},
         "properties": {"street": pk, name: STATES[shade] if name == "state" else shade, "kind": here.kinds[kind]}}
        for at, pk, shade, kind in rows
    ]  # fmt: skip


def _features(here: Board, index: Array, colour: Array, name: str) -> list[dict[str, Any]]:
    """One LineString a piece: from half way to the point before its first to half way to the point after its last."""
    import shapely

    if not len(index):
        return []
    street, shade, xy = here.points.street[index], colour[index], here.points.lonlat[index]
    left, right = _ends(street, xy)
    starts = np.concatenate([[True], (street[1:] != street[:-1]) | (shade[1:] != shade[:-1])])
    piece, first = np.cumsum(starts) - 1, np.flatnonzero(starts)
    last = np.concatenate([first[1:] - 1, [len(index) - 1]])
    number = np.concatenate([np.arange(len(first)), piece, np.arange(len(first))])
    order = np.argsort(number, kind="stable")
    corners = np.concatenate([left[first], xy, right[last]])[order]
    lines = shapely.simplify(shapely.linestrings(corners, indices=number[order]), SIMPLER_DEG)
    weight = np.bincount(piece, here.units[index].astype(float))
    rows = zip(lines, street[first].tolist(), shade[first].tolist(), weight.tolist(), strict=True)
    made = [
        (heavy, {"type": "Feature", "geometry": {"type": "LineString", "coordinates": _short(line)},
                 "properties": {"street": pk, name: STATES[shade] if name == "state" else shade}})
        for line, pk, shade, heavy in rows
    ]  # fmt: skip
    return [feature for _heavy, feature in sorted(made, key=lambda each: -each[0])]


def _ends(street: Array, xy: Array) -> tuple[Array, Array]:
    """Of each point (n, 2) the ends of the stretch it stands for: half way to the points before and after it.

    At the end of a street as far as on the other side; a street of one point gets a stretch to be seen by.
    """
    same = np.concatenate([[False], street[1:] == street[:-1], [False]])
    half = np.zeros((len(xy) + 1, 2))
    half[1:-1] = (xy[1:] - xy[:-1]) / 2
    before, after = same[:-1, None], same[1:, None]
    to_left = np.where(before, half[:-1], np.where(after, half[1:], LONE_DEG))
    to_right = np.where(after, half[1:], np.where(before, half[:-1], LONE_DEG))
    return xy - to_left, xy + to_right


def _short(line: Any) -> list[list[float]]:
    import shapely

    corners: list[list[float]] = np.round(shapely.get_coordinates(line), 6).tolist()
    return corners


@dataclass(frozen=True)
class Look:
    """One watcher's look at a street, or at a spot."""

    target_id: int
    sharpest_px: float  # px/m at the point it sees best
    points: int  # of the street, sharp enough for what each needs
    in_sight: int  # of the street, however sharp
    share: float  # of the time it looks there: below 1 for one that turns
    standing: str  # working, doubted, down


@dataclass(frozen=True)
class StreetLook:
    """Who sees one street."""

    name: str
    points: int
    share: Share
    needed_px: float  # of the most demanding point
    looks: list[Look]  # those that work first, then the sharpest


def street(street_id: int, question: Question = NOW) -> StreetLook | None:
    """None for a street that has no points. Three queries."""
    with answered(question) as found:
        if found is None:
            return None
        layers, roll = found
        here = layers.board
        index = np.flatnonzero(here.points.street == street_id)
        if not len(index):
            return None
        whole = layers.by(np.where(here.points.street == street_id, street_id, -1))[street_id]
        looks = _looks(here, layers, roll, index)
    name = Street.objects.filter(pk=street_id).values_list("name", flat=True).first() or ""
    return StreetLook(name, len(index), whole, float(here.points.needed[index].max()), looks)


def _looks(here: Board, layers: Live, roll: Roll, index: Array) -> list[Look]:
    pairs, enough = here.pairs[layers.light], layers.able.matrix
    wanted = np.zeros(len(here.points), bool)
    wanted[index] = True
    found = []
    for pk in roll.able:
        seat = here.number_of[pk]
        mine = slice(pairs.indptr[seat], pairs.indptr[seat + 1])
        here_too = wanted[pairs.point[mine]]
        if not here_too.any():
            continue
        sharp = enough.point[enough.indptr[seat] : enough.indptr[seat + 1]]
        standing = "working" if pk in roll.working else "doubted" if pk in roll.doubted else "down"
        in_sight = len(np.unique(pairs.point[mine][here_too]))
        often = int(pairs.mille[mine][here_too].max()) / WHOLE
        found.append(
            Look(pk, float(pairs.px[mine][here_too].max()), int(wanted[sharp].sum()), in_sight, often, standing)
        )
    order = {"working": 0, "doubted": 1, "down": 2}
    return sorted(found, key=lambda look: (order[look.standing], -look.sharpest_px))


@dataclass(frozen=True)
class NamedLook:
    """A look with what staff may know of the target."""

    look: Look
    code: str
    name: str
    state: str
    cause: str  # in words
    since: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code, "name": self.name, "state": self.state, "cause": self.cause,
            "since": self.since.isoformat() if self.since else None, "standing": self.look.standing,
            "sharpest_px": round(self.look.sharpest_px, 1), "points": self.look.points, "in_sight": self.look.in_sight,
            "share_of_time": round(self.look.share, 3),
        }  # fmt: skip


@dataclass(frozen=True)
class Told:
    looks: list[NamedLook]
    others: int  # that also look there, of which this person may not know


def told(found: StreetLook, visible: Collection[int]) -> Told:
    """One query."""
    known = [look for look in found.looks if look.target_id in visible]
    rows = Target.objects.in_bulk([look.target_id for look in known])
    named = [
        NamedLook(
            look, row.code, row.name, row.shown_state, str(monitoring.words(row, row.shown_cause).title)
            if row.shown_cause else "", row.state_since,
        )
        for look in known if (row := rows.get(look.target_id)) is not None
    ]  # fmt: skip
    return Told(named, len(found.looks) - len(named))


@dataclass(frozen=True)
class Lost:
    """A street, or a spot on none (`street_id` -1), that lost sight of something."""

    street_id: int
    name: str
    kelurahan_id: int
    lon: float
    lat: float
    share: float  # of the street's weight that is lost
    weight: float  # of the city's weight that is lost here
    since: datetime | None  # when the first of it was lost; None: not known
    because: tuple[int, ...]  # targets whose fall took the last look from some of it


def lost(question: Question = NOW, most: int = 500) -> list[Lost]:
    """What is in sight only of watchers that are down, the heaviest first. Three queries."""
    with answered(question) as found:
        return lost_in(found, most)


def lost_in(found: Found, most: int) -> list[Lost]:
    """One query."""
    if found is None:
        return []
    layers, roll = found
    here = layers.board
    gone = layers.able.best.astype(np.int64) - layers.maybe.best
    index = np.flatnonzero(gone > 0)
    units, totals = gone * here.units, layers.by(here.points.street)
    fell = np.full(len(here.seats), -1.0)
    for pk in roll.able - roll.working - roll.doubted:
        moment = roll.since.get(pk)
        fell[here.number_of[pk]] = moment.timestamp() if moment else 0.0
    groups = _by_street(here, layers.able.matrix, index, fell)
    heaviest = sorted(groups, key=lambda key: -int(units[groups[key].points].sum()))[:most]
    names = dict(Street.objects.filter(pk__in=heaviest).values_list("pk", "name"))
    return [_lost(here, key, groups[key], units, totals, names) for key in heaviest]


@dataclass
class _Group:
    points: list[int]
    since: float
    because: set[int]


def _by_street(here: Board, matrix: Any, index: Array, fell: Array) -> dict[int, _Group]:
    """Of each point the last watcher that fell took it away; of a street the first point that was lost says since."""
    groups: dict[int, _Group] = {}
    for point in index.tolist():
        seats = matrix.watcher_of[matrix.by_point[point] : matrix.by_point[point + 1]]
        last = int(seats[np.argmax(fell[seats])])
        key = int(here.points.street[point])
        group = groups.setdefault(key, _Group([], float("inf"), set()))
        group.points.append(point)
        group.since = min(group.since, float(fell[last]))
        group.because.add(here.seats[last].target_id)
    return groups


def _lost(
    here: Board, key: int, group: _Group, units: Array, totals: dict[int, Share], names: dict[int, str]
) -> Lost:  # fmt: skip
    first, weight = group.points[0], int(units[group.points].sum())
    whole = totals.get(key, share(0, 0, 0, 0)).weight
    since = datetime.fromtimestamp(group.since, clock.now().tzinfo) if 0 < group.since < float("inf") else None
    city = int(here.totals.sum())
    lon, lat = here.points.lonlat[first].tolist()
    return Lost(
        key, names.get(key, ""), int(here.points.kelurahan[first]), lon, lat, weight / whole if whole else 0.0,
        weight / city if city else 0.0, since, tuple(sorted(group.because)),
    )  # fmt: skip


def streets_in(target_ids: Sequence[int]) -> list[int]:
    """Streets of which any of these watchers has something in sight sharply enough by day. One query."""
    here = board()
    if here is None:
        return []
    points = here.matrix("day").points_of(here.numbers(target_ids))
    return [pk for pk in np.unique(here.points.street[points]).tolist() if pk >= 0]
