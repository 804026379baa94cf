"""The city's single sign-on (OpenID Connect). It opens accounts that were invited; it never makes one.

Who somebody is there ("sub") is bound to the account once: stated at the invitation, or at the first sign-in by an
e-mail address the provider has verified and exactly one invited account carries.
"""

import logging
from collections.abc import Mapping
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.shortcuts import render

from satukota.base import clock
from satukota.base.audit import actions as audit

from . import invitations
from .models import User
from .openid.tokens import TokenRefused

log = logging.getLogger("satukota.refused")
MANY_FACTORS = {"mfa", "otp", "hwk", "swk", "sc", "fpt", "face"}  # RFC 8176, amr values beyond a password alone
MANY_FACTORS_ACR = {"http://schemas.openid.net/pape/policies/2007/06/multi-factor", "phr", "phrh"}  # OIDC EAP ACR 1.0


class CitySignOn(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Any:
        """The provider is asked where its metadata say, and nowhere it sends us on to: code and secret stay there."""
        line = super().get_requests_session()
        line.max_redirects = 0
        return line

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the invited account, or end here with a sentence."""
        subject = sociallogin.account.uid
        if not sociallogin.is_existing:
            user = _invited(subject, sociallogin)
            if user is None:
                audit.record("accounts.sso_refused", by=AnonymousUser(), at=clock.now(), after={"subject": subject})
                raise ImmediateHttpResponse(render(request, "accounts/sso_unknown.html", status=403))
            _bind(request, sociallogin, user, subject)
        invitations.accept_by_sign_on(sociallogin.user, at=clock.now())

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """A line of the log. Only our own words are repeated: others' may hold what the provider answered."""
        why = str(exception) if isinstance(exception, TokenRefused) else type(exception).__name__
        log.warning("single sign-on refused: %s (%s)", error, why)


def _invited(subject: str, sociallogin: Any) -> User | None:
    """By the stated subject; else by a verified address that one account alone carries. No sample people."""
    people = User.objects.filter(is_sample=False)
    stated = people.filter(sso_subject=subject).first()
    if stated is not None:
        return stated
    addresses = {address.email for address in sociallogin.email_addresses if address.verified is True and address.email}
    found = [user for email in addresses for user in people.filter(email__iexact=email, sso_subject="")[:2]]
    return found[0] if len(found) == 1 else None


def _bind(request: HttpRequest, sociallogin: Any, user: User, subject: str) -> None:
    sociallogin.connect(request, user)
    if user.sso_subject != subject:
        user.sso_subject = subject
        user.save(update_fields=["sso_subject"])
    audit.record("accounts.sso_bound", by=user, at=clock.now(), on=user, after={"subject": subject})


def showed_second_factor(signal_kwargs: Mapping[str, Any] | None) -> bool:
    """Whether this sign-in came through a provider the city trusts for it, and its ID token says more than a password.

    Only the ID token counts, never what the user-info endpoint repeats (OIDC Core 2: amr, acr).
    """
    sociallogin = (signal_kwargs or {}).get("sociallogin")
    if sociallogin is None or not settings.OIDC_TRUSTS_MFA:
        return False
    told = (sociallogin.account.extra_data or {}).get("id_token") or {}
    methods = told.get("amr")
    return bool(
        (isinstance(methods, list) and MANY_FACTORS & {str(method) for method in methods})
        or told.get("acr") in MANY_FACTORS_ACR
    )
