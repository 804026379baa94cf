"""Places, links, power and cameras of the sample city, as register rows and as things that are watched."""

from collections.abc import Sequence
from datetime import date
from math import hypot

from satukota.base import secrets
from satukota.city import queries
from satukota.city.models import Contract, Feeder, Kelurahan, Place
from satukota.shared.monitoring.models import Target
from satukota.work.cameras.models import Camera, LiveSource

from . import facts
from .wiring import Field, Wire, field

PLACE_PREFIX = "contoh-"
OLD_CAMERAS = 11  # installed before 2026 (press, January 2026: 11 old and 55 new)
FIRST_DAYS = date(2022, 10, 3), date(2026, 4, 20)
PROTECTED = frozenset({"MB-010"})  # sample of a camera that is opened for a stated purpose only
BUFFERED = {"MB-001": 5, "MB-010": 5}  # camera → minutes kept on disk
COST_RP = 50_000_000  # a point with its pole (press, 2022: Rp200 million for four)


def add(opds: dict[str, int]) -> dict[str, int]:
    """Add what is missing; how many rows of each. The simulator's addresses are put right in rows that are there."""
    wires = field()
    return {
        "tempat": _add_places(),
        "sambungan dan listrik": _add_feeders(wires, opds["diskominfo"]),
        "kamera": _add_cameras(wires, opds),
        "alamat": _correct_addresses(wires),
    }


def _add_places() -> int:
    there = set(Place.objects.values_list("code", flat=True))
    kelurahan = dict(Kelurahan.objects.values_list("code", "pk"))
    rows = [
        Place(
            code=PLACE_PREFIX + row["code"], name=row["name"], kind=row["kind"],
            kelurahan_id=kelurahan[row["kelurahan"]], lon=float(row["lon"]), lat=float(row["lat"]),
            stake=int(row["stake"]), stake_reason=f"{row['stake_reason']} (contoh)",
        )
        for row in facts.table("places")
        if PLACE_PREFIX + row["code"] not in there
    ]  # fmt: skip
    return len(Place.objects.bulk_create(rows))


def _add_feeders(wires: Field, owner_id: int) -> int:
    there = set(Feeder.objects.values_list("code", flat=True))
    missing = [code for code in (*wires.links, *wires.powers) if code not in there]
    if not missing:
        return 0
    rows = [_feeder(code, wires, owner_id) for code in missing]
    Feeder.objects.bulk_create(rows)
    watched = set(Target.objects.filter(code__in=missing).values_list("code", flat=True))
    contracts = {row.vendor: row.pk for row in Contract.objects.filter(opd_id=owner_id)}
    Target.objects.bulk_create(
        Target(
            kind=row.kind, code=row.code, name=row.name, address=row.probe_address, owner_id=owner_id,
            contract_id=contracts.get(row.provider), kelurahan=row.kelurahan, lon=row.lon, lat=row.lat,
        )
        for row in rows
        if row.code not in watched
    )  # fmt: skip
    return len(rows)


def _feeder(code: str, wires: Field, owner_id: int) -> Feeder:
    """The feeder, standing at the camera in the middle of those it serves."""
    words = facts.city()["feeder_words"][code.split("-")[0]]
    is_link = code in wires.links
    behind = [row for row in facts.table("cameras") if code in _parents(wires.cameras[row["code"]])]
    lon, lat = _middle([(float(row["lon"]), float(row["lat"])) for row in behind])
    kelurahan = queries.kelurahan_of(lon, lat)
    return Feeder(
        kind=Feeder.Kind.LINK if is_link else Feeder.Kind.POWER, code=code,
        name=f"{words['name']} {kelurahan if is_link else code.split('-')[1]}", medium=words["medium"],
        provider=words["provider"], owner_id=owner_id, kelurahan=kelurahan, lon=lon, lat=lat,
        probe_address=wires.links.get(code, ""),
    )  # fmt: skip


def _parents(wire: Wire) -> tuple[str, str]:
    return wire.link, wire.power


def _middle(spots: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The spot nearest to all the others together."""
    return min(spots, key=lambda spot: sum(hypot(spot[0] - lon, spot[1] - lat) for lon, lat in spots))


def _add_cameras(wires: Field, opds: dict[str, int]) -> int:
    there = set(Target.objects.values_list("code", flat=True))
    rows = [row for row in facts.table("cameras") if row["code"] not in there]
    places = {place.code: place for place in Place.objects.all()}
    parents = dict(Target.objects.filter(kind__in=["link", "power"]).values_list("code", "pk"))
    care = Contract.objects.filter(number=facts.city()["camera_contract"]).first()
    targets = []
    for row in rows:
        wire, place = wires.cameras[row["code"]], places[PLACE_PREFIX + row["place"]]
        targets.append(Target(
            kind="camera", code=row["code"], name=row["name"], address=wire.address, owner_id=opds[row["owner"]],
            contract=care if row["owner"] == "diskominfo" else None, place=place, kelurahan_id=place.kelurahan_id,
            lon=float(row["lon"]), lat=float(row["lat"]), link_id=parents[wire.link], power_id=parents[wire.power],
            is_public=row["purpose"] in {"traffic", "flood"},
        ))  # fmt: skip
    Target.objects.bulk_create(targets)
    Camera.objects.bulk_create(
        _camera(row, target, wires.cameras[row["code"]]) for row, target in zip(rows, targets, strict=True)
    )
    LiveSource.objects.bulk_create(
        LiveSource(camera_id=target.pk, sub_address=wires.cameras[target.code].sub_address,
                   is_protected=target.code in PROTECTED, buffer_minutes=BUFFERED.get(target.code, 0))
        for target in targets
        if wires.cameras[target.code].sub_address or target.code in PROTECTED or target.code in BUFFERED
    )  # fmt: skip
    return len(rows)


def _camera(row: dict[str, str], target: Target, wire: Wire) -> Camera:
    number = int(row["code"].removeprefix("MB-"))
    return Camera(
        target=target, kind=row["kind"], serial_number=f"CONTOH-{number:04d}", maker="Contoh Optik",
        model="CO-720" if wire.height <= 720 else "CO-1080", purpose=row["purpose"], height_m=float(row["height_m"]),
        bearing_deg=float(row["bearing_deg"]), fov_deg=float(row["fov_deg"]), range_m=float(row["range_m"]),
        width=wire.width, height=wire.height, fps=wire.fps, codec=wire.codec, onvif_address=wire.onvif_address,
        username=wire.username, password_sealed=secrets.seal(wire.password),
        installed_on=FIRST_DAYS[0] if number <= OLD_CAMERAS else FIRST_DAYS[1], cost_rp=COST_RP,
        sign_installed=True if number % 3 else None,
    )  # fmt: skip


def _correct_addresses(wires: Field) -> int:
    """Ports belong to the simulator: rows of an older sample city follow it. Retired things are left alone."""
    right = {**wires.links, **{code: wire.address for code, wire in wires.cameras.items()}}
    stale = [
        target
        for target in Target.objects.filter(code__in=right, retired_on=None)
        if target.address != right[target.code] and _is_simulated(target.address)
    ]
    for camera in Camera.objects.select_related("target").filter(target__in=stale).exclude(onvif_address=""):
        camera.onvif_address = wires.cameras[camera.target.code].onvif_address
        camera.save(update_fields=["onvif_address"])
        LiveSource.objects.filter(pk=camera.pk).update(sub_address=wires.cameras[camera.target.code].sub_address)
    for target in stale:
        target.address = right[target.code]
    Target.objects.bulk_update(stale, ["address"])
    return len(stale)


def _is_simulated(address: str) -> bool:
    """Only the simulator listens on this machine; a real camera or switch has an address of its own."""
    return "127.0.0.1:" in address
