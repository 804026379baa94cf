"""What a plan is asked: budget, wishes and limits, checked once and kept as JSON so that the plan can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.rules.coverage.purposes import PURPOSES

MOST_RP = 10**15
MOST_SITES = 100_000
MOST_SECONDS = 600
MOST_MOVES = 200
TIMES = ("day", "night")


@dataclass(frozen=True)
class Move:
    """A camera put where a person wants it: in place of option `of` of the first answer, or new (-1)."""

    of: int
    lon: float
    lat: float
    bearing_deg: float
    lens: str


@dataclass(frozen=True)
class Asked:
    """None: no such limit. Polygons are rings of [lon, lat]."""

    budget_rp: int | None = None
    yearly_budget_rp: int | None = None
    most: int | None = None
    time: str = "day"  # day or night: by which light what is unseen is looked for
    purposes: dict[str, float] = field(default_factory=dict)  # purpose → how much its weights count; 1 when not named
    kelurahan: tuple[int, ...] = ()  # only there; empty: the whole city
    keep_existing: bool = True
    use_partners: bool = True
    lenses: tuple[str, ...] = ("wide", "normal", "tele")
    must_places: tuple[int, ...] = ()  # city.Place: every point of it must be seen
    forbidden_places: tuple[int, ...] = ()  # no camera within FORBIDDEN_M of it
    forbidden_areas: tuple[Any, ...] = ()
    private_kinds: tuple[str, ...] = ()  # kinds of city.Place whose yards must not be seen sharper than `private_px`
    private_areas: tuple[Any, ...] = ()
    private_px: float = 62.5
    floor: float = 0.0  # share of each kelurahan's weight that must be seen
    k: int = 1  # views a critical point wants
    k_kinds: tuple[str, ...] = ()  # kinds of demand that are critical
    seconds: float = 20.0
    seed: int = 0
    rounds: int | None = None  # to repeat a plan exactly: as many rounds as it took
    most_sites: int = 3_000
    moves: tuple[Move, ...] = ()

    @property
    def is_night(self) -> bool:
        return self.time == "night"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Asked:
        """From JSON or a form's cleaned values. Raises UserError, in words, for what cannot be meant."""
        known = {name: value for name, value in told.items() if name in cls.__dataclass_fields__}
        for name, value in known.items():
            if isinstance(value, list):
                known[name] = tuple(value)
        known["moves"] = tuple(one if isinstance(one, Move) else _move(one) for one in known.get("moves", ()))
        try:
            asked = cls(**known)
        except TypeError as problem:
            raise _unclear() from problem
        asked.check()
        return asked

    def check(self) -> None:
        for name, value in ((_("Anggaran"), self.budget_rp), (_("Anggaran tahunan"), self.yearly_budget_rp)):
            if value is not None and not 0 <= value <= MOST_RP:
                raise UserError(_("%s tidak boleh negatif atau melebihi Rp1.000 triliun.") % name, fix=_("Perbaiki."))
        if self.most is not None and self.most < 0:
            raise UserError(_("Jumlah kamera tidak boleh negatif."), fix=_("Kosongkan bila tidak dibatasi."))
        if self.time not in TIMES:
            raise UserError(_("Rencana dihitung untuk siang atau malam."), fix=_("Pilih dari daftar."))
        self._check_weights()
        if not 0 <= self.floor <= 1:
            raise UserError(_("Lantai keadilan adalah bagian antara 0 dan 100 %."), fix=_("Isi misalnya 20."))
        if not 1 <= self.k <= 4:
            raise UserError(_("Tempat kritis dapat meminta 1 sampai 4 pandangan."), fix=_("Isi 1 sampai 4."))
        if not self.private_px > 0:
            raise UserError(_("Batas ketajaman privasi harus lebih dari nol."), fix=_("Isi misalnya 62,5."))
        if self.rounds is not None and self.rounds < 1:
            raise UserError(_("Jumlah putaran paling sedikit satu."), fix=_("Kosongkan bila tidak tahu."))
        if not 1 <= self.most_sites <= MOST_SITES or not 0 < self.seconds <= MOST_SECONDS:
            raise UserError(_("Lama hitung atau jumlah calon tempat di luar batas."), fix=_("Kecilkan angkanya."))
        if len(self.moves) > MOST_MOVES:
            raise UserError(_("Terlalu banyak kamera dipindah dengan tangan."), fix=_("Simpan dahulu rencananya."))
        self._check_lenses()

    def _check_weights(self) -> None:
        for purpose, factor in self.purposes.items():
            if purpose not in PURPOSES:
                raise UserError(_("Guna “%s” tidak dikenal.") % purpose[:20], fix=_("Pilih dari daftar."))
            if not isinstance(factor, int | float) or not isfinite(factor) or factor < 0:
                raise UserError(_("Bobot guna tidak boleh negatif."), fix=_("Isi nol bila guna itu tidak dihitung."))
        if len(self.purposes) == len(PURPOSES) and not any(self.purposes.values()):
            raise UserError(_("Semua bobot guna nol: tidak ada yang perlu dilihat."), fix=_("Sisakan satu bobot."))

    def _check_lenses(self) -> None:
        from .candidates import LENSES

        if not self.lenses or any(lens not in LENSES for lens in self.lenses):
            raise UserError(_("Pilih paling sedikit satu jenis kamera."), fix=_("Centang jenis kameranya."))


def _move(told: Any) -> Move:
    from .candidates import LENSES

    try:
        move = Move(int(told["of"]), float(told["lon"]), float(told["lat"]), float(told["bearing_deg"]) % 360,
                    str(told["lens"]))  # fmt: skip
    except (KeyError, TypeError, ValueError) as problem:
        raise _unclear() from problem
    is_place = -180 <= move.lon <= 180 and -80 <= move.lat <= 84 and isfinite(move.bearing_deg)
    if not is_place or move.lens not in LENSES:
        raise _unclear()
    return move


def _unclear() -> UserError:
    return UserError(_("Permintaan rencana ini tidak dapat dibaca."), fix=_("Muat ulang halaman rencananya."))
