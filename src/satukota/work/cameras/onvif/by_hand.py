"""SOAP to an ONVIF device written by hand: for what a person waits for, or what is asked of a hundred boxes all day.

The library takes a second to load its descriptions. Answers come through `fetching` and `envelopes`, as everything
from devices does. Login: WS-Security UsernameToken with PasswordDigest, dated by the device's own clock.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from . import envelopes
from .fetching import MAX_ANSWER, FetchFault, fetch

LIMIT_S = 5.0
_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" xmlns:tse="http://www.onvif.org/ver10/search/wsdl" '
    'xmlns:trp="http://www.onvif.org/ver10/replay/wsdl"'
)
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


class CallFault(Exception):
    """`cause`: as in FetchFault, or hostile_xml, not_onvif, login_refused, not_supported, device_error. No secrets."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Door:
    """One service of a device, and how we come in."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    offset_s: float = 0.0
    """the device's clock minus ours: a token dated otherwise is refused"""


def dialled(told: str, device_url: str) -> str:
    """With the host and port we dialled: behind NAT a device writes its inner address."""
    reached = urlsplit(device_url)
    return urlsplit(told)._replace(scheme=reached.scheme, netloc=reached.netloc).geturl()


async def call(door: Door, body: str, *, limit_s: float = LIMIT_S, most_bytes: int = MAX_ANSWER) -> envelopes.Element:
    """The envelope of the answer. Raises CallFault."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {_SPACES}><s:Header>{_token(door)}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    try:
        answer = await fetch("POST", door.url, content=content, headers=headers, limit_s=limit_s, most_bytes=most_bytes)
        told = envelopes.parsed(answer.body)
    except FetchFault as fault:
        raise CallFault(fault.cause) from None
    except envelopes.BadXml as bad:
        raise CallFault("hostile_xml" if bad.is_hostile else "not_onvif") from None
    if envelopes.local(told) != "Envelope":
        raise CallFault("not_onvif")
    if answer.status == 401 or b"NotAuthorized" in answer.body[:20_000]:
        raise CallFault("login_refused")
    if answer.status != 200 or envelopes.first(told, "Fault") is not None:
        raise CallFault("not_supported" if b"ActionNotSupported" in answer.body[:20_000] else "device_error")
    return told


def _token(door: Door) -> str:
    if not door.username:
        return ""
    nonce = os.urandom(16)
    created = (datetime.now(UTC) + timedelta(seconds=door.offset_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = base64.b64encode(nonce).decode()
    proof = base64.b64encode(hashlib.sha1(nonce + created.encode() + door.password.encode()).digest()).decode()
    return (
        f'<w:Security xmlns:w="{_SECURITY}" xmlns:u="{_UTILITY}"><w:UsernameToken>'
        f'<w:Username>{escape(door.username)}</w:Username><w:Password Type="{_DIGEST}">{proof}</w:Password>'
        f'<w:Nonce EncodingType="{_BASE64}">{told}</w:Nonce><u:Created>{created}</u:Created>'
        "</w:UsernameToken></w:Security>"
    )
