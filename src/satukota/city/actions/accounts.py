"""Who of the register gets an account, and whose is closed. What an invitation is, base.accounts knows; whom one may
invite, access."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.accounts import closing, invitations, sessions
from satukota.base.accounts.models import Invitation
from satukota.base.errors import AlreadyDone, Missing, UserError

from .. import access
from ..models import Person
from . import keepers
from .storing import facts_of, store


@dataclass(frozen=True)
class Invited:
    """The token is known here and now, never again. `may_show` is False when only the person's own mail may have it."""

    person: Person
    invitation: Invitation
    token: str
    may_show: bool


@transaction.atomic
def invite_person(
    person_id: int, *, username: str, email: str, sso_subject: str, by: Any, at: datetime
) -> Invited:  # fmt: skip
    """An account for somebody in the register who has none. Raises UserError, AlreadyDone, Missing."""
    person = access.person_to_edit(by, person_id, "accounts.invite")
    if person.user_id is not None:
        raise AlreadyDone(
            _("%(person)s sudah punya akun.") % {"person": person}, fix=_("Undang lagi dari daftar akun.")
        )
    if person.is_sample:
        raise UserError(_("Orang contoh tidak diundang."), fix=_("Daftarkan orang sungguhan."))
    was = facts_of(person)
    invitation, token = invitations.invite(
        username=username, full_name=person.name, email=email, sso_subject=sso_subject, by=by, at=at
    )
    person.user = invitation.user
    store(person, "city.person_invited", by=by, at=at, was=was)
    return Invited(person, invitation, token, may_show=True)


@transaction.atomic
def invite_person_again(person_id: int, *, by: Any, at: datetime) -> Invited:
    """A fresh link, also for who lost every way in. Raises UserError, Missing.

    Into an account already open the link goes to its own e-mail address only: otherwise who may invite could walk into
    anybody's account. Without an address it is shown, and the audit log says who asked for it.
    """
    person = _with_account(person_id, by)
    if by is not None and by.pk == person.user_id:
        raise UserError(_("Undangan untuk diri sendiri dibuat oleh orang lain."), fix=_("Minta pengelola akun lain."))
    invitation, token = invitations.invite_again(person.user, by=by, at=at)
    return Invited(person, invitation, token, may_show=not (person.user.is_active and person.user.email))


@transaction.atomic
def revoke_invitation(person_id: int, *, by: Any, at: datetime) -> Invitation:
    """The person's open link no longer works. Raises AlreadyDone, Missing."""
    person = _with_account(person_id, by)
    waiting = Invitation.objects.filter(user=person.user, used_at=None, revoked_at=None).first()
    if waiting is None:
        raise AlreadyDone(_("Undangan ini sudah dipakai atau dicabut."), fix=_("Muat ulang halaman."))
    return invitations.revoke(waiting.pk, by=by, at=at)


@transaction.atomic
def close_account(person_id: int, *, why: str, by: Any, at: datetime) -> Person:
    """The person is signed out everywhere and signs in no more; duties and traces stay. Raises UserError, Missing.

    Nobody closes their own, nor that of the last one who may invite anybody.
    """
    person = _with_account(person_id, by)
    _refuse_oneself(person, by)
    if keepers.lock(at) == {person.user_id}:
        raise keepers.refuse_last(person)
    closing.close(person.user, why=_reason(why), by=by, at=at)
    return person


@transaction.atomic
def reopen_account(person_id: int, *, why: str, by: Any, at: datetime) -> Person:
    """Raises UserError, AlreadyDone, Missing."""
    person = _with_account(person_id, by)
    _refuse_oneself(person, by)
    closing.reopen(person.user, why=_reason(why), by=by, at=at)
    return person


@transaction.atomic
def end_sessions(person_id: int, *, why: str, by: Any, at: datetime) -> Person:
    """Sign the person out wherever they are signed in; the account stays open. Raises UserError, Missing."""
    person = _with_account(person_id, by)
    sessions.end_all(person.user, but=None, by=by, at=at, why=_reason(why))
    return person


def _reason(why: str) -> str:
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis alasannya; tercatat di log audit."))
    return why.strip()


def _refuse_oneself(person: Person, by: Any) -> None:
    if by is not None and by.pk == person.user_id:
        raise UserError(
            _("Akun sendiri tidak dapat ditutup atau dibuka kembali sendiri."), fix=_("Minta pengelola akun lain.")
        )


def _with_account(person_id: int, by: Any) -> Person:
    person = access.person_to_edit(by, person_id, "accounts.invite")
    if person.user_id is None:
        raise Missing(_("%(person)s belum punya akun.") % {"person": person}, fix=_("Undang dahulu."))
    return person
