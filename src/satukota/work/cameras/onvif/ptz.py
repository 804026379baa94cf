"""Turning a camera through ONVIF PTZ (ver20/ptz): presets, a move that ends by itself, stop.

By hand and not by the ONVIF library: a person holds a key and waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from . import by_hand, clock, envelopes
from .by_hand import CallFault, Door, dialled

MOVE_S = 0.6  # a move ends by itself after this, whatever happens to whoever holds the key
MOST_PRESETS = 60


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
    at_media = Mount(dialled(media, device_url), "", username, password, offset_s)
    profiles = [node for node in (await _call(at_media, "<trt:GetProfiles/>")).iter()
                if envelopes.local(node) == "Profiles"]  # fmt: skip
    turning = [node for node in profiles if envelopes.first(node, "PTZConfiguration") is not None]
    if not turning:
        raise PtzFault("no_ptz")
    return Mount(dialled(ptz, device_url), str(turning[0].get("token") or "")[:64], username, password, offset_s)


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


async def _call(mount: Mount, body: str) -> envelopes.Element:
    door = Door(mount.url, mount.username, mount.password, mount.offset_s)
    try:
        return await by_hand.call(door, body)
    except CallFault as fault:
        known = {"not_supported": "no_ptz", "hostile_xml": "not_onvif"}
        raise PtzFault(known.get(fault.cause, fault.cause)) from None
