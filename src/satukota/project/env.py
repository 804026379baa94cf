"""Reads settings from the environment and refuses unclear values at start."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from satukota.base import databases


class UnclearSetting(SystemExit):
    """Raised at start, so the process ends with one sentence and no trace."""


def text(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file named by NAME_FILE (for secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise UnclearSetting(f"{name}_FILE={path} cannot be read: {problem.strerror}") from problem
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """Only 1/0, true/false, yes/no are clear; anything else stops the start."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no", ""}:
        return False
    raise UnclearSetting(f"{name} must be 1 or 0, not {value!r}")


def whole(name: str, default: int, *, least: int, most: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise UnclearSetting(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)


def one_of(name: str, default: str, allowed: set[str]) -> str:
    value = text(name, default).lower()
    if value not in allowed:
        raise UnclearSetting(f"{name} must be one of {', '.join(sorted(allowed))}, not {value!r}")
    return value


def single_sign_on() -> dict[str, object]:
    """SATUKOTA_OIDC_… as allauth's OpenID Connect provider; without an APPS when the city has none."""
    spoken = {"provider_class": "satukota.base.accounts.openid.provider.CityProvider", "OAUTH_PKCE_ENABLED": True}
    issuer = text("SATUKOTA_OIDC_ISSUER").rstrip("/")
    if not issuer:
        return spoken
    parts = urlsplit(issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}):
        raise UnclearSetting(f"SATUKOTA_OIDC_ISSUER must start with https://, not {issuer!r}")
    client_id, secret = text("SATUKOTA_OIDC_CLIENT_ID"), text("SATUKOTA_OIDC_CLIENT_SECRET")
    if not client_id or not secret:
        raise UnclearSetting("SATUKOTA_OIDC_ISSUER needs SATUKOTA_OIDC_CLIENT_ID and SATUKOTA_OIDC_CLIENT_SECRET too")
    app = {
        "provider_id": "kota",
        "name": text("SATUKOTA_OIDC_NAME", "akun pegawai"),
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }
    return spoken | {"APPS": [app]}


def rate(name: str, default: str) -> str:
    """How many in which time: 600/m (s, m, h, d); empty when the number is 0: no limit."""
    value = text(name, default)
    number, slash, unit = value.partition("/")
    if not slash or not number.isdecimal() or unit not in {"s", "m", "h", "d"}:
        raise UnclearSetting(f"{name} must be a number, a slash and s, m, h or d, as {default}, not {value!r}")
    return value if int(number) else ""


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty entries."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str, default_file: Path) -> dict[str, object]:
    """DATABASE_URL as Django settings: empty means SQLite in `default_file`; else sqlite:///PATH or postgresql://…"""
    url = text(name)
    if not url:
        return databases.sqlite_settings(str(default_file))
    try:
        return databases.settings_of(url)
    except ValueError as problem:
        raise UnclearSetting(f"{name}: {problem}") from problem
