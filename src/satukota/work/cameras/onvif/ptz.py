"""Turning a camera through ONVIF PTZ (ver20/ptz): presets, a move that ends by itself, stop.

By hand and not by the ONVIF library: a person holds a key and waits, and the library takes a second to load its
descriptions. Answers come through `fetching` and `envelopes`, as everything from devices does.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from . import clock, envelopes
from .fetching import FetchFault, fetch

LIMIT_S = 5.0
MOVE_S = 0.6  # a move ends by itself after this, whatever happens to whoever holds the key
MOST_PRESETS = 60
_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"'
)
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


class PtzFault(Exception):
    """`cause`: unreachable, timeout, not_onvif, login_refused, no_ptz, device_error; no secret in the text."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Preset:
    token: str
    name: str


@dataclass(frozen=True)
class Mount:
    """How one camera is turned: found out once, used for minutes."""

    url: str
    profile: str
    username: str
    password: str = field(repr=False)
    offset_s: float = 0.0
    """the camera's clock minus ours: a token dated otherwise is refused"""


async def find(device_url: str, username: str, password: str) -> Mount:
    """Raises PtzFault."""
    try:
        offset_s = await clock.offset_s(device_url)
    except clock.NoTime as problem:
        raise PtzFault("timeout" if str(problem) == "timeout" else "unreachable") from None
    asked = Mount(device_url, "", username, password, offset_s)
    told = await _call(asked, "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>")
    ptz = envelopes.text(envelopes.first(told, "PTZ", "XAddr"))
    if not ptz.startswith(("http://", "https://")):
        raise PtzFault("no_ptz")
    media = envelopes.text(envelopes.first(told, "Media", "XAddr")) or device_url
    at_media = Mount(_dialled(media, device_url), "", username, password, offset_s)
    profiles = [node for node in (await _call(at_media, "<trt:GetProfiles/>")).iter()
                if envelopes.local(node) == "Profiles"]  # fmt: skip
    turning = [node for node in profiles if envelopes.first(node, "PTZConfiguration") is not None]
    if not turning:
        raise PtzFault("no_ptz")
    return Mount(_dialled(ptz, device_url), str(turning[0].get("token") or "")[:64], username, password, offset_s)


async def presets(mount: Mount) -> list[Preset]:
    """Raises PtzFault."""
    told = await _call(mount, f"<tptz:GetPresets>{_profile(mount)}</tptz:GetPresets>")
    found = [node for node in told.iter() if envelopes.local(node) == "Preset"]
    named = [Preset(str(node.get("token") or "")[:64], envelopes.text(envelopes.first(node, "Name"))[:60])
             for node in found[:MOST_PRESETS]]  # fmt: skip
    return [Preset(one.token, one.name or one.token) for one in named if one.token]


async def go_to(mount: Mount, token: str) -> None:
    """Raises PtzFault."""
    preset = f"<tptz:PresetToken>{escape(token)}</tptz:PresetToken>"
    await _call(mount, f"<tptz:GotoPreset>{_profile(mount)}{preset}</tptz:GotoPreset>")


async def move(mount: Mount, pan: float, tilt: float, zoom: float) -> None:
    """Speeds from -1 to 1 for MOVE_S; all zero stops. Raises PtzFault."""
    if not (pan or tilt or zoom):
        all_of_it = "<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom>"
        body = f"<tptz:Stop>{_profile(mount)}{all_of_it}</tptz:Stop>"
    else:
        body = (
            f"<tptz:ContinuousMove>{_profile(mount)}<tptz:Velocity>"
            f'<tt:PanTilt x="{pan:.3f}" y="{tilt:.3f}"/><tt:Zoom x="{zoom:.3f}"/></tptz:Velocity>'
            f"<tptz:Timeout>PT{MOVE_S:g}S</tptz:Timeout></tptz:ContinuousMove>"
        )
    await _call(mount, body)


def _profile(mount: Mount) -> str:
    return f"<tptz:ProfileToken>{escape(mount.profile)}</tptz:ProfileToken>"


def _dialled(told: str, device_url: str) -> str:
    """With the host and port we dialled: behind NAT a device writes its inner address."""
    dialled = urlsplit(device_url)
    return urlsplit(told)._replace(scheme=dialled.scheme, netloc=dialled.netloc).geturl()


async def _call(mount: Mount, body: str) -> envelopes.Element:
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {_SPACES}><s:Header>{_token(mount)}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    try:
        answer = await fetch("POST", mount.url, content=content, headers=headers, limit_s=LIMIT_S)
        told = envelopes.parsed(answer.body)
    except FetchFault as fault:
        raise PtzFault(fault.cause) from None
    except envelopes.BadXml:
        raise PtzFault("not_onvif") from None
    if answer.status == 401 or b"NotAuthorized" in answer.body[:20_000]:
        raise PtzFault("login_refused")
    if answer.status != 200 or envelopes.first(told, "Fault") is not None:
        raise PtzFault("no_ptz" if b"ActionNotSupported" in answer.body[:20_000] else "device_error")
    return told


def _token(mount: Mount) -> str:
    if not mount.username:
        return ""
    nonce = os.urandom(16)
    created = (datetime.now(UTC) + timedelta(seconds=mount.offset_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = base64.b64encode(nonce).decode()
    proof = base64.b64encode(hashlib.sha1(nonce + created.encode() + mount.password.encode()).digest()).decode()
    return (
        f'<w:Security xmlns:w="{_SECURITY}" xmlns:u="{_UTILITY}"><w:UsernameToken>'
        f'<w:Username>{escape(mount.username)}</w:Username><w:Password Type="{_DIGEST}">{proof}</w:Password>'
        f'<w:Nonce EncodingType="{_BASE64}">{told}</w:Nonce><u:Created>{created}</u:Created>'
        "</w:UsernameToken></w:Security>"
    )
