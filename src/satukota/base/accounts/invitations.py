"""Accounts by invitation: a link that works once, for a while, until revoked.

Who may invite whom is for the caller (city); here only what an invitation is. The link is known to the inviter for one
moment; the database keeps its hash.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError

from . import names, sessions
from .models import FactorSecret, Invitation, User

LASTS = timedelta(days=3)
TOKEN_BYTES = 32


@transaction.atomic
def invite(
    *, username: str, full_name: str, email: str = "", sso_subject: str = "", by: Any, at: datetime
) -> tuple[Invitation, str]:
    """A new account that nobody can use yet, and the token that opens it. Raises UserError.

    The token is returned once and kept nowhere; the caller shows or sends it.
    """
    name = username.strip()
    _refuse_name(name)
    first, _space, last = full_name.strip().partition(" ")
    user = User(username=name, first_name=first[:150], last_name=last[:150], email=email.strip(), is_active=False,
                sso_subject=sso_subject.strip())  # fmt: skip
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise UserError(
            _("Nama pengguna atau identitas itu sudah dipakai."), fix=_("Pilih nama pengguna lain.")
        ) from None
    return _open(user, "accounts.invited", by=by, at=at)


@transaction.atomic
def invite_again(user: User, *, by: Any, at: datetime) -> tuple[Invitation, str]:
    """A fresh link for somebody whose link ran out, or who lost every way in. Raises UserError.

    Nothing of the account changes until the link is used: a person who still gets in is not locked out by it.
    """
    if user.is_sample:
        raise UserError(_("Akun contoh masuk dengan tautan contohnya."), fix=_("Lihat daftar akun contoh."))
    return _open(user, "accounts.invited_again", by=by, at=at)


def _open(user: User, act: str, *, by: Any, at: datetime) -> tuple[Invitation, str]:
    Invitation.objects.filter(user=user, used_at=None, revoked_at=None).update(revoked_at=at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        user=user, token_hash=hash_of(token), invited_by=by, created_at=at, expires_at=at + LASTS
    )
    audit.record(act, on=user, by=by, at=at, after={"until": invitation.expires_at, "email": bool(user.email)})
    return invitation, token


@transaction.atomic
def revoke(invitation_id: int, *, by: Any, at: datetime) -> Invitation:
    """The link no longer works. Raises AlreadyDone when it was used or revoked before."""
    open_one = Invitation.objects.filter(pk=invitation_id, used_at=None, revoked_at=None)
    if not open_one.update(revoked_at=at):
        raise AlreadyDone(_("Undangan ini sudah dipakai atau dicabut."), fix=_("Muat ulang halaman."))
    invitation = Invitation.objects.select_related("user").get(pk=invitation_id)
    audit.record("accounts.invitation_revoked", on=invitation.user, by=by, at=at)
    return invitation


def hash_of(token: str) -> str:
    """The token is random and long: a plain SHA-256 cannot be turned around, and is found by index."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def open_invitation(token: str, at: datetime) -> Invitation:
    """The invitation behind a token. Raises UserError with one sentence for forged, used, revoked and run out alike."""
    rows = Invitation.objects.select_related("user")
    found = rows.filter(token_hash=hash_of(token), used_at=None, revoked_at=None, expires_at__gt=at).first()
    if found is None:
        raise no_longer()
    return found


def no_longer() -> UserError:
    return UserError(
        _("Undangan ini tidak berlaku lagi."),
        fix=_("Undangan dipakai satu kali dan berlaku tiga hari. Minta undangan baru kepada pengelola."),
        code="undangan_tidak_berlaku",
    )


@transaction.atomic
def accept(token: str, *, password: str, at: datetime) -> User:
    """Set the password and open the account; the link is used up. Raises UserError, ValidationError (the password).

    Second factors made before are gone: whoever needs an invitation has lost them, or never had any. What is still
    signed in somewhere is signed out.
    """
    invitation = open_invitation(token, at)
    user = invitation.user
    validate_password(password, user)
    _use(invitation, at)
    Authenticator.objects.filter(user_id=user.pk).delete()
    FactorSecret.objects.filter(user_id=user.pk).delete()
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    sessions.end_all(user, but=None, by=user, at=at, why="invitation accepted")
    audit.record("accounts.invitation_accepted", on=user, by=user, at=at)
    return user


@transaction.atomic
def accept_by_sign_on(user: User, *, at: datetime) -> None:
    """Signing in at the city's single sign-on accepts the invitation of an account not opened yet; else nothing."""
    if user.is_active or user.has_usable_password():
        return
    waiting = Invitation.objects.filter(user=user, used_at=None, revoked_at=None, expires_at__gt=at).first()
    if waiting is None:
        return
    _use(waiting, at)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record("accounts.invitation_accepted", on=user, by=user, at=at, why="single sign-on")


def _use(invitation: Invitation, at: datetime) -> None:
    """Claims the link, so that two people pressing at once do not both get in."""
    still_open = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None, expires_at__gt=at)
    if not still_open.update(used_at=at):
        raise no_longer()


def _refuse_name(name: str) -> None:
    try:
        names.USERNAME(name)
    except ValidationError as problem:
        raise UserError(problem.messages[0], fix=_("Misalnya: siti.aminah")) from problem
    if len(name) > names.LONGEST:
        raise UserError(_("Nama pengguna terlalu panjang."), fix=_("Paling banyak 32 tanda."))
    wanted = names.skeleton(name)
    for taken in User.objects.values_list("username", flat=True):
        if names.skeleton(taken) == wanted:
            raise UserError(
                _("Nama pengguna itu mirip dengan “%(name)s” yang sudah ada.") % {"name": taken},
                fix=_("Pilih nama yang jelas berbeda."),
            )
