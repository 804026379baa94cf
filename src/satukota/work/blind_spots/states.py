"""The states of a blind spot and the acts that lead from one to the next."""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import BlindSpot

EVERY = tuple(BlindSpot.State.values)
PROPOSED, SURVEYED, PLANNED, PARTNERED, INSTALLED, TESTED, CLOSED, REJECTED = EVERY
OPEN = EVERY[:6]


@dataclass(frozen=True)
class Act:
    """`key` is in the address, `done` on the timeline; `to` empty leaves the state as it is."""

    key: str
    name: str | Promise
    done: str
    begins: tuple[str, ...]
    to: str = ""
    asks: str | Promise = ""  # the label of the text a person writes; empty: may be left out
    takes: frozenset[str] = field(default_factory=frozenset)  # target, opd, file
    is_danger: bool = False


ACTS = {
    one.key: one
    for one in (
        Act("survei", _("Catat survei"), "surveyed", (PROPOSED,), SURVEYED, _("Hasil survei"), frozenset({"file"})),
        Act("rencana", _("Jadikan rencana"), "planned", (PROPOSED, SURVEYED), PLANNED, _("Apa yang direncanakan"),
            frozenset({"file"})),
        Act("mitra", _("Catat mitra/PKS"), "partnered", (PLANNED,), PARTNERED,
            _("Mitra, nomor dan tanggal perjanjian"), frozenset({"file"})),
        Act("pasang", _("Kamera terpasang"), "installed", (PLANNED, PARTNERED, INSTALLED), INSTALLED, "",
            frozenset({"target", "file"})),
        Act("uji", _("Uji dengan kameranya"), "tested", (INSTALLED, TESTED), TESTED),
        Act("tutup", _("Tutup dengan bukti"), "closed", (TESTED,), CLOSED),
        Act("catat", _("Tulis catatan"), "noted", EVERY, "", _("Catatan"), frozenset({"file"})),
        Act("serahkan", _("Serahkan ke OPD lain"), "assigned", OPEN, "", _("Alasan"), frozenset({"opd"})),
        Act("tolak", _("Tolak"), "rejected", (PROPOSED, SURVEYED, PLANNED, PARTNERED), REJECTED, _("Alasan"),
            is_danger=True),
        Act("usul", _("Usulkan kembali"), "reconsidered", (REJECTED,), PROPOSED, _("Alasan")),
    )
}  # fmt: skip


def open_to(spot: BlindSpot) -> list[Act]:
    """What may be done with the spot as it stands."""
    return [act for act in ACTS.values() if spot.state in act.begins]
