"""What allauth tells us: each becomes a row of the audit log. Connected once, in AccountsConfig.ready()."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in
from django.utils import timezone

from satukota.base import clock
from satukota.base.audit import actions as audit

from . import second_factor, session_store, sessions
from .adapter import forget_unused_secrets


def connect() -> None:
    user_logged_in.connect(_signed_in)
    mfa.authenticator_added.connect(_factor_added)
    mfa.authenticator_removed.connect(_factor_removed)
    mfa.authenticator_reset.connect(_codes_renewed)
    mfa.authenticator_used.connect(_factor_used)
    mfa.authentication_failed.connect(_factor_failed)
    account.password_changed.connect(_password_changed)
    account.password_reset.connect(_password_changed)


def _signed_in(request: Any, **_: Any) -> None:
    request.session[session_store.SIGNED_IN_AT] = int(timezone.now().timestamp())  # the clock sessions are kept by


def _record(act: str, user: Any, **more: Any) -> None:
    audit.record(act, by=user, at=clock.now(), on=user, **more)


def _factor_added(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type in second_factor.FACTORS:
        second_factor.vouch(request.session, user)
    _record("accounts.factor_added", user, after=authenticator.type)


def _factor_removed(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    """Other sessions end; this one must show again that a factor is left."""
    request.session.pop(second_factor.SESSION_KEY, None)
    _record("accounts.factor_removed", user, before=authenticator.type)
    forget_unused_secrets(user)
    sessions.end_all(user, but=request.session.session_key, by=user, at=clock.now(), why="factor removed")


def _codes_renewed(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    forget_unused_secrets(user)
    _record("accounts.recovery_codes_renewed", user)


def _factor_used(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    _record("accounts.factor_used", user, after=authenticator.type)


def _factor_failed(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    audit.record("accounts.factor_failed", by=request.user, at=clock.now(), on=user, after=authenticator.type)


def _password_changed(request: Any, user: Any, **_: Any) -> None:
    """A changed password ends what was signed in with the old one."""
    _record("accounts.password_changed", user)
    sessions.end_all(user, but=request.session.session_key, by=user, at=clock.now(), why="password changed")
