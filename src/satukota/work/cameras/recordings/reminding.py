"""Who is told of a request: its keeper when it comes, when it is nearly due and when it is overdue; its asker how it
ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.messages import actions as messages
from satukota.city import queries as city

from ..models import Retrieval
from .words import said_of

SOON = timedelta(hours=8)


def tell_asked(asked: Retrieval, at: datetime) -> None:
    assert asked.due_at is not None
    _tell(asked, keepers(asked, at), "recording_asked", _("Rekaman diminta: %s") % asked.number,
          _("Rekaman kamera %(code)s, %(span)s, diminta kepada %(who)s paling lambat %(due)s.")
          % _words(asked), at)  # fmt: skip


def tell_soon(asked: Retrieval, at: datetime) -> None:
    _tell(asked, keepers(asked, at), "recording_due", _("Permintaan rekaman hampir jatuh tempo: %s") % asked.number,
          _("Rekaman kamera %(code)s, %(span)s, paling lambat %(due)s.") % _words(asked), at)  # fmt: skip


def tell_overdue(asked: Retrieval, at: datetime) -> None:
    people = {*keepers(asked, at), asked.asked_by}
    _tell(asked, people, "recording_overdue", _("Permintaan rekaman terlambat: %s") % asked.number,
          _("Rekaman kamera %(code)s, %(span)s, seharusnya diserahkan paling lambat %(due)s.") % _words(asked), at,
          urgency=messages.Urgency.URGENT)  # fmt: skip


def tell_lapsed(asked: Retrieval, at: datetime) -> None:
    people = {*keepers(asked, at), asked.asked_by}
    _tell(asked, people, "recording_lapsed", _("Rekaman lewat masa simpan: %s") % asked.number,
          _("Rekaman kamera %(code)s, %(span)s, tidak diserahkan sebelum masa simpannya lewat.") % _words(asked), at,
          urgency=messages.Urgency.URGENT)  # fmt: skip


def tell_delivered(asked: Retrieval, exhibit: str, at: datetime) -> None:
    _tell(asked, [asked.asked_by], "recording_delivered", _("Rekaman siap: %s") % asked.number,
          _("Rekaman kamera %(code)s, %(span)s, disimpan sebagai barang bukti ") % _words(asked) + f"{exhibit}.",
          at)  # fmt: skip


def tell_refused(asked: Retrieval, at: datetime) -> None:
    _tell(asked, [asked.asked_by], "recording_refused", _("Permintaan rekaman ditolak: %s") % asked.number,
          asked.reason, at)  # fmt: skip


def tell_failed(asked: Retrieval, cause: str, at: datetime) -> None:
    said = said_of(cause)
    _tell(asked, [asked.asked_by], f"recording_failed_{asked.run[:8]}",
          _("Rekaman belum dapat ditarik: %s") % asked.number, f"{said.text} {said.fix}", at)  # fmt: skip


def keepers(asked: Retrieval, at: datetime) -> list[User]:
    """The recorder's custodian; without one, or without an account, whoever is on duty at the camera's OPD."""
    person = asked.recorder.custodian if asked.recorder else None
    if person is None or person.user is None:
        person = city.duty_officer(asked.camera.target.owner_id, at)
    return [person.user] if person is not None and person.user is not None else []


def _words(asked: Retrieval) -> dict[str, str]:
    start, end = clock.local(asked.since), clock.local(asked.until)
    due = f"{clock.local(asked.due_at):%d-%m-%Y %H.%M}" if asked.due_at else ""
    return {
        "code": asked.camera.target.code, "span": f"{start:%d-%m-%Y %H.%M}–{end:%H.%M}", "who": asked.addressee,
        "due": due,
    }  # fmt: skip


def _tell(
    asked: Retrieval, people: Iterable[Any], kind: str, subject: str, body: str, at: datetime, *,
    urgency: int = messages.Urgency.NORMAL,
) -> None:  # fmt: skip
    messages.tell(people, kind=kind, about=f"retrieval:{asked.number}", subject=subject, body=body, at=at,
                  path=reverse("cameras:retrieval", args=[asked.number]), urgency=urgency)  # fmt: skip
