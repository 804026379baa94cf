"""The two addresses of single sign-on, where allauth looks for them: beside the provider."""

from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from requests import RequestException

from .provider import CityAdapter

NOT_UNDERSTOOD = (OAuth2Error, RequestException, KeyError, TypeError, ValueError, AttributeError)


class WithTheProvider:
    """A provider that is away, or answers with what is no answer, ends in the usual page and a line of the log."""

    adapter: Any

    def dispatch(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        self.adapter.provider_id = provider_id
        provider = self.adapter.get_provider()
        try:
            answer: HttpResponse = super().dispatch(request)  # type: ignore[misc]
        except NOT_UNDERSTOOD as problem:
            answer = render_authentication_error(request, provider, exception=problem)
        return answer


class Login(WithTheProvider, OAuth2LoginView):
    pass


class Callback(WithTheProvider, OAuth2CallbackView):
    pass


both = [
    path("login/", Login.adapter_view(CityAdapter), name="openid_connect_login"),
    path("login/callback/", Callback.adapter_view(CityAdapter), name="openid_connect_callback"),
]
urlpatterns = [re_path(r"^oidc/(?P<provider_id>[^/]+)/", include(both))]
