"""What people do with a blind spot: from a proposal to the reading that proves it is seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.base.evidence import actions as evidence
from satukota.base.evidence.pictures import made_anew
from satukota.city import access as city_access
from satukota.city import queries as city
from satukota.city.models import Opd
from satukota.shared.coverage import registry
from satukota.shared.monitoring.models import Target

from .. import access
from ..models import BlindSpot
from ..states import ACTS, Act
from .proving import measure, seen_by_target
from .timeline import checked, in_line, write

FILES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
LARGEST_FILE = 10 * 1024 * 1024


def do(
    number: str, key: str, *, by: Any, at: datetime, text: str = "", target_code: str = "", opd_id: int | None = None,
    file: bytes = b"",
) -> BlindSpot:  # fmt: skip
    """One act of `states.ACTS`. Raises Missing, AlreadyDone (somebody was first), UserError in words."""
    if key in ("uji", "tutup"):  # looks at the geometry, if need be, before anybody has to wait; it is kept
        seen_by_target(access.spot_for(by, number, "coverage.plan"))
    with in_line():
        return _do(number, key, by, at, text, target_code, opd_id, file)


def _do(
    number: str, key: str, by: Any, at: datetime, text: str, target_code: str, opd_id: int | None, file: bytes
) -> BlindSpot:  # fmt: skip
    spot = access.spot_for(by, number, "coverage.plan")
    act = ACTS.get(key)
    if act is None:
        raise Missing(_("Perintah ini tidak ada."), fix=_("Muat ulang halaman titik buta ini."))
    if spot.state not in act.begins:
        raise AlreadyDone(
            _("Titik buta ini sekarang berkeadaan “%s”.") % spot.get_state_display(), fix=_("Muat ulang halaman ini.")
        )
    text = checked(text, str(act.asks) or _("Catatan"), may_be_empty=not act.asks)
    kept = _kept(file, spot, at) if file else None
    if key == "serahkan":
        return _assign(spot, opd_id, text, by, at)
    if key == "pasang":
        return _install(spot, act, target_code, text, kept, by, at)
    if key in ("uji", "tutup"):
        return _prove(spot, act, text, by, at)
    before = spot.get_state_display()
    _move(spot, act.to)
    write(spot, act.done, by=by, at=at, text=text, file=kept, **_sides(act, before, spot))
    return spot


def _sides(act: Act, before: str, spot: BlindSpot) -> dict[str, str]:
    return {"before": before, "after": str(spot.get_state_display())} if act.to else {}


def _move(spot: BlindSpot, to: str, **changes: Any) -> None:
    """Raises AlreadyDone when the spot has moved meanwhile."""
    moved = BlindSpot.objects.filter(pk=spot.pk, state=spot.state)
    if to and not moved.update(state=to, **changes):
        raise AlreadyDone(_("Titik buta ini baru saja diubah orang lain."), fix=_("Muat ulang halaman ini."))
    if to:
        spot.refresh_from_db()


def _kept(content: bytes, spot: BlindSpot, at: datetime) -> Any:
    """A photo or paper, known by its first bytes. Raises UserError."""
    if len(content) > LARGEST_FILE:
        raise UserError(_("Berkas lebih besar dari 10 MB."), fix=_("Kecilkan fotonya, lalu unggah lagi."))
    media = next((name for first, name in FILES.items() if content.startswith(first)), None)
    if media is None:
        raise UserError(_("Berkas ini bukan foto JPEG atau PNG, dan bukan PDF."), fix=_("Pilih berkas lain."))
    if media != "application/pdf":
        content, media = made_anew(content), "image/jpeg"  # no position, no more pixels than a screen shows
    return evidence.keep(
        content, media_type=media, kind="blind_spot_file", source=spot.number, taken_at=at, delete_on=None
    )


def _assign(spot: BlindSpot, opd_id: int | None, text: str, by: Any, at: datetime) -> BlindSpot:
    office = city.opds_on(clock.local(at).date()).filter(pk=opd_id).first()
    if office is None:
        raise UserError(_("OPD itu tidak ada."), fix=_("Pilih OPD dari daftar."))
    if office.pk == spot.owner_id:
        raise AlreadyDone(_("Titik buta ini sudah di %s.") % office.short_name)
    before: Opd = spot.owner
    spot.owner = office
    spot.save(update_fields=["owner"])
    write(spot, "assigned", by=by, at=at, text=text, before=before.short_name, after=office.short_name)
    return spot


def _install(spot: BlindSpot, act: Act, code: str, text: str, kept: Any, by: Any, at: datetime) -> BlindSpot:
    target = target_to_link(by, code)
    before = spot.target.code if spot.target else ""
    _move(spot, act.to, target=target)
    write(spot, act.done, by=by, at=at, text=text, before=before, after=target.code, file=kept)
    return spot


def target_to_link(by: Any, code: str) -> Target:
    """A watcher in service that the person may see. Raises UserError."""
    found = None
    if code.strip() and "\0" not in code:
        seen = city_access.visible(Target.objects.filter(retired_on=None), by, "cameras.view")
        found = seen.filter(code__iexact=code.strip()).first()
    if found is None or all(one.target_id != found.pk for one in registry.watchers()):
        raise UserError(_("Kamera itu tidak ditemukan."), fix=_("Tulis kode kamera yang sudah terdaftar: MB-001."))
    return found


def _prove(spot: BlindSpot, act: Act, text: str, by: Any, at: datetime) -> BlindSpot:
    """Test or close: measure now, store what was measured, and move on only when it is enough."""
    proof = measure(spot, by=by, at=at)
    shown = f"{proof.share * 100:.0f} %"
    said = _("%(code)s melihat %(share)s bobotnya; bacaan %(reading)d") % {
        "code": proof.target.code, "share": shown, "reading": proof.reading_number,
    }  # fmt: skip
    if not proof.is_enough:
        write(spot, "tested", by=by, at=at, text=" ".join((said, _("belum cukup"), text)).strip(), after=shown)
        BlindSpot.objects.filter(pk=spot.pk).update(state=BlindSpot.State.INSTALLED)
        spot.refresh_from_db()
        return spot
    closing = {"closed_at": at, "blind_since": None} if act.key == "tutup" else {}
    _move(spot, act.to, seen=proof.share, in_reach=max(spot.in_reach, proof.share), **closing)
    write(spot, act.done, by=by, at=at, text=" ".join((said, text)).strip(), after=shown)
    return spot
