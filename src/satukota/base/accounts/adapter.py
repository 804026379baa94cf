"""How allauth signs people in here: invited only, waiting after failures, every step on the audit log."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from satukota.base import clock
from satukota.base.audit import actions as audit

from . import lockout, second_factor, single_sign_on
from .local import host_name, is_local
from .models import FactorSecret, User

SECRET_MARK = "kept:"


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up by themselves: accounts are made by the city. Sample people sign in only in the sample city."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy("Nama pengguna atau kata sandi tidak cocok."),
        "incorrect_password": gettext_lazy("Kata sandi tidak cocok."),
        "too_many_login_attempts": gettext_lazy("Terlalu banyak percobaan. Tunggu beberapa menit, lalu coba lagi."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError while the name or the address must wait; the password is then not looked at."""
        claim_attempt(request, credentials.get("username", ""))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None:
            forgive_attempt(request, credentials.get("username", ""))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """The name is written down only when it is somebody's: people type passwords into the wrong field."""
        user = User.objects.filter(username__iexact=credentials.get("username", "")).first()
        after = {"address": self.get_client_ip(request)}
        audit.record("accounts.sign_in_failed", by=AnonymousUser(), at=clock.now(), on=user, after=after)

    def get_login_stages(self) -> list[str]:
        ours = f"{SecondFactorStage.__module__}.{SecondFactorStage.__name__}"
        theirs = f"{AuthenticateStage.__module__}.{AuthenticateStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        if user.is_sample and not (settings.SAMPLE and is_local(request)):
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        if single_sign_on.showed_second_factor(kwargs.get("signal_kwargs")):
            second_factor.vouch(request.session, user)
        elif second_factor.is_owed(user, request.session):
            # The first factor is enrolled right after the password: it is not asked for twice.
            record_authentication(request, user, method="password", reauthenticated=True)
        audit.record(
            "accounts.signed_in", by=user, at=clock.now(), on=user, after={"address": self.get_client_ip(request)}
        )
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            audit.record("accounts.signed_out", by=request.user, at=clock.now(), on=request.user)
        super().logout(request)


def claim_attempt(request: HttpRequest, name: str) -> None:
    """Count an attempt at the account called `name`. Raises ValidationError with the time to wait."""
    at, address = clock.now(), InvitedOnly().get_client_ip(request)
    claimed = lockout.claim([lockout.address_key(address), lockout.account_key(name)], at)
    if claimed.locks:
        user = User.objects.filter(username__iexact=name).first()
        audit.record("accounts.locked_out", by=AnonymousUser(), at=at, on=user, after={"address": address})
    if claimed.wait_s:
        wait = _words(claimed.wait_s)
        raise ValidationError(_("Terlalu banyak percobaan. Coba lagi dalam %(wait)s.") % {"wait": wait})


def forgive_attempt(request: HttpRequest, name: str) -> None:
    address = lockout.address_key(InvitedOnly().get_client_ip(request))
    lockout.forgive(lockout.account_key(name), address, clock.now())


def _words(seconds: int) -> str:
    if seconds < 60:
        return ngettext("%(n)d detik", "%(n)d detik", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)d menit", "%(n)d menit", minutes) % {"n": minutes}


class SecondFactorStage(AuthenticateStage):
    """Asks for the second factor, unless the single sign-on has shown one and the city trusts it for that."""

    def _should_handle(self, request: HttpRequest) -> bool:
        if single_sign_on.showed_second_factor(self.login.signal_kwargs):
            return False
        return super()._should_handle(request)


class SecondFactors(DefaultMFAAdapter):
    """Secrets in a sealed column of ours, where `satukota keys rotate` finds them; names in Indonesian."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": gettext_lazy("Kode tidak cocok.")}

    def encrypt(self, text: str) -> str:
        return f"{SECRET_MARK}{FactorSecret.objects.create(user_id=context.request.user.pk, secret=text).pk}"

    def decrypt(self, encrypted_text: str) -> str:
        row = FactorSecret.objects.get(pk=int(encrypted_text.removeprefix(SECRET_MARK)))
        return row.secret.open()

    def get_totp_issuer(self) -> str:
        return "Satukota"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": host_name(context.request), "name": "Satukota"}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Kunci sandi %(number)d") % {"number": number}


def forget_unused_secrets(user: Any) -> None:
    """Delete secrets no authenticator of `user` refers to any more."""
    rows = Authenticator.objects.filter(user_id=user.pk).values_list("data", flat=True)
    marks = [str(data.get(name, "")) for data in rows for name in ("secret", "seed")]
    used = [int(mark.removeprefix(SECRET_MARK)) for mark in marks if mark.startswith(SECRET_MARK)]
    FactorSecret.objects.filter(user_id=user.pk).exclude(pk__in=used).delete()
