"""How often our judging is wrong, as measured by the benchmark of the picture rules and kept beside them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from satukota.rules import picture_truth

FIGURES = Path(picture_truth.__file__).with_name("measured.json")
GROUNDS: dict[str, tuple[Promise, Promise]] = {
    "rendered": (_("Gambar buatan"), _("Jalan yang dilukis komputer; keadaan sebenarnya diketahui pasti.")),
    "filtered": (_("Rekaman nyata yang dirusak"), _("Kerusakannya buatan: lebih mudah dikenali daripada aslinya.")),
    "real": (_("Rekaman nyata"), _("Rekaman apa adanya, tanpa kerusakan; hanya salah sebut yang dapat diukur.")),
}
FAULTS: dict[str, Promise] = {
    "black": _("hitam"), "one colour": _("satu warna"), "white-out": _("putih terlalu terang"),
    "covered": _("tertutup"), "defocused": _("buram"), "turned": _("berputar"), "shifted": _("bergeser"),
    "rolled": _("miring"), "zoomed": _("berubah perbesaran"), "flipped": _("terbalik"),
    "frozen": _("membeku"), "blocked": _("terhalang"), "loop": _("berulang"), "mirrored": _("tercermin"),
    "frozen, same bytes": _("membeku, data persis sama"), "frozen, encoded again": _("membeku, dikodekan ulang"),
    "frozen, clock runs": _("membeku, jam di gambar berjalan"), "another camera": _("kamera tertukar"),
    "drops": _("tetes air"), "dirty": _("kotor"),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Episodes of one fault made on purpose: how many were noticed, with the 95 % interval of the share."""

    name: str
    tried: int
    found: int
    low: float
    high: float
    must_be_noticed: bool  # mild forms are measured too, but nobody promised to see them


@dataclass(frozen=True)
class Ground:
    """What was measured on one kind of picture."""

    name: str | Promise
    meaning: str | Promise
    measured_on: str
    cameras: int
    faults: list[Fault]
    hours: float
    false_alarms: int
    per_camera_day_low: float
    per_camera_day_high: float

    @property
    def tried(self) -> int:
        return sum(fault.tried for fault in self.faults if fault.must_be_noticed)

    @property
    def missed(self) -> int:
        return self.tried - sum(fault.found for fault in self.faults if fault.must_be_noticed)


@lru_cache(maxsize=1)
def own_error_rate() -> list[Ground]:
    """Rendered, filtered and real apart; empty while nobody has measured: no figure is shown without one."""
    try:
        told = json.loads(FIGURES.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [_ground(key, told[key]) for key in GROUNDS if key in told]


def _ground(key: str, told: dict[str, Any]) -> Ground:
    calm = told["calm"]
    name, meaning = GROUNDS[key]
    faults = [
        Fault(fault_words(name), one["tried"], one["found"], one["low"], one["high"], one["wanted_looks"] is not None)
        for name, one in told.get("faults", {}).items()
    ]
    return Ground(
        name, meaning, told["measured_on"], told["cameras"], faults, calm["hours"], calm["false_alarms"],
        calm["per_camera_day_low"], calm["per_camera_day_high"],
    )  # fmt: skip


def fault_words(name: str) -> str:
    """ "covered 70 %" → "tertutup 70 %"; what has no word yet keeps its name."""
    for english in sorted(FAULTS, key=len, reverse=True):
        if name.startswith(english):
            return f"{FAULTS[english]}{name.removeprefix(english)}".replace(" deg", "°").replace("sigma", "σ")
    return name
