"""Giving evidence out of the house: only what a person found hidden well enough, or everything to an authority."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

from . import actions, exhibits, packages
from .models import Exhibit, ExhibitFile, Release


@transaction.atomic
def release(
    exhibit: Exhibit, names: Sequence[str], *, to_whom: str, ground: str, with_originals: bool, by: Any, at: datetime
) -> Release:
    """Make the package of these files, keep it, and write down who got it on what ground.

    Originals leave only when `with_originals` says so, for an authority whose letter is the ground. Raises UserError
    when something unchecked is among the files, a name is unknown, or it is not said to whom and why; FileGone.
    """
    if not (to_whom.strip() and ground.strip()):
        raise UserError(_("Penerima dan dasar penyerahan belum ditulis."), fix=_("Isi nama dan nomor suratnya."))
    chosen = list(exhibit.files.filter(name__in=names).select_related("file", "made_from"))
    if not chosen or len(chosen) != len(set(names)):
        raise UserError(_("Berkas yang dipilih tidak ada pada barang bukti ini."), fix=_("Pilih dari daftarnya."))
    unhidden = [row.name for row in chosen if not row.may_leave]
    if unhidden and not with_originals:
        raise UserError(
            _("Belum tersamar dan diperiksa: %s.") % ", ".join(unhidden),
            fix=_("Samarkan wajah dan pelat lalu minta rekan memeriksanya, atau serahkan kepada penyidik."),
        )
    files = {row.name: actions.content_of(row.file) for row in chosen}
    exhibits.write(exhibit, "released", by=by, at=at, text=ground.strip(), to=to_whom.strip(),
                   files={row.name: row.file.sha256 for row in chosen}, originals=bool(unhidden))  # fmt: skip
    content = packages.build(
        manifest_of(exhibit, chosen, to_whom.strip(), ground.strip(), at), files, exhibits.custody_of(exhibit),
        settings.AUDIT_KEY,
    )  # fmt: skip
    package = actions.keep(content, media_type="application/zip", kind="evidence_package", source=exhibit.number,
                           taken_at=at, delete_on=exhibit.keep_until)  # fmt: skip
    return Release.objects.create(
        exhibit=exhibit, to_whom=to_whom.strip()[:160], ground=ground.strip()[:300], has_originals=bool(unhidden),
        package=package, made_by=by, made_at=at,
    )  # fmt: skip


def manifest_of(
    exhibit: Exhibit, files: Sequence[ExhibitFile], to_whom: str, ground: str, at: datetime
) -> dict[str, Any]:
    return {
        "exhibit": exhibit.number, "title": exhibit.title, "about": exhibit.about, "source": exhibit.source,
        "owner": exhibit.owner_code, "released_to": to_whom, "ground": ground, "released_at": packages.moment(at),
        "files": [
            {"name": row.name, "role": row.role, "media_type": row.file.media_type, "size": row.file.size,
             "captured_from": packages.moment(row.captured_from), "captured_to": packages.moment(row.captured_to),
             "clock_offset_ms": row.clock_offset_ms,  # null: the camera's clock was not measured
             "made_from": row.made_from.name if row.made_from else None,
             "made_from_sha256": row.made_from.file.sha256 if row.made_from else None,
             "hidden": row.areas, "checked": row.checked_at is not None}
            for row in files
        ],
    }  # fmt: skip
