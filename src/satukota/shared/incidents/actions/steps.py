"""SOP steps: ticked, unticked, and written anew as the next version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access as city_access
from satukota.city.roles import ROLES

from .. import telling
from ..access import incident_to
from ..line import in_line, write
from ..models import Incident, Sop, StepDone
from .checks import checked_text, live_or_said

STEPS_MOST = 40
STEP_LONGEST = 300
MINUTES_MOST = 7 * 24 * 60


@in_line()
def do_step(number: str, step: int, *, by: Any, at: datetime) -> Incident:
    """Tick step `step` (from 0) of the SOP version the incident began with. Raises AlreadyDone, UserError."""
    incident = incident_to(by, number, "incidents.handle")
    if incident.state == Incident.State.CLOSED or incident.merged_into is not None:
        live_or_said(incident)
    text = _text_of(incident, step)
    try:
        with transaction.atomic():
            StepDone.objects.create(incident=incident, step=step, by=by, at=at)
    except IntegrityError:
        done = StepDone.objects.select_related("by").get(incident=incident, step=step)
        raise AlreadyDone(_("Langkah ini sudah ditandai selesai oleh %s.") % done.by.display_name) from None
    _told(incident, "step_done", text, step, by, at)
    return incident


@in_line()
def undo_step(number: str, step: int, *, by: Any, at: datetime) -> Incident:
    """Untick a step; the timeline keeps both."""
    incident = incident_to(by, number, "incidents.handle")
    if incident.state == Incident.State.CLOSED or incident.merged_into is not None:
        live_or_said(incident)
    text = _text_of(incident, step)
    if not StepDone.objects.filter(incident=incident, step=step).delete()[0]:
        raise AlreadyDone(_("Langkah ini memang belum ditandai selesai."))
    _told(incident, "step_undone", text, step, by, at)
    return incident


@in_line()
def write_sop(
    *, kind: str, cause: str, title: str, steps: Sequence[dict[str, Any]], legal_basis: str, by: Any, at: datetime
) -> Sop:
    """The next version for (kind, cause); incidents already open keep the version they began with."""
    city_access.require(by, "sop.edit")
    title = checked_text(title, _("Judul SOP"), longest=160)
    legal_basis = checked_text(legal_basis, _("Dasar"), longest=200, may_be_empty=True)
    clean = [_clean_step(index, step) for index, step in enumerate(steps, start=1)]
    if not clean:
        raise UserError(_("SOP belum punya langkah."), fix=_("Tulis sedikitnya satu langkah."))
    if len(clean) > STEPS_MOST:
        raise UserError(_("SOP paling banyak %d langkah.") % STEPS_MOST, fix=_("Gabungkan langkah yang berdekatan."))
    last = Sop.objects.filter(kind=kind, cause=cause).order_by("-version").first()
    sop = Sop.objects.create(
        kind=kind, cause=cause, version=last.version + 1 if last else 1, title=title, steps=clean,
        legal_basis=legal_basis, active_from=at, written_by=by,
    )  # fmt: skip
    audit.record("incidents.sop_written", on=sop, by=by, at=at, before=last.steps if last else None, after=sop.steps)
    return sop


def _clean_step(index: int, step: dict[str, Any]) -> dict[str, Any]:
    """{"text", "role", "minutes"} with nothing else inside. Raises UserError naming the step."""
    text = checked_text(str(step.get("text", "")), _("Langkah %d") % index, longest=STEP_LONGEST)
    role, minutes = str(step.get("role", "")), step.get("minutes", 0)
    if role and role not in ROLES:
        raise UserError(_("Langkah %d: peran tidak dikenal.") % index, fix=_("Pilih peran dari daftar."))
    if not isinstance(minutes, int) or not 0 <= minutes <= MINUTES_MOST:
        raise UserError(
            _("Langkah %(step)d: menit harus angka 0 sampai %(most)d.") % {"step": index, "most": MINUTES_MOST},
            fix=_("0 berarti tanpa batas."),
        )
    return {"text": text, "role": role, "minutes": minutes}


def _text_of(incident: Incident, step: int) -> str:
    steps = incident.sop.steps if incident.sop else []
    if not 0 <= step < len(steps):
        raise UserError(_("Langkah itu tidak ada di SOP insiden ini."), fix=_("Muat ulang halaman."))
    return str(steps[step]["text"])


def _told(incident: Incident, act: str, text: str, step: int, by: Any, at: datetime) -> None:
    write(incident, act, by=by, at=at, text=text)
    audit.record(f"incidents.{act}", on=incident, by=by, at=at, opd_code=incident.owner.code, after={"step": step})
    telling.publish(incident, act, at)
