"""Who of the register gets an account. What an invitation is, base.accounts knows; whom one may invite, access."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.accounts import invitations
from satukota.base.accounts.models import Invitation
from satukota.base.errors import AlreadyDone, Missing, UserError

from .. import access
from ..models import Person
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


def _with_account(person_id: int, by: Any) -> Person:
    person = access.person_to_edit(by, person_id, "accounts.invite")
    if person.user_id is None:
        raise Missing(_("%(person)s belum punya akun.") % {"person": person}, fix=_("Undang dahulu."))
    return person
