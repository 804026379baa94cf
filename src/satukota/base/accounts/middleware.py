"""Stands between a password and the staff pages: without a second factor only the pages that add one are open."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from satukota.base import hardening

from . import second_factor, sessions
from .local import is_local

OPEN_NAMES = {
    "accounts:secure", "account_logout", "account_reauthenticate", "account_login", "account_inactive", "set_language",
    "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
SIGN_OUT, HEALTHY = "/akun/logout/", "/sehat"
PUBLIC_SPACES = {"portal"}  # pages for everybody: shown as to anybody
PUBLIC_PATHS = ("/api/", "/sehat")  # no page to be sent to: answered as to anybody


class AccountMiddleware:
    """Needs sessions and authentication before it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/akun/"):
            response = self.get_response(request)
            add_never_cache_headers(response)
            if request.path == SIGN_OUT and request.method == "POST":  # what the browser kept of these pages goes, too
                response.headers["Clear-Site-Data"] = '"cache", "storage"'
            return response
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.path == HEALTHY:
            return None  # answers while the database is away, so nobody asks who it is
        user = request.user
        if not user.is_authenticated:
            return None
        refusal = hardening.account_must_wait(request)
        if refusal is not None:
            return refusal
        if settings.MFA == "required" and user.is_sample and not (settings.SAMPLE and is_local(request)):
            auth.logout(request)  # no second factor, so only from this machine
            return redirect("account_login")
        if not second_factor.is_owed(user, request.session):
            sessions.seen(request)
            return None
        return self._hold(request)

    def _hold(self, request: HttpRequest) -> HttpResponse | None:
        found = request.resolver_match
        if found is None or found.view_name in OPEN_NAMES:
            return None
        if found.namespace in PUBLIC_SPACES or request.path.startswith(PUBLIC_PATHS):
            request.user = AnonymousUser()
            return None
        way = reverse("accounts:secure")
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": way})
        return redirect(way)
