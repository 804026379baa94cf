"""Walls of cameras: saved per person and per room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import Missing, UserError
from satukota.city import access

from ..models import WallLayout

TILES = (1, 4, 9, 16)
GRID, LEAST, MOST_TILES = 12, 2, 16  # cells of a wall each way, of a tile at least, tiles (wall-places.js)
MOST_CAMERAS = 160
MOST_LAYOUTS = 50
SHORTEST_TOUR_S, LONGEST_TOUR_S = 5, 600


@dataclass(frozen=True)
class Wall:
    """What is to be saved. `room` empty: the person's own; `places`: as WallLayout's, for a free wall."""

    name: str
    room: str
    tiles: int
    cameras: list[str]
    tour_s: int
    follows: bool
    places: list[list[int]] = field(default_factory=list)


def layouts(user: Any) -> QuerySet[WallLayout]:
    """The person's own, and those of every room."""
    return WallLayout.objects.filter(Q(person=user) | Q(person=None))


@transaction.atomic
def save(wall: Wall, *, by: Any, at: datetime) -> WallLayout:
    """Over the one of the same name and owner. Raises NotAllowed, UserError."""
    access.require(by, "cameras.watch")
    name, room = wall.name.strip()[:60], wall.room.strip()[:60]
    if not name:
        raise UserError(_("Susunan belum bernama."), fix=_("Beri nama, misalnya “Malam”."))
    if wall.places and not are_places(wall.places):
        raise UserError(
            _("Petak-petak ini tidak dapat disimpan."),
            fix=_("Paling banyak 16 petak, tidak bertindihan dan tidak keluar dari dinding."),
        )
    if (wall.tiles not in TILES and not wall.places) or len(wall.cameras) > MOST_CAMERAS:
        raise UserError(
            _("Susunan ini tidak dapat disimpan."), fix=_("Pilih 1, 4, 9, atau 16 petak; paling banyak 160 kamera.")
        )
    owner = {"person": None, "room": room} if room else {"person": by, "room": ""}
    known = WallLayout.objects.filter(**owner)
    before = known.filter(name=name).first()
    if before is None and known.count() >= MOST_LAYOUTS:
        raise UserError(_("Terlalu banyak susunan tersimpan."), fix=_("Hapus yang tidak dipakai."))
    tour_s = min(max(wall.tour_s, SHORTEST_TOUR_S), LONGEST_TOUR_S) if wall.tour_s > 0 else 0
    row, _made = WallLayout.objects.update_or_create(
        **owner, name=name,
        defaults={"tiles": len(wall.places) or wall.tiles, "places": wall.places, "cameras": wall.cameras,
                  "tour_s": tour_s, "follows": wall.follows, "changed_by": by, "changed_at": at},
    )  # fmt: skip
    if room:
        audit.record(
            "cameras.wall_saved", by=by, at=at, on=row, before=before.cameras if before else None,
            after={"room": room, "tiles": row.tiles, "cameras": row.cameras},
        )  # fmt: skip
    return row


def are_places(places: list[list[int]]) -> bool:
    """Whether tiles may stand so: whole numbers, within the wall, large enough, none over another."""
    if not 1 <= len(places) <= MOST_TILES or not all(len(one) == 4 for one in places):
        return False
    taken: set[tuple[int, int]] = set()
    for x, y, width, height in places:
        if min(x, y) < 0 or min(width, height) < LEAST or x + width > GRID or y + height > GRID:
            return False
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        if taken & cells:
            return False
        taken |= cells
    return True


@transaction.atomic
def remove(pk: int, *, by: Any, at: datetime) -> None:
    """One's own, or a room's. Raises NotAllowed, Missing."""
    access.require(by, "cameras.watch")
    row = layouts(by).filter(pk=pk).first()
    if row is None:
        raise Missing(_("Susunan ini tidak ditemukan."), fix=_("Muat ulang halamannya."))
    if row.room:
        audit.record("cameras.wall_removed", by=by, at=at, on=row, before={"room": row.room, "cameras": row.cameras})
    row.delete()
