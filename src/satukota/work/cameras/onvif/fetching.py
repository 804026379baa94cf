"""HTTP to a device we do not trust: guarded address, bounded time and size, no redirects, no compression."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from satukota.base import addresses

MAX_ANSWER = 1024 * 1024
MAX_SNAPSHOT = 8 * 1024 * 1024
LIMIT_S = 8.0
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address at INFO


class FetchFault(Exception):
    """`cause`: address_refused, unreachable, timeout, too_large or not_http. The text holds no secret."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Fetched:
    status: int
    media_type: str
    body: bytes = field(repr=False)
    encoding: str | None = None
    challenge: str = ""
    """WWW-Authenticate"""


async def fetch(
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: dict[str, str] | None = None,
    auth: httpx.Auth | None = None,
    most_bytes: int = MAX_ANSWER,
    limit_s: float = LIMIT_S,
) -> Fetched:
    """Raises FetchFault. The name is resolved once, and what it resolved to is dialled."""
    parts = urlsplit(url)
    port = parts.port or addresses.DEFAULT_PORTS.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(limit_s):
            ip = (await addresses.resolve(parts.hostname or "", port))[0]
            return await _fetch(method, url, ip, content, headers or {}, auth, most_bytes, limit_s)
    except addresses.AddressRefused:
        raise FetchFault("address_refused") from None
    except (TimeoutError, httpx.TimeoutException):
        raise FetchFault("timeout") from None
    except (httpx.ConnectError, OSError, UnicodeError):
        raise FetchFault("unreachable") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise FetchFault("not_http") from None


async def _fetch(
    method: str,
    url: str,
    ip: str,
    content: bytes,
    headers: dict[str, str],
    auth: httpx.Auth | None,
    most_bytes: int,
    limit_s: float,
) -> Fetched:
    asked = httpx.URL(url)
    headers = {"Accept-Encoding": "identity", **headers, "Host": asked.netloc.decode()}
    async with (
        httpx.AsyncClient(verify=_any_certificate(), trust_env=False, timeout=limit_s) as client,
        client.stream(method, asked.copy_with(host=ip), content=content, headers=headers, auth=auth) as answer,
    ):
        if "content-encoding" in answer.headers:
            raise FetchFault("not_http")  # asked for none; unpacking would grow past any limit
        body = bytearray()
        async for chunk in answer.aiter_raw(65_536):
            body += chunk
            if len(body) > most_bytes:
                raise FetchFault("too_large")
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        challenge = ", ".join(answer.headers.get_list("www-authenticate"))
        return Fetched(answer.status_code, media_type, bytes(body), answer.charset_encoding, challenge)


@lru_cache(maxsize=1)
def _any_certificate() -> ssl.SSLContext:
    """Cameras sign their own; nothing secret is told that a plain connection would not tell."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
