"""Asking to watch, coming in with what was given, and the end of watching: every look has its row."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.city import access, hats
from satukota.shared.incidents import queries as incidents

from ..lending import terms
from ..models import Camera, LiveSource, WatchSession
from . import purposes

SALT = "satukota.live.ticket"
TICKET_S = 30
GOES_ON = timedelta(minutes=10)  # opened again within: the row goes on
PLACES = ("camera", "map", "incident", "wall")
STREAMS = ("main", "sub")


class PurposeNeeded(UserError):
    code = "keperluan_belum_disebut"
    status = 422


class TooManyLooks(UserError):
    code = "batas_menonton"
    status = 429


@dataclass(frozen=True)
class Why:
    """What the person said about their looking."""

    place: str = "camera"
    purpose: str = ""
    note: str = ""
    incident_number: str = ""


def is_protected(camera: Camera) -> bool:
    """Whether watching asks for a purpose: the register says high sensitivity, live view was told so, or a partner
    lends it. At most one query."""
    live: LiveSource | None = getattr(camera, "live", None)
    return camera.sensitivity == "tinggi" or bool(live and live.is_protected) or _is_lent(camera)


def _is_lent(camera: Camera) -> bool:
    """Asked with the camera where `queries.IS_LENT` came along, else by a query."""
    known: bool | None = getattr(camera, "is_lent", None)
    return camera.agreements.exists() if known is None else known


@transaction.atomic
def ask_to_watch(camera: Camera, why: Why, *, stream: str, session_key: str, by: Any, at: datetime) -> str:
    """A ticket for the hub, good once within TICKET_S and only with the same sign-in.

    Raises NotAllowed, PurposeNeeded, TooManyLooks, UserError.
    """
    access.require(by, "cameras.watch", camera.target.owner_id, camera.target.kelurahan_id)
    hat = access.hat_of(by)
    assert hat is not None  # required above
    if camera.target.retired_on is not None:
        raise UserError(_("Kamera ini sudah dihentikan."), fix=_("Pilih kamera lain."))
    protected = is_protected(camera)
    incident = _incident_of(why, by)
    if protected:
        _check_purpose(why, incident)
    _check_agreement(camera, why, by, at)
    _check_limits(camera, by, hat.role, protected, at)
    row = _row_that_goes_on(camera, by, hats.words_of(by), why, incident, at)
    ticket = random.token_hex(16)
    if row is None:
        row = WatchSession.objects.create(
            camera=camera, person=by, role=hat.role, hat=hats.words_of(by), place=_one_of(why.place, PLACES),
            purpose=why.purpose, note=why.note[:300], incident=incident, was_protected=protected, ticket=ticket,
            asked_at=at,
        )  # fmt: skip
        if protected:
            audit.viewed(
                "cameras.watched", by=by, at=at, on=camera, opd_code=camera.target.owner.code,
                purpose=str(purposes.PURPOSES[why.purpose].name), chosen=_chosen(why),
            )  # fmt: skip
    else:
        WatchSession.objects.filter(pk=row.pk).update(ticket=ticket)
    said = {"w": row.pk, "t": ticket, "s": _session_mark(session_key), "m": _one_of(stream, STREAMS)}
    return signing.dumps(said, salt=SALT, compress=True)


def _chosen(why: Why) -> dict[str, str]:
    return {name: text for name, text in (("note", why.note[:300]), ("incident", why.incident_number)) if text}


def _one_of(word: str, words: tuple[str, ...]) -> str:
    return word if word in words else words[0]


def _session_mark(session_key: str) -> str:
    return salted_hmac(SALT, session_key or "").hexdigest()[:24]


def _incident_of(why: Why, by: Any) -> Any:
    return incidents.incident_for(by, why.incident_number) if why.incident_number else None


def _check_purpose(why: Why, incident: Any) -> None:
    purpose = purposes.PURPOSES.get(why.purpose)
    if purpose is None:
        raise PurposeNeeded(
            _("Kamera ini dilindungi: setiap kali dibuka, keperluannya dicatat."), fix=_("Pilih keperluannya.")
        )
    if purpose.needs_incident and incident is None:
        raise PurposeNeeded(_("Keperluan ini menyangkut insiden."), fix=_("Isi nomor insidennya."))
    if purpose.needs_note and not why.note.strip():
        raise PurposeNeeded(_("Keperluan ini perlu keterangan."), fix=_("Tulis keterangannya dalam satu kalimat."))


def _check_agreement(camera: Camera, why: Why, by: Any, at: datetime) -> None:
    """A partner's camera is opened within its agreement: its days, hours, areas and purposes. Not so by the partner."""
    agreements, hat = terms.lent([camera.pk]).get(camera.pk, []), access.hat_of(by)
    if not agreements or (hat is not None and any(one.partner_id == hat.opd_id for one in agreements)):
        return
    areas = terms.areas_of(access.scope(by, "cameras.watch"))
    open_now = [one for one in terms.allowed_now(agreements, at) if terms.is_about(one, areas)]
    if not open_now:
        raise UserError(
            _("Kamera mitra ini sedang tidak dipinjamkan: perjanjiannya berakhir, di luar jamnya atau wilayahnya."),
            fix=_("Hubungi mitra, atau pilih kamera lain."),
        )
    if not any(why.purpose in one.purposes for one in open_now):
        allowed = sorted({str(purposes.PURPOSES[key].name) for one in open_now for key in one.purposes})
        raise PurposeNeeded(
            _("Perjanjian dengan mitra tidak membolehkan keperluan ini."),
            fix=_("Yang dibolehkan: %s.") % ", ".join(allowed),
        )


def _check_limits(camera: Camera, by: Any, role: str, protected: bool, at: datetime) -> None:
    """How many cameras this person opened in the last hour under this role; protected ones only, but for MOST_OPEN."""
    hour_ago = at - timedelta(hours=1)
    recent = WatchSession.objects.filter(Q(asked_at__gte=hour_ago) | Q(last_seen_at__gte=hour_ago), person=by)
    is_open = Q(ended_at=None, last_seen_at__gte=at - timedelta(minutes=2))
    if WatchSession.objects.filter(is_open, person=by).count() >= purposes.MOST_OPEN:
        raise TooManyLooks(_("Terlalu banyak gambar langsung terbuka."), fix=_("Tutup beberapa, lalu coba lagi."))
    if not protected:
        return
    limit = purposes.limit_of(role)
    others = recent.filter(role=role, was_protected=True).exclude(camera=camera)
    in_hour = others.values("camera").distinct().count()
    in_area = others.filter(camera__target__kelurahan=camera.target.kelurahan_id).values("camera").distinct().count()
    at_once = others.filter(is_open).count()
    if in_hour >= limit.cameras_an_hour or in_area >= limit.per_area_an_hour or at_once >= limit.at_once:
        raise TooManyLooks(
            _("Batas membuka kamera yang dilindungi untuk peran Anda tercapai dalam satu jam ini."),
            fix=_("Tunggu, atau minta supervisor membukanya."),
        )


def _row_that_goes_on(
    camera: Camera, by: Any, hat: str, why: Why, incident: Any, at: datetime
) -> WatchSession | None:  # fmt: skip
    """A closed row of minutes ago, same person, hat, place and purpose; taken over by exactly one who asks."""
    same = WatchSession.objects.filter(
        camera=camera, person=by, hat=hat, place=_one_of(why.place, PLACES), purpose=why.purpose, note=why.note[:300],
        incident=incident, ended_at__gte=at - GOES_ON, ticket="",
    ).exclude(ended_by=WatchSession.Ending.REVOKED)  # fmt: skip
    row = same.order_by("-pk").first()
    if row is None or not same.filter(pk=row.pk).update(ticket="-"):
        return None
    return row


@dataclass(frozen=True)
class Entry:
    """What a ticket was good for."""

    watch_id: int
    camera_id: int
    person_id: int
    stream: str


def come_in(ticket: str, *, by: Any, session_key: str, at: datetime) -> Entry | None:
    """Exchange the ticket, once. None for anything not right: old, used, altered, of another sign-in or person."""
    try:
        said = signing.loads(ticket, salt=SALT, max_age=TICKET_S)
        watch_id, code, mark, stream = int(said["w"]), str(said["t"]), str(said["s"]), str(said["m"])
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return None
    if mark != _session_mark(session_key) or not code:
        return None
    taken = WatchSession.objects.filter(pk=watch_id, ticket=code, person=by)
    if not taken.update(
        ticket="", opened_at=at, last_seen_at=at, ended_at=None, ended_by="", times=F("times") + 1
    ):  # fmt: skip
        return None
    camera_id = WatchSession.objects.values_list("camera_id", flat=True).get(pk=watch_id)
    return Entry(watch_id, camera_id, by.pk, _one_of(stream, STREAMS))


def still_watching(watch_ids: list[int], at: datetime) -> None:
    for start in range(0, len(watch_ids), 500):
        WatchSession.objects.filter(pk__in=watch_ids[start : start + 500]).update(last_seen_at=at)


def end_watching(watch_id: int, at: datetime, *, why: str = "left") -> None:
    """Count what was watched since it was opened; twice is once."""
    row = WatchSession.objects.filter(pk=watch_id, ended_at=None).first()
    if row is None or row.opened_at is None:
        return
    seconds = max(0, round((at - row.opened_at).total_seconds()))
    WatchSession.objects.filter(pk=watch_id, ended_at=None).update(
        ended_at=at, ended_by=why, last_seen_at=at, watched_s=F("watched_s") + seconds
    )


def close_what_the_last_hub_left() -> int:
    """Rows of watchers whose hub died: they end when they were last seen."""
    left = list(WatchSession.objects.filter(ended_at=None, opened_at__isnull=False))
    for row in left:
        end_watching(row.pk, row.last_seen_at or row.asked_at, why="hub_lost")
    return len(left)
