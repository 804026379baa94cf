"""Several incidents become one and can come apart again. Members remember where they came from."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from . import opening, telling
from .line import write
from .models import Incident, Member


def fold(source: Incident, into: Incident, *, by: Any, at: datetime, why: str) -> None:
    """Move the members of `source` into `into`; a thing that is a member of both stays a member of both."""
    theirs = set(into.members.values_list("target_id", flat=True))
    for member in source.members.all():
        if member.target_id not in theirs:
            member.incident, member.came_from = into, member.came_from or source
            member.save(update_fields=["incident", "came_from"])
        elif member.recovered_at is None:
            into.members.filter(target_id=member.target_id).update(recovered_at=None, cause=member.cause)
    into.also_told = sorted(set(into.also_told) | telling.told_ids(source))
    into.save(update_fields=["also_told"])
    source.merged_into, source.escalate_at = into, None
    source.save(update_fields=["merged_into", "escalate_at"])
    write(source, "merged", by=by, at=at, text=why, after=into.number)
    write(into, "merged_in", by=by, at=at, text=why, after=source.number)
    audit.record("incidents.merged", on=source, by=by, at=at, opd_code=source.owner.code, after=into.number, why=why)
    telling.publish(source, "merged", at)


def take_apart(source: Incident, *, by: Any, at: datetime) -> None:
    """Give back what was folded in. Both sides stay as true as they are now: what is back meanwhile is back."""
    into = source.merged_into
    if into is None:
        raise UserError(_("Insiden ini tidak sedang digabung."), fix=_("Muat ulang halaman untuk melihat keadaannya."))
    if into.state == Incident.State.CLOSED:
        raise UserError(_("%s sudah ditutup.") % into.number, fix=_("Buka kembali insiden itu dulu, lalu pisahkan."))
    rival = opening.live().filter(root=source.root).exclude(pk=into.pk).first() if source.root_id else None
    if rival is not None:
        fix = _("Gabungkan %s lebih dulu, atau biarkan tetap digabung.") % rival.number
        raise UserError(_("Sudah ada insiden lain untuk penyebab yang sama: %s.") % rival.number, fix=fix)
    _give_back(source, into)
    source.also_told = sorted(set(source.also_told) | telling.told_ids(into))
    source.merged_into = None
    source.save(update_fields=["also_told", "merged_into"])
    write(source, "unmerged", by=by, at=at, before=into.number)
    write(into, "unmerged_from", by=by, at=at, before=source.number)
    audit.record("incidents.unmerged", on=source, by=by, at=at, opd_code=source.owner.code, before=into.number)
    for incident in (source, into):
        if incident.state in opening.LIVE and not opening.recover_if_all_are_back(incident, at):
            telling.publish(incident, "unmerged", at)


def _give_back(source: Incident, into: Incident) -> None:
    """Members of `source` and of everything folded into it before go back to it."""
    family = {source.pk}
    while more := set(Incident.objects.filter(merged_into__in=family).values_list("pk", flat=True)) - family:
        family |= more
    Member.objects.filter(incident=into, came_from__in=family).update(incident=source)
    Member.objects.filter(incident=source, came_from=source).update(came_from=None)
