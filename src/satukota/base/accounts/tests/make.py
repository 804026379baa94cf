"""People with accounts, and authenticators that answer as a phone does."""

import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.hashers import make_password

from satukota.base.accounts.models import User

PASSWORD = "jambu-perahu-lentera-7"


def make_account(username: str = "siti.aminah", **fields: Any) -> User:
    return User.objects.create(
        username=username, first_name="Siti", last_name="Contoh", **{"password": make_password(PASSWORD)} | fields
    )


def code_now(secret: str, step: int = 0) -> str:
    """What an authenticator app shows now, `step` periods later or earlier."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def sign_in(client: Any, username: str = "siti.aminah", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/akun/login/", {"login": username, "password": password}, **extra)


def enrol_app(client: Any) -> str:
    """Add an authenticator app through the pages, as a person does; its secret."""
    page = client.get("/akun/2fa/totp/activate/")
    secret = page.context["form"].secret
    done = client.post("/akun/2fa/totp/activate/", {"code": code_now(secret)})
    assert done.status_code == 302, done.context["form"].errors
    return secret
