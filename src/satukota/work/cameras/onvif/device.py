"""What an ONVIF device says of itself: who it is, what time it has, which streams it offers.

The SOAP comes from onvif-zeep-async; everything that touches the network goes through `fetching`, because the
library reads answers of any size, follows any address a device names, and allows huge XML trees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from satukota.base import addresses
from satukota.base.errors import UserError

from . import clock
from .fetching import MAX_SNAPSHOT, FetchFault, fetch
from .soap import Refused, Service, SoapFault

WRONG_CLOCK_S = 5.0
CODECS = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
MOST_PROFILES = 32


class DeviceFault(UserError):
    code = "onvif_gagal"


@dataclass(frozen=True)
class Profile:
    token: str
    name: str
    codec: str
    """h264 or hevc; other names as the device gives them"""
    width: int
    height: int
    fps: float | None
    gop_s: float | None
    """None when the device does not fix it"""
    stream_url: str
    """to be dialled: the host is the one we reached the device by"""
    told_url: str
    """as the device wrote it, without user and password"""
    source: str = ""
    """token of the lens or recorder channel"""


@dataclass(frozen=True)
class Device:
    device_url: str
    maker: str
    model: str
    firmware: str
    serial_number: str
    clock_offset_s: float | None
    profiles: tuple[Profile, ...]
    """each stream once, best for checks first: smallest H.264 or H.265 with a fixed distance of key pictures"""
    snapshot_url: str = ""

    @property
    def best(self) -> Profile | None:
        return next((profile for profile in self.profiles if profile.codec in CODECS.values()), None)


@dataclass(frozen=True)
class _Asked:
    url: str
    host: str
    username: str
    password: str = field(repr=False)
    offset_s: float | None = None


async def describe(device_url: str, username: str = "", password: str = "") -> Device:
    """Ask one device. One attempt to log in, no more: cameras lock out who tries twice.

    Raises DeviceFault (a UserError) for whatever is wrong with the device or the address, in words for people.
    """
    address = addresses.check_address(device_url, schemes=("http", "https"))
    asked = _Asked(str(address), address.host, username, password)
    try:
        asked = _Asked(asked.url, asked.host, username, password, await clock.offset_s(asked.url))
    except clock.NoTime as problem:
        if str(problem) in _NO_DEVICE:
            raise _fault(str(problem)) from None
    try:
        return await _describe(asked)
    except SoapFault as problem:
        raise _fault(problem.cause) from None
    except Refused:
        raise _refused(asked) from None


async def snapshot(url: str, username: str = "", password: str = "") -> bytes:
    """The JPEG a snapshot address gives. A second witness only: it can live while the stream is frozen.

    Raises DeviceFault, also when the answer is a web page.
    """
    import httpx

    addresses.check_address(url, schemes=("http", "https"))
    try:
        answer = await fetch("GET", url, most_bytes=MAX_SNAPSHOT)
        if answer.status == 401 and username:
            offered = answer.challenge.lower()
            auth = (
                httpx.BasicAuth(username, password) if "digest" not in offered else httpx.DigestAuth(username, password)
            )
            answer = await fetch("GET", url, auth=auth, most_bytes=MAX_SNAPSHOT)
    except FetchFault as fault:
        raise _fault(fault.cause) from None
    if answer.status == 401:
        raise _fault("login_refused" if username else "login_needed")
    if answer.status != 200 or not answer.body.startswith(b"\xff\xd8\xff"):
        raise _fault("no_picture")
    return answer.body


async def _describe(asked: _Asked) -> Device:
    shift = timedelta(seconds=asked.offset_s or 0.0)
    async with Service("devicemgmt", asked.url, asked.username, asked.password, shift) as management:
        told = await management.call("GetDeviceInformation")
        media_url = _media_url(await management.call("GetCapabilities", {"Category": "Media"}), asked)
    async with Service("media", media_url, asked.username, asked.password, shift) as media:
        profiles, snapshot_url = await _profiles(media, asked)
    return Device(
        device_url=asked.url,
        maker=_line(told, "Manufacturer"),
        model=_line(told, "Model"),
        firmware=_line(told, "FirmwareVersion"),
        serial_number=_line(told, "SerialNumber"),
        clock_offset_s=asked.offset_s,
        profiles=profiles,
        snapshot_url=snapshot_url,
    )


async def _profiles(media: Service, asked: _Asked) -> tuple[tuple[Profile, ...], str]:
    found: dict[str, Profile] = {}
    for told in _several(await media.call("GetProfiles"))[:MOST_PROFILES]:
        coder = _get(told, "VideoEncoderConfiguration")
        token = str(_get(told, "token") or "")
        if coder is None or not token:
            continue
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        answer = await media.call("GetStreamUri", {"StreamSetup": setup, "ProfileToken": token})
        url = _without_login(str(_get(answer, "Uri") or ""))
        if url.startswith("rtsp://"):
            found.setdefault(url, _profile(told, coder, token, url, asked.host))
    profiles = tuple(sorted(found.values(), key=_for_checks))
    snapshot_url = ""
    if profiles:
        try:
            told_url = str(_get(await media.call("GetSnapshotUri", {"ProfileToken": profiles[0].token}), "Uri") or "")
            snapshot_url = _reached(_without_login(told_url), asked.host)
        except SoapFault:
            pass  # not every device has one
    return profiles, snapshot_url


def _profile(told: Any, coder: Any, token: str, url: str, host: str) -> Profile:
    coding = str(_get(coder, "Encoding") or "").upper()
    fps = _number(_get(coder, "RateControl", "FrameRateLimit"))
    group = _number(_get(coder, coding, "GovLength")) or _number(_get(coder, "H264", "GovLength"))
    return Profile(
        token=token,
        name=str(_get(told, "Name") or "")[:120],
        codec=CODECS.get(coding, coding.lower()),
        width=int(_number(_get(coder, "Resolution", "Width")) or 0),
        height=int(_number(_get(coder, "Resolution", "Height")) or 0),
        fps=fps,
        gop_s=group / fps if group and fps else None,
        stream_url=_reached(url, host),
        told_url=url,
        source=str(_get(told, "VideoSourceConfiguration", "SourceToken") or ""),
    )


def _for_checks(profile: Profile) -> tuple[bool, bool, int, str]:
    known = profile.codec in CODECS.values()
    return not known, profile.gop_s is None, profile.width * profile.height, profile.token


def _media_url(capabilities: Any, asked: _Asked) -> str:
    told = str(_get(capabilities, "Media", "XAddr") or "")
    if not told.startswith(("http://", "https://")):
        return asked.url
    dialled = urlsplit(asked.url)
    return urlsplit(told)._replace(scheme=dialled.scheme, netloc=dialled.netloc).geturl()


def _reached(url: str, host: str) -> str:
    """With the host we dialled: behind NAT a device writes its inner address, or 127.0.0.1. The port stays."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    literal = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{literal}:{port}" if port else literal).geturl()


def _without_login(url: str) -> str:
    return re.sub(r"^([a-z]+://)[^/]*@", r"\1", url.strip())[:300]


def _get(told: Any, *names: str) -> Any:
    for name in names:
        told = told.get(name) if isinstance(told, dict) else getattr(told, name, None)
    return told


def _several(told: Any) -> Sequence[Any]:
    return told if isinstance(told, list) else [told] if told is not None else []


def _line(told: Any, name: str) -> str:
    return " ".join(str(_get(told, name) or "").split())[:60]


def _number(told: Any) -> float | None:
    try:
        number = float(told)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 1e6 else None


# -- words ------------------------------------------------------------------------------------------------------

_NO_DEVICE = frozenset(
    {"address_refused", "unreachable", "timeout", "too_large", "not_http", "hostile_xml", "not_onvif"}
)


def _refused(asked: _Asked) -> DeviceFault:
    """A wrong clock makes a device refuse a right password: say which of the two it is, where that is known."""
    if not asked.username:
        return _fault("login_needed")
    return _fault("login_refused" if asked.offset_s is not None else "clock_unknown")


def _fault(cause: str) -> DeviceFault:
    text, fix = {
        "address_refused": (_("Alamat ini tidak boleh dihubungi."), _("Pakai alamat perangkatnya sendiri.")),
        "unreachable": (_("Perangkat tidak dapat dihubungi."), _("Periksa listrik, jaringan dan alamatnya.")),
        "timeout": (_("Perangkat tidak selesai menjawab."), _("Coba lagi; bila berulang, nyalakan ulang perangkat.")),
        "too_large": (_("Jawaban perangkat jauh lebih besar dari yang wajar."), _("Periksa alamatnya.")),
        "not_http": (_("Yang menjawab bukan layanan ONVIF."), _("Periksa porta pada alamat ONVIF.")),
        "not_onvif": (_("Yang menjawab bukan layanan ONVIF."), _("Aktifkan ONVIF di setelan kamera; periksa alamat.")),
        "hostile_xml": (
            _("Jawaban perangkat memuat XML yang berbahaya dan ditolak."),
            _("Jangan pakai perangkat ini sebelum diperiksa: jawabannya tidak seperti kamera."),
        ),
        "login_needed": (_("Perangkat meminta nama pengguna dan sandi."), _("Isi keduanya, lalu coba lagi.")),
        "login_refused": (
            _("Nama pengguna atau sandi ditolak."),
            _("Isi yang benar; banyak kamera punya pengguna ONVIF tersendiri."),
        ),
        "clock_unknown": (
            _("Perangkat menolak masuk dan tidak memberitahukan jamnya."),
            _("Setel jam perangkat dahulu (NTP): jam yang salah membuat sandi yang benar ditolak."),
        ),
        "no_picture": (_("Alamat gambar diam tidak memberi gambar JPEG."), _("Periksa alamatnya.")),
    }.get(cause, (_("Perangkat menjawab dengan galat."), _("Coba lagi atau periksa setelan ONVIF-nya.")))
    return DeviceFault(text, fix=fix, code=f"onvif_{cause}")
