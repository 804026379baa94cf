"""From the city as it is to a plan's question: what is unseen, where cameras could hang, what they see and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.models import Kelurahan, Place
from satukota.shared.coverage import queries as coverage
from satukota.shared.coverage.counting import WHOLE
from satukota.shared.coverage.packing import Points
from satukota.shared.ground import queries as ground
from satukota.shared.ground.kinds import kinds_on

from .. import costs
from . import candidates
from .asking import Asked, Move
from .candidates import LENSES, Sites, Ways
from .instance import Added, Instance, amounts

Array = np.ndarray
MUST_SHARE = 0.5  # of the weight at a place that must be seen
HAND_HEIGHT_M = 6.0
SAME_SPOT_M = 4.0  # a camera put so near to a pole hangs on it
MOST_TRIES = 3


class GroundChanged(Exception):
    """The ground was replaced while the question was put together."""


@dataclass(frozen=True)
class _Wanted:
    points: Points
    already: Array
    xy: Array
    weights: Array
    needs: Array
    worth: Array  # weights of what is still wanted, 0 elsewhere
    kinds: list[str]
    names: list[str]
    purposes: list[str]


def build(
    asked: Asked, *, tell: Callable[[int, int], None] = lambda _done, _all: None,
    stop: Callable[[], bool] = lambda: False,
) -> Instance:  # fmt: skip
    """Raises UserError, in words, when nothing can be asked; Stopped. Begins again when the ground is replaced."""
    for _turn in range(MOST_TRIES):
        version = ground.version()
        made = _build(asked, version, tell, stop)
        if ground.version() == version:
            return made
    raise UserError(
        _("Data lahan terus berubah selama rencana dihitung."), fix=_("Tunggu sampai impor selesai, lalu hitung lagi.")
    )


def _build(
    asked: Asked, version: str, tell: Callable[[int, int], None], stop: Callable[[], bool]
) -> Instance:  # fmt: skip
    wanted = _wanted(asked, version)
    prices = costs.prices_on(clock.local(clock.now()).date())
    some = wanted.worth > 0
    sites = candidates.sites_for(asked, wanted.xy[some], wanted.worth[some])
    offers = candidates.offers(asked)
    if not len(sites) and not offers and not asked.moves:
        raise UserError(
            _("Tidak ada calon tempat kamera di dekat titik yang belum terlihat."),
            fix=_("Impor tiang dan persimpangan, atau longgarkan daerah terlarangnya."),
        )
    needed = wanted.points.needed.astype(float)
    ways = candidates.look(sites, asked, wanted.xy, needed, wanted.worth, tell=tell, stop=stop)
    made = _instance(asked, wanted, sites, ways, prices, version)
    made = made.with_options(_offered(offers, wanted, asked))
    made = made.with_options(moved(asked, made, prices))
    if not made.options:
        raise UserError(
            _("Tidak satu pun calon tempat melihat yang belum terlihat dengan ketajaman yang dibutuhkan."),
            fix=_("Tambah jenis kamera, calon tempat, atau longgarkan aturan privasi."),
        )
    return made


def _wanted(asked: Asked, version: str) -> _Wanted:
    """Raises UserError when coverage was not measured on this ground, or all is seen already."""
    with coverage.answered(coverage.Question(asked.time)) as found:
        if found is None or not len(found[0].board.points):
            raise UserError(_("Liputan kota belum dihitung."), fix=_("Muat lahan, lalu tunggu hitungan liputan."))
        layers = found[0]
        layers.able.settle(range(len(layers.board.seats)))
        points, already = layers.board.points, layers.able.views(WHOLE // 2)  # one that turns: most of the time
    unseen = coverage.unseen_points(coverage.Question(asked.time))
    if unseen is None or unseen.ground_version != version:
        raise UserError(
            _("Lahan baru saja berganti; liputan di atasnya sedang dihitung."), fix=_("Coba lagi beberapa menit lagi.")
        )
    if not asked.keep_existing:
        already[:] = 0
    known = {kind.code: kind for kind in kinds_on(clock.local(clock.now()).date())}
    codes = [str(code) for code in points.kinds]
    purposes = [known[code].purpose if code in known else "" for code in codes]
    factor = np.array([float(asked.purposes.get(purpose, 1.0)) for purpose in purposes])
    weights = points.weight * factor[points.kind]
    critical = np.array([code in asked.k_kinds for code in codes], bool)
    needs = np.where(critical[points.kind], asked.k, 1).astype(np.int64)
    inside = np.isin(points.kelurahan, asked.kelurahan) if asked.kelurahan else np.ones(len(points), bool)
    worth = np.where(inside & (already < needs), weights, 0.0)
    if not worth.any():
        raise UserError(
            _("Dengan bobot dan wilayah ini tidak ada yang belum terlihat."),
            fix=_("Periksa bobot guna dan wilayahnya."),
        )
    xy = ground.plane().to_metres(points.lonlat)
    names = [known[code].name if code in known else code for code in codes]
    return _Wanted(points, already, xy, weights, needs, worth, codes, names, purposes)


def _instance(
    asked: Asked, wanted: _Wanted, sites: Sites, ways: Ways, prices: dict[str, costs.Price], version: str
) -> Instance:  # fmt: skip
    points = wanted.points
    kelurahan = list(Kelurahan.objects.order_by("code").values_list("pk", flat=True))
    must = list(Place.objects.filter(pk__in=asked.must_places).order_by("pk").values_list("pk", flat=True))
    area, floors = _areas(asked, points, kelurahan, must)
    lenses = [asked.lenses[n] for n in ways.lens.tolist()]
    price = {
        (site, lens): costs.sums(
            costs.parts_of(sites.kind[site], lens, has_power=bool(sites.has_power[site]),
                           link_m=float(sites.link_m[site]), prices=prices), prices)
        for site, lens in set(zip(ways.site.tolist(), lenses, strict=True))
    }  # fmt: skip
    paid = [price[site, lens] for site, lens in zip(ways.site.tolist(), lenses, strict=True)]
    return Instance(
        lonlat=points.lonlat, needed=points.needed.astype(float), kind=points.kind.astype(np.int64),
        kelurahan=points.kelurahan, weights=wanted.weights, already=wanted.already, wanted=wanted.needs, area=area,
        floors=floors, indptr=ways.indptr, points=ways.points,
        cost_rp=np.array([once for once, _yearly in paid], np.int64),
        yearly_rp=np.array([yearly for _once, yearly in paid], np.int64), site=ways.site, lens=lenses,
        bearing_deg=ways.bearing_deg,
        view=np.array([(LENSES[one].fov_deg, LENSES[one].range_m, LENSES[one].width_px) for one in lenses],
                      float).reshape(-1, 3),
        site_lonlat=ground.plane().to_degrees(sites.xy), site_kind=sites.kind, site_code=sites.code,
        site_height_m=sites.height_m, site_power=sites.has_power, site_link_m=sites.link_m, kinds=wanted.kinds,
        kind_names=wanted.names, purposes=wanted.purposes, kelurahan_ids=kelurahan, must_ids=must,
        prices=amounts(prices), ground_version=version,
    )  # fmt: skip


def _areas(asked: Asked, points: Points, kelurahan: list[int], must: list[int]) -> tuple[Array, Array]:
    """Of each point its area, and of each area the share that must be seen. Places that must be seen stand alone."""
    order = {pk: n for n, pk in enumerate(kelurahan)}
    area = np.array([order.get(pk, -1) for pk in points.kelurahan.tolist()], np.int64)
    floors = np.zeros(len(kelurahan) + len(must))
    wanted = [n for n, pk in enumerate(kelurahan) if not asked.kelurahan or pk in asked.kelurahan]
    floors[wanted] = asked.floor
    for n, pk in enumerate(must):
        area[points.place == pk] = len(kelurahan) + n
        floors[len(kelurahan) + n] = MUST_SHARE
    return area, floors


def _offered(offers: list[candidates.PartnerOffer], wanted: _Wanted, asked: Asked) -> Added:
    """What partners offer, as far as it shows something wanted and nothing private too sharply."""
    added = Added(is_certain=False)
    needed = wanted.points.needed.astype(float)
    private = candidates.private_points(asked)
    for offer in offers:
        if len(private) and len(candidates.seen_by_offer(offer, private, np.full(len(private), asked.private_px))):
            continue
        seen = candidates.seen_by_offer(offer, wanted.xy, needed, night=asked.is_night)
        seen = seen[wanted.worth[seen] > 0]
        if len(seen):
            _append(added, seen, (offer.joining_rp, offer.yearly_rp), "partner", offer.bearing_deg,
                    (offer.fov_deg, offer.range_m, offer.width_px), (offer.lon, offer.lat), "partner", offer.code,
                    offer.height_m, power=True, link_m=0.0)  # fmt: skip
    return added


def moved(asked: Asked, made: Instance, prices: dict[str, costs.Price]) -> Added:
    """Cameras put somewhere by hand, each certain to be in the plan. A pole within SAME_SPOT_M carries it.

    Raises UserError where a hand puts one on forbidden ground, or so that it sees something private too sharply.
    """
    added = Added(is_certain=True)
    if not asked.moves:
        return added
    plane = ground.plane()
    spots = plane.to_metres(made.site_lonlat)
    stands = np.array([kind not in ("partner", "hand") for kind in made.site_kind], bool)
    links = candidates.known_links()
    private = candidates.private_points(asked)
    every = plane.to_metres(made.lonlat)
    for n, move in enumerate(asked.moves, 1):
        xy = plane.to_metres([[move.lon, move.lat]])
        if candidates.forbidden(asked, xy)[0]:
            raise UserError(
                _("Kamera %(n)d ditaruh di tempat terlarang.") % {"n": n}, fix=_("Geser ke luar daerahnya.")
            )
        away = np.where(stands, np.hypot(*(spots - xy).T), np.inf) if len(spots) else np.empty(0)
        near = int(away.argmin()) if len(away) and away.min() <= SAME_SPOT_M else None
        kind, code = ("hand", f"T-{n}") if near is None else (made.site_kind[near], made.site_code[near])
        height = HAND_HEIGHT_M if near is None else float(made.site_height_m[near])
        power = near is not None and bool(made.site_power[near])
        link = float(candidates.link_m(xy, links)[0]) if near is None else float(made.site_link_m[near])
        parts = costs.parts_of(kind, move.lens, has_power=power, link_m=link, prices=prices)
        lens = LENSES[move.lens]
        if len(_in_sight(xy, height, move, private, np.full(len(private), asked.private_px))):
            raise UserError(
                _("Dari sana kamera %(n)d melihat tempat privasi lebih tajam dari yang diizinkan.") % {"n": n},
                fix=_("Geser atau putar kameranya, atau pilih lensa yang lebih lebar."), code="privasi",
            )  # fmt: skip
        seen = _in_sight(xy, height, move, every, made.needed, night=asked.is_night)
        seen = seen[(made.weights[seen] > 0) & (made.already[seen] < made.wanted[seen])]
        _append(added, seen, costs.sums(parts, prices), move.lens, move.bearing_deg,
                (lens.fov_deg, lens.range_m, lens.width_px), (move.lon, move.lat), kind, code, height,
                power=power, link_m=link)  # fmt: skip
    return added


def _in_sight(
    xy: Array, height_m: float, move: Move, points: Array, needed: Array, *, night: bool = False
) -> Array:  # fmt: skip
    """Which of the points (n, 2) the camera sees at least as sharply as `needed` (n,): their numbers, ascending."""
    from satukota.rules.coverage import Viewpoint, sees
    from satukota.shared.coverage import measuring

    lens = LENSES[move.lens]
    near = np.flatnonzero(np.hypot(*(points - xy[0]).T) <= lens.range_m + 1)
    eye = Viewpoint(float(xy[0, 0]), float(xy[0, 1]), bearing_deg=move.bearing_deg, fov_deg=lens.fov_deg,
                    range_m=lens.range_m, height_m=height_m, width_px=lens.width_px, light_m=lens.light_m)  # fmt: skip
    seen = sees(measuring.scene(), [eye], points[near], target_height_m=measuring.TARGET_HEIGHT_M, night=night)
    found: Array = near[seen.points[seen.px_per_m >= needed[near][seen.points]]]
    return found


def _append(
    added: Added, seen: Array, paid: tuple[int, int], lens: str, bearing: float, view: tuple[float, float, int],
    lonlat: tuple[float, float], kind: str, code: str, height_m: float, *, power: bool, link_m: float,
) -> None:  # fmt: skip
    added.points.append(seen)
    added.cost_rp.append(paid[0])
    added.yearly_rp.append(paid[1])
    added.lens.append(lens)
    added.bearing_deg.append(bearing)
    added.view.append(view)
    added.lonlat.append(lonlat)
    added.kind.append(kind)
    added.code.append(code)
    added.height_m.append(height_m)
    added.power.append(power)
    added.link_m.append(link_m)
