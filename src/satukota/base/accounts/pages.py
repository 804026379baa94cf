"""The person's own account: invitation, enrolment, where they are signed in; and the way in for sample people.

Who may open which of these stands where they get their addresses (project/account_urls.py).
"""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.audit import actions as audit

from . import invitations, sample_links, second_factor, sessions
from .forms import AcceptForm
from .local import can_hold_passkeys, is_local

INVITATION_KEY = "invitation"  # in the session, so that the token leaves the address bar and the referrer


@require_GET
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Looks at the link without using it up: mail programs open links, too."""
    invitations.open_invitation(token, clock.now())
    request.session[INVITATION_KEY] = token
    return redirect("accounts:accept")


@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    token = request.session.get(INVITATION_KEY, "")
    user = invitations.open_invitation(token, clock.now()).user
    form = AcceptForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(token, password=form.cleaned_data["password1"], at=clock.now())
        except ValidationError as problem:
            form.add_error("password1", problem)
        else:
            request.session.flush()
            record_authentication(request, user, method="password", reauthenticated=True)
            return perform_login(request, user, email_verification="none")
    return render(request, "accounts/accept.html", {"form": form, "invited": user}, status=422 if form.errors else 200)


@require_GET
def secure(request: HttpRequest) -> HttpResponse:
    """The one page between a password and the work: choose a second factor."""
    if not second_factor.is_owed(request.user, request.session):
        return redirect("accounts:mine")
    return render(request, "accounts/secure.html", {"passkeys": can_hold_passkeys(request)})


@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/mine.html", _mine(request))


def _mine(request: HttpRequest) -> dict[str, Any]:
    factors = list(Authenticator.objects.filter(user_id=request.user.pk).order_by("created_at"))
    codes = next((row for row in factors if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "app": next((row for row in factors if row.type == Authenticator.Type.TOTP), None),
        "keys": [row for row in factors if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "passkeys": can_hold_passkeys(request),
        "places": sessions.places_of(request.user, request.session.session_key),
        "required": settings.MFA == "required",
    }


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    sessions.end(request.user, pk, by=request.user, at=clock.now())
    messages.success(request, _("Perangkat itu sudah dikeluarkan."))
    return redirect("accounts:mine")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    here = request.session.session_key
    ended = sessions.end_all(request.user, but=here, by=request.user, at=clock.now())
    messages.success(request, _("%(n)d perangkat lain sudah dikeluarkan.") % {"n": ended})
    return redirect("accounts:mine")


@require_GET
def sample_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """A sample person at this very machine, in the sample city; to everybody else no such page."""
    user = sample_links.person_behind(token) if settings.SAMPLE and is_local(request) else None
    if user is None:
        raise Http404
    if request.user.is_authenticated and request.user.pk == user.pk:
        return redirect(settings.LOGIN_REDIRECT_URL)
    request.session.flush()
    audit.record("accounts.sample_link_used", by=user, at=clock.now(), on=user)
    return perform_login(request, user, email_verification="none")


def closed(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Pages of the account library this city has no use for: nobody signs up or links accounts by themselves."""
    raise Http404
