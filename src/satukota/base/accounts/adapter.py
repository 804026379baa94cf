"""Nobody signs up by themselves: accounts are made by the city. Sample people sign in only in the sample city."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from satukota.base import clock
from satukota.base.audit import actions as audit


class InvitedOnly(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        if user.is_sample and not settings.SAMPLE:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        audit.record("accounts.signed_in", by=user, at=clock.now(), on=user)
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            audit.record("accounts.signed_out", by=request.user, at=clock.now(), on=request.user)
        super().logout(request)
