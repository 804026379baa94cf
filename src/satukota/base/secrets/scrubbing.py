"""The last net under the log: what looks like a secret, or is one of ours, is masked before a line is written."""

import logging
import re
from collections.abc import Iterator

from django.conf import settings

from .masks import HIDDEN

LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)")
TOKEN = re.compile(r"(?:s1\.[0-9a-f]{10}\.)?gAAAAA[\w=-]{40,}")
NAMED = re.compile(
    r"(?i)\b((?:[a-z_]*(?:password|passwd|sandi|secret|token|api_key))['\"]?\s*[=:]\s*['\"]?)([^\s'\"&,;]{4,})"
)
AUTHORIZATION = re.compile(r"(?i)\b(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer|digest)?\s*)([^\s'\"]{4,})")
LEAST = 8  # a shorter value would mask ordinary words


class SecretsFilter(logging.Filter):
    """Rewrites message and traceback of each record; never drops one."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg, record.args = scrubbed(record.getMessage()), ()
        except (TypeError, ValueError):  # a format that does not fit its arguments: the handler says so itself
            return True
        if record.exc_info and not record.exc_text:
            record.exc_text = scrubbed(logging.Formatter().formatException(record.exc_info))
        return True


def scrubbed(text: str) -> str:
    for value in _ours():
        text = text.replace(value, HIDDEN)
    text = TOKEN.sub(HIDDEN, LOGIN_IN_URL.sub(HIDDEN, text))
    return NAMED.sub(rf"\1{HIDDEN}", AUTHORIZATION.sub(rf"\1{HIDDEN}", text))


def _ours() -> Iterator[str]:
    """Secrets of this installation that stand in its settings."""
    gateways = getattr(settings, "MESSAGE_GATEWAYS", {}).values()
    sign_on = getattr(settings, "SOCIALACCOUNT_PROVIDERS", {}).get("openid_connect", {}).get("APPS", [])
    given = [settings.SECRET_KEY, settings.HASH_KEY, settings.AUDIT_KEY, settings.BACKUP_PASSPHRASE]
    given += [settings.SIGNING_PASSWORD, settings.SIGNING_OWN_KEY]
    given += [settings.EMAIL_HOST_PASSWORD, settings.DATABASES["default"].get("PASSWORD"), *settings.SECRET_KEYS]
    given += [each.get("token") for each in gateways] + [each.get("secret") for each in sign_on]
    yield from (value for value in given if isinstance(value, str) and len(value) >= LEAST)
