"""Closing an account and opening it again. Nothing is deleted: the audit log goes on naming who did what.

Who may close whom is for the caller (city).
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError

from . import sessions
from .models import Invitation, User


@transaction.atomic
def close(user: User, *, why: str, by: Any, at: datetime) -> int:
    """Nobody signs in with it any more, and who is signed in is out; how many sessions ended. Raises AlreadyDone.

    An invitation still open is revoked: it would open the account again.
    """
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        raise AlreadyDone(_("Akun ini sudah ditutup."), fix=_("Muat ulang halaman."))
    user.is_active = False
    Invitation.objects.filter(user=user, used_at=None, revoked_at=None).update(revoked_at=at)
    ended = sessions.end_all(user, but=None, by=by, at=at, why=why)
    audit.record("accounts.closed", on=user, by=by, at=at, before=True, after=False, why=why)
    return ended


@transaction.atomic
def reopen(user: User, *, why: str, by: Any, at: datetime) -> None:
    """The owner signs in as before, with the same password and second factor. Raises AlreadyDone, UserError."""
    if not user.has_usable_password() and not user.sso_subject:
        raise UserError(_("Akun ini belum pernah dibuka pemiliknya."), fix=_("Undang lagi dari daftar akun."))
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise AlreadyDone(_("Akun ini sudah aktif."), fix=_("Muat ulang halaman."))
    user.is_active = True
    audit.record("accounts.reopened", on=user, by=by, at=at, before=False, after=True, why=why)
