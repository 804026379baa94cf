"""From the cells of one row to values of the register, with a complaint for each cell that cannot be meant."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.addresses import AddressRefused, check_address
from satukota.base.errors import UserError
from satukota.city.models import Contract, Kelurahan, Kota, Place
from satukota.shared.monitoring.models import Target

from ..limits import LIMITS, position_problem
from ..models import Camera
from ..words import PURPOSES, SENSITIVITY
from . import cells, logins, positions
from .cells import Cell
from .columns import BY_KEY, SECRET, folded, title_of
from .files import RawRow

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
RESERVED_CODES = {"impor"}  # paths of our own pages
LENGTHS = {"name": 160, "username": 80, "serial_number": 60, "maker": 60, "model": 60, SECRET: 120}
HIDING_SECRETS = (SECRET, "address", "onvif_address")  # shown only when and as their reader says
NUMBERS = ("bearing_deg", "fov_deg", "range_m", "height_m", "tilt_deg", "light_m", "fps")
KINDS = {
    "tetap": "fixed", "fixed": "fixed", "bullet": "fixed", "statis": "fixed", "static": "fixed", "dome": "dome",
    "ptz": "ptz", "speed dome": "ptz", "anpr": "anpr", "lpr": "anpr", "pembaca pelat": "anpr", "plat nomor": "anpr",
}  # fmt: skip
PURPOSE_WORDS = {
    "keamanan": "security", "security": "security", "kamtibmas": "security", "lalu lintas": "traffic",
    "lalulintas": "traffic", "traffic": "traffic", "banjir": "flood", "muka air": "flood", "flood": "flood",
    "banjir dan muka air": "flood", "sampah": "waste", "kebersihan": "waste", "waste": "waste",
}  # fmt: skip
CODECS = {"h264": "h264", "h 264": "h264", "avc": "h264", "h265": "hevc", "h 265": "hevc", "hevc": "hevc",
          "jpeg": "jpeg", "mjpeg": "jpeg", "motion jpeg": "jpeg"}  # fmt: skip


@dataclass(frozen=True)
class Complaint:
    """Why a row is refused; a note is said and refuses nothing."""

    column: str  # key; empty for the row as a whole
    text: str
    is_note: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "text": self.text, "note": self.is_note}


@dataclass
class TypedRow:
    """One row as it is meant. `password` is plain and lives in memory only."""

    number: int
    code: str = ""
    values: dict[str, Any] = field(default_factory=dict)  # by field, as actions.values_of has them
    password: str = field(default="", repr=False)
    shown: dict[str, str] = field(default_factory=dict)  # the cells as text, without secrets
    complaints: list[Complaint] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        return any(not complaint.is_note for complaint in self.complaints)

    def complain(self, column: str, text: str) -> None:
        self.complaints.append(Complaint(column, text))

    def note(self, column: str, text: str) -> None:
        self.complaints.append(Complaint(column, text, is_note=True))


class Known:
    """The registers a row may name, read once for an import. Five queries."""

    def __init__(self) -> None:
        self.kota = Kota.objects.first()
        self.kelurahan: dict[str, int] = {}
        for pk, code, name, others in Kelurahan.objects.values_list("pk", "code", "name", "other_names"):
            for spelling in (code, name, *re.split("[;,]", others)):
                self.kelurahan.setdefault(_letters(spelling), pk)
        self.kelurahan_names = dict(Kelurahan.objects.values_list("pk", "name"))
        self.places = _by_code_and_name(list(Place.objects.values_list("pk", "code", "name")))
        feeders = list(Target.objects.filter(kind__in=("link", "power")).values_list("pk", "kind", "code"))
        self.links = {code.upper(): pk for pk, kind, code in feeders if kind == "link"}
        self.powers = {code.upper(): pk for pk, kind, code in feeders if kind == "power"}
        self.contracts = {number.upper(): pk for pk, number in Contract.objects.values_list("pk", "number")}


def _by_code_and_name(rows: list[tuple[int, str, str]]) -> dict[str, int]:
    found = {name.lower(): pk for pk, _code, name in rows}
    return found | {code.lower(): pk for pk, code, _name in rows}


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower().removeprefix("kelurahan ").removeprefix("kel. "))


def typed(raw: RawRow, known: Known) -> TypedRow:
    """Read every cell; one complaint a cell. Never raises for what a cell holds."""
    row = TypedRow(raw.number)
    for problem in raw.problems:
        row.complain("", problem)
    filled = {key: cell for key, cell in raw.cells.items() if not cells.is_blank(cell)}
    for key, cell in filled.items():
        if key not in HIDING_SECRETS:
            row.shown[key] = cells.text_of(cell)[:200]
        if key in ("lat", "lon"):
            continue
        try:
            _READERS[key](row, key, cell, known)
        except ValueError as problem:
            row.complain(key, str(problem))
    _read_position(row, filled, known)
    if not row.code and not any(complaint.column == "code" for complaint in row.complaints):
        row.complain("code", _("belum diisi"))
    return row


Reader = Callable[[TypedRow, str, Cell, Known], None]


def _read_code(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    code = cells.text(cell, 40)
    if not CODE.fullmatch(code) or ".." in code:
        raise ValueError(_("“%s” hanya boleh berisi huruf, angka, titik, - dan _") % cells.shown(cell))
    if code.lower() in RESERVED_CODES:
        raise ValueError(_("“%s” dipakai oleh halaman ini sendiri; pilih kode lain") % code)
    row.code = code


def _read_text(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    row.values[key] = cells.text(cell, LENGTHS[key])


def _read_secret(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    """The password exactly as typed; a complaint never quotes it."""
    secret = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    if len(secret) > LENGTHS[SECRET]:
        raise ValueError(_("terlalu panjang, paling banyak %d huruf") % LENGTHS[SECRET])
    row.password = secret


def _read_number(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    row.values[key] = _limited(key, cells.number(cell))


def _read_whole(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    row.values[key] = _limited(key, cells.rupiah(cell) if key == "cost_rp" else cells.whole(cell))


def _limited(key: str, value: Any) -> Any:
    problem = LIMITS[key].problem(value)
    if problem:
        raise ValueError(problem[0].lower() + problem[1:].rstrip("."))
    return value


def _read_size(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    match = re.fullmatch(r"([0-9]{2,5})\s*[x×*]\s*([0-9]{2,5})", cells.text_of(cell).lower().removesuffix("px").strip())
    if match is None:
        raise ValueError(_("“%s” belum terbaca; tulis seperti 1280x720") % cells.shown(cell))
    for name, part in (("width", match[1]), ("height", match[2])):
        row.values.setdefault(name, _limited(name, int(part)))


def _read_choice(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    meant: dict[str, str] = {
        "kind": KINDS, "purpose": PURPOSE_WORDS, "codec": CODECS, "sensitivity": {word: word for word in SENSITIVITY},
    }[key]  # fmt: skip
    word = folded(cells.text_of(cell))
    if word not in meant:
        options = list(dict.fromkeys(_choice_words(key)))
        raise ValueError(
            _("“%(cell)s” tidak dikenal; pilih %(options)s")
            % {"cell": cells.shown(cell), "options": ", ".join(options)}
        )
    row.values[key] = meant[word]


def _choice_words(key: str) -> list[str]:
    if key == "kind":
        return [str(label).lower() for label in Camera.Kind.labels]
    if key == "purpose":
        return [str(label).lower() for label in PURPOSES.values()]
    return ["h264", "hevc", "jpeg"] if key == "codec" else list(SENSITIVITY)


def _read_yes_no(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    row.values[key] = cells.yes_no(cell)


def _read_day(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    found = cells.day(cell)
    if not date(1990, 1, 1) <= found <= date(2100, 1, 1):
        raise ValueError(_("tahun %d tidak mungkin") % found.year)
    row.values[key] = found


def _read_kelurahan(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    wanted = _letters(cells.text(cell, 80))
    if wanted not in known.kelurahan:
        near = get_close_matches(wanted, known.kelurahan, 1, 0.75)
        hint = _("; maksud Anda %s?") % known.kelurahan_names[known.kelurahan[near[0]]] if near else ""
        raise ValueError(_("“%s” tidak ada di register kelurahan") % cells.shown(cell) + hint)
    row.values["kelurahan_id"] = known.kelurahan[wanted]


def _read_named(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    """A thing of another register, by its code (places also by name)."""
    things, where = {
        "place": (known.places, _("tempat")), "link": (known.links, _("sambungan")),
        "power": (known.powers, _("listrik")), "contract": (known.contracts, _("kontrak")),
    }[key]  # fmt: skip
    name = cells.text(cell, 160)
    found = things.get(name.lower() if key == "place" else name.upper())
    if found is None:
        raise ValueError(_("“%(cell)s” tidak ada di register %(where)s") % {"cell": cells.shown(cell), "where": where})
    row.values[f"{key}_id"] = found


def _read_address(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    """Login and password inside the address move to their own fields; only a clean address is ever kept."""
    parted = logins.part(cells.text(cell, 2000))
    if parted.in_path:
        raise ValueError(_("alamat memuat sandi di jalurnya, jadi tidak disimpan; pakai kolom pengguna dan sandi"))
    schemes = ("http", "https") if key == "onvif_address" else ("rtsp", "rtsps")
    try:
        address = str(check_address(parted.address, schemes=schemes))
    except AddressRefused as problem:
        row.shown[key] = parted.address
        raise ValueError(f"{problem.text} {problem.fix}".strip()) from None
    except UserError as problem:  # what cannot be read may hide a secret: it is not kept, not even to be shown
        raise ValueError(f"{problem.text} {problem.fix}".strip() + " " + _("(isi sel ini tidak disimpan)")) from None
    row.shown[key] = row.values[key] = address
    if parted.username:
        row.values.setdefault("username", parted.username[:80])
    if parted.password:
        row.password = row.password or parted.password
        row.note(key, _("sandi di dalam alamat dipindahkan ke tempat tersegel"))


def _read_pair(row: TypedRow, key: str, cell: Cell, known: Known) -> None:
    positions.pair(cell)


def _read_position(row: TypedRow, found: dict[str, Cell], known: Known) -> None:
    """Both or neither, each readable, inside the city."""
    lat, lon = found.get("lat"), found.get("lon")
    if lat is None and lon is None and "position" in found:
        try:
            lat, lon = positions.pair(found["position"])
        except ValueError:
            return  # complained about already
    if lat is None and lon is None:
        return
    at: dict[str, float] = {}
    for axis, cell in (("lat", lat), ("lon", lon)):
        if cell is None:
            row.complain(axis, _("belum diisi; lintang dan bujur harus berdua"))
            continue
        try:
            at[axis] = positions.degrees(cell, "lat" if axis == "lat" else "lon")
        except ValueError as problem:
            row.complain(axis, str(problem))
    if len(at) < 2:
        return
    trouble = position_problem(at["lon"], at["lat"], known.kota)
    if trouble:
        row.complain(trouble[0], trouble[1].rstrip("."))
    else:
        row.values |= {"lon": round(at["lon"], 7), "lat": round(at["lat"], 7)}


_READERS: dict[str, Reader] = {
    "code": _read_code, SECRET: _read_secret, "size": _read_size, "kelurahan": _read_kelurahan,
    "position": _read_pair, "address": _read_address, "onvif_address": _read_address, "installed_on": _read_day,
    **dict.fromkeys(("name", "username", "serial_number", "maker", "model"), _read_text),
    **dict.fromkeys(NUMBERS, _read_number),
    **dict.fromkeys(("width", "height", "cost_rp"), _read_whole),
    **dict.fromkeys(("kind", "purpose", "codec", "sensitivity"), _read_choice),
    **dict.fromkeys(("is_public", "sign_installed"), _read_yes_no),
    **dict.fromkeys(("place", "link", "power", "contract"), _read_named),
}  # fmt: skip
assert set(_READERS) | {"lat", "lon"} == set(BY_KEY)


def sentence(number: int, complaint: dict[str, Any]) -> str:
    """Baris 12, kolom Lintang: 117,48 tampak seperti bujur; tertukar?"""
    if not complaint["column"]:
        return _("Baris %(row)d: %(text)s") % {"row": number, "text": complaint["text"]}
    return _("Baris %(row)d, kolom %(column)s: %(text)s") % {
        "row": number, "column": title_of(complaint["column"]), "text": complaint["text"],
    }  # fmt: skip
