"""allauth's OpenID Connect with what it leaves out: nonce, signature of the ID token, the issuer's own name, one `sub`.

allauth binds the answer to the session by state and PKCE. It takes an ID token from the token endpoint unsigned, knows
no nonce, and believes the subject of the user-info endpoint without comparing it (OpenID Connect Core 1.0, 5.3.2).
"""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest

from . import tokens


class CityAdapter(OpenIDConnectOAuth2Adapter):
    """One sign-in. Every refusal is an OAuth2Error, which becomes the usual page."""

    nonce = ""  # what the ID token must repeat

    def __init__(self, request: HttpRequest, provider_id: str = "") -> None:
        super().__init__(request, provider_id)

    def get_provider(self) -> Any:
        try:
            return super().get_provider()
        except SocialApp.DoesNotExist as missing:
            raise Http404 from missing

    @property
    def openid_config(self) -> dict[str, Any]:
        """Raises TokenRefused when who answers calls itself something else (OpenID Connect Discovery 1.0, 4.3)."""
        told: dict[str, Any] = super().openid_config
        if str(told.get("issuer", "")).rstrip("/") != self.get_provider().app.settings["server_url"]:
            raise tokens.TokenRefused("the provider has another name than our setting")
        return told

    def get_access_token_data(
        self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: str | None = None
    ) -> Any:
        self.nonce = tokens.nonce_of(pkce_code_verifier) if pkce_code_verifier else ""
        return super().get_access_token_data(request, app, client, pkce_code_verifier=pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Raises TokenRefused without a good ID token, or when user-info speaks of somebody else."""
        data = {"id_token": self._decode_id_token(app, kwargs["response"].get("id_token"))}
        if "userinfo_endpoint" in self.openid_config:
            data["userinfo"] = self._fetch_user_info(token.token)
            if data["userinfo"].get("sub") != data["id_token"]["sub"]:
                raise tokens.TokenRefused("user-info speaks of somebody else")
        return self.get_provider().sociallogin_from_response(request, data)

    def _decode_id_token(self, app: Any, id_token: Any) -> dict[str, Any]:
        with get_adapter().get_requests_session() as line:
            answer = line.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        issuer = self.openid_config["issuer"]
        return tokens.claims_of(id_token, answer.json(), issuer=issuer, client_id=app.client_id, nonce=self.nonce)


class CityProvider(OpenIDConnectProvider):
    oauth2_adapter_class = CityAdapter

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """allauth lets the address add parameters; ours are the settings' alone."""
        return dict(self.get_auth_params())

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return list(self.get_scope())

    def get_pkce_params(self) -> dict[str, str]:
        """Goes to the provider, but for `code_verifier`, which stays in the session."""
        sent: dict[str, str] = super().get_pkce_params()
        return sent | {"nonce": tokens.nonce_of(sent["code_verifier"])}
