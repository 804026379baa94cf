"""Places, feeders and contracts."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.addresses import check_address
from satukota.base.errors import AlreadyDone, UserError

from .. import access, queries
from ..models import Contract, Feeder, Kota, Opd, Place
from .storing import facts_of, store

FeederListener = Callable[[Feeder], None]
_feeder_listeners: list[FeederListener] = []


def on_feeder_saved(listener: FeederListener) -> None:
    """`listener(feeder)` runs in the transaction that stores a new, changed or ended feeder. For AppConfig.ready().

    A UserError it raises refuses the feeder, and nothing is stored.
    """
    if listener not in _feeder_listeners:
        _feeder_listeners.append(listener)


@transaction.atomic
def add_place(
    *, code: str, name: str, kind: str, lon: float, lat: float, kelurahan_id: int | None, stake: int,
    stake_reason: str, by: Any, at: datetime,
) -> Place:  # fmt: skip
    """Without `kelurahan_id` the position decides. Raises UserError for a position outside the city."""
    if by is not None:
        access.require(by, "registers.edit")
    place = Place(code=code, name=name, kind=kind, lon=lon, lat=lat, stake=stake, stake_reason=stake_reason,
                  kelurahan_id=_kelurahan_id(lon, lat, kelurahan_id))  # fmt: skip
    access.require_area(by, "registers.edit", place.kelurahan_id)
    store(place, "city.place_added", by=by, at=at)
    return place


@transaction.atomic
def edit_place(
    place_id: int, *, name: str, kind: str, lon: float, lat: float, kelurahan_id: int | None, stake: int,
    stake_reason: str, by: Any, at: datetime,
) -> Place:  # fmt: skip
    place = access.place_to_edit(by, Place.objects.select_for_update(), pk=place_id)
    was = facts_of(place)
    place.name, place.kind, place.lon, place.lat = name, kind, lon, lat
    place.kelurahan_id = _kelurahan_id(lon, lat, kelurahan_id)
    access.require_area(by, "registers.edit", place.kelurahan_id)
    place.stake, place.stake_reason = stake, stake_reason
    store(place, "city.place_edited", by=by, at=at, was=was)
    return place


@transaction.atomic
def add_feeder(
    *, kind: str, code: str, name: str, medium: str, provider: str, owner_id: int, upstream_id: int | None,
    lon: float | None, lat: float | None, probe_address: str, by: Any, at: datetime,
) -> Feeder:  # fmt: skip
    """`probe_address` is host:port of the switch, or empty when it is known by what hangs on it. Raises UserError."""
    owner = access.to_edit(Opd.objects.all(), by, owner="pk", pk=owner_id)
    feeder = Feeder(kind=kind, code=code, name=name, medium=medium, provider=provider, owner=owner, lon=lon, lat=lat,
                    probe_address=_probe_address(probe_address))  # fmt: skip
    _place_feeder(feeder, upstream_id)
    access.require_area(by, "registers.edit", feeder.kelurahan_id)
    store(feeder, "city.feeder_added", by=by, at=at, opd_code=owner.code)
    _tell(feeder)
    return feeder


@transaction.atomic
def edit_feeder(
    feeder_id: int, *, name: str, medium: str, provider: str, upstream_id: int | None, lon: float | None,
    lat: float | None, probe_address: str, by: Any, at: datetime,
) -> Feeder:  # fmt: skip
    feeder = _in_use(feeder_id, by)
    was = facts_of(feeder)
    feeder.name, feeder.medium, feeder.provider, feeder.lon, feeder.lat = name, medium, provider, lon, lat
    feeder.probe_address = _probe_address(probe_address)
    _place_feeder(feeder, upstream_id)
    access.require_area(by, "registers.edit", feeder.kelurahan_id)
    if store(feeder, "city.feeder_edited", by=by, at=at, opd_code=feeder.owner.code, was=was):
        _tell(feeder)
    return feeder


@transaction.atomic
def end_feeder(feeder_id: int, *, why: str, by: Any, at: datetime) -> Feeder:
    """Out of use from today; its history stays. Raises UserError while something hangs on it, AlreadyDone."""
    feeder = _in_use(feeder_id, by)
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis mengapa sambungan atau listrik ini diakhiri."))
    behind = queries.watched_by("link__code", "power__code").get(feeder.code, 0)
    behind = behind or feeder.downstream.filter(ended_on=None).count()
    if behind:
        raise UserError(
            _("%(n)d yang lain masih bergantung pada %(feeder)s.") % {"n": behind, "feeder": feeder.code},
            fix=_("Pindahkan dahulu ke sambungan atau listrik penggantinya."),
        )
    was = facts_of(feeder)
    feeder.ended_on = clock.local(at).date()
    store(feeder, "city.feeder_ended", by=by, at=at, opd_code=feeder.owner.code, was=was, why=why)
    _tell(feeder)
    return feeder


def _in_use(feeder_id: int, by: Any) -> Feeder:
    """The locked row `by` may change. Raises AlreadyDone when it is out of use, Missing."""
    feeder: Feeder = access.to_edit(Feeder.objects.select_for_update(), by, pk=feeder_id)
    if feeder.ended_on:
        raise AlreadyDone(_("%(feeder)s sudah diakhiri pada %(day)s.") % {"feeder": feeder, "day": feeder.ended_on})
    return feeder


@transaction.atomic
def add_contract(
    *, number: str, vendor: str, opd_id: int, subject: str, starts_on: date, ends_on: date,
    required_availability: float | None, repair_hours: float | None, vendor_contact: str, by: Any, at: datetime,
) -> Contract:  # fmt: skip
    """`required_availability` is 0..1, None when the contract does not say. Raises UserError."""
    opd = access.to_edit(Opd.objects.all(), by, owner="pk", pk=opd_id)
    contract = Contract(number=number, opd=opd)
    _fill(contract, vendor, subject, (starts_on, ends_on), required_availability, repair_hours, vendor_contact)
    store(contract, "city.contract_added", by=by, at=at, opd_code=opd.code)
    return contract


@transaction.atomic
def edit_contract(
    contract_id: int, *, vendor: str, subject: str, starts_on: date, ends_on: date,
    required_availability: float | None, repair_hours: float | None, vendor_contact: str, by: Any, at: datetime,
) -> Contract:  # fmt: skip
    contract = access.to_edit(Contract.objects.select_for_update(), by, owner="opd", pk=contract_id)
    was = facts_of(contract)
    _fill(contract, vendor, subject, (starts_on, ends_on), required_availability, repair_hours, vendor_contact)
    store(contract, "city.contract_edited", by=by, at=at, opd_code=contract.opd.code, was=was)
    return contract


def _fill(
    contract: Contract, vendor: str, subject: str, days: tuple[date, date], required: float | None,
    repair_hours: float | None, contact: str,
) -> None:  # fmt: skip
    if days[1] < days[0]:
        raise UserError(_("Kontrak berakhir sebelum mulai."), fix=_("Perbaiki tanggalnya."))
    if required is not None and not 0 < required <= 1:
        raise UserError(_("Ketersediaan yang dijanjikan harus di antara 0 dan 100 %."), fix=_("Misalnya 95."))
    if repair_hours is not None and not 0 < repair_hours <= 8760:
        raise UserError(_("Jam perbaikan harus lebih dari 0 dan paling banyak setahun."), fix=_("Misalnya 24."))
    contract.vendor, contract.subject = vendor, subject
    contract.starts_on, contract.ends_on = days
    contract.required_availability, contract.repair_hours = required, repair_hours
    contract.vendor_contact = contact


def _kelurahan_id(lon: float, lat: float, chosen: int | None) -> int:
    """The chosen kelurahan, else the one the position lies in."""
    _refuse_position(lon, lat)
    if chosen is not None:
        return chosen
    found = queries.kelurahan_of(lon, lat)
    if found is None:
        raise UserError(
            _("Letak ini di luar daerah semua kelurahan."), fix=_("Periksa koordinatnya, atau pilih kelurahannya.")
        )
    return found.pk


def _refuse_position(lon: float, lat: float) -> None:
    kota = Kota.objects.first()
    if kota is None or (kota.west <= lon <= kota.east and kota.south <= lat <= kota.north):
        return
    swapped = kota.west <= lat <= kota.east and kota.south <= lon <= kota.north
    raise UserError(
        _("Letak ini di luar %(kota)s.") % {"kota": kota},
        fix=_("Lintang dan bujur tampaknya tertukar.") if swapped else _("Periksa lintang dan bujurnya."),
    )


def _probe_address(text: str) -> str:
    return str(check_address(text, schemes={"tcp"})) if text.strip() else ""


def _place_feeder(feeder: Feeder, upstream_id: int | None) -> None:
    """Its kelurahan by position, and what it hangs on itself. Raises UserError for half a position or a circle."""
    if (feeder.lon is None) != (feeder.lat is None):
        raise UserError(_("Letak memerlukan lintang dan bujur."), fix=_("Isi keduanya atau kosongkan keduanya."))
    feeder.kelurahan = None
    if feeder.lon is not None and feeder.lat is not None:
        _refuse_position(feeder.lon, feeder.lat)
        feeder.kelurahan = queries.kelurahan_of(feeder.lon, feeder.lat)
    in_use = Feeder.objects.filter(ended_on=None)
    feeder.upstream = access.existing(in_use, pk=upstream_id) if upstream_id is not None else None
    above = feeder.upstream
    while above is not None:
        if above.pk == feeder.pk:
            raise UserError(_("Rangkaian ini berputar ke dirinya sendiri."), fix=_("Pilih hulu yang lain."))
        above = above.upstream


def _tell(feeder: Feeder) -> None:
    for listener in _feeder_listeners:
        listener(feeder)
