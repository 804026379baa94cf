"""A person joins incidents that are one, or takes apart what is not."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base.errors import Missing, UserError

from .. import merging, opening, telling
from ..access import incident_to
from ..line import in_line
from ..models import Incident
from .checks import checked_text, live_or_said

WHY_LONGEST = 1000


@in_line()
def merge(number: str, into: str, *, why: str, by: Any, at: datetime) -> Incident:
    """Fold incident `number` into incident `into`; returns the latter. Both must be live. Raises UserError, Missing."""
    source = incident_to(by, number, "incidents.merge")
    try:
        keeper = incident_to(by, into, "incidents.merge")
    except Missing:
        told = _("Insiden tujuan %s tidak ditemukan.") % into[:20]
        raise UserError(told, fix=_("Pilih nomor dari daftar yang ditawarkan.")) from None
    why = checked_text(why, _("Alasan penggabungan"), longest=WHY_LONGEST)
    if source.pk == keeper.pk:
        raise UserError(_("Insiden tidak dapat digabung dengan dirinya sendiri."), fix=_("Pilih insiden lain."))
    live_or_said(source)
    live_or_said(keeper)
    merging.fold(source, keeper, by=by, at=at, why=why)
    opening.settle(keeper, at)
    telling.publish(keeper, "merged_in", at)
    return keeper


@in_line()
def unmerge(number: str, *, by: Any, at: datetime) -> Incident:
    """Take incident `number` out of the one it was folded into; its members return to it."""
    source = incident_to(by, number, "incidents.merge")
    merging.take_apart(source, by=by, at=at)
    return source
