"""The one video track we look at, out of the camera's description (SDP, RFC 8866)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import urlsplit

VIDEO_CODECS = {"H264": "h264", "H265": "hevc", "JPEG": "jpeg"}
JPEG_TYPE = 26  # RFC 3551: may come without a=rtpmap


@dataclass(frozen=True)
class VideoTrack:
    codec: str
    """h264, hevc, jpeg, or the name the camera gave to something else, in lower case"""
    payload_type: int
    control: str
    """absolute URL for SETUP"""
    clock_hz: int = 90_000
    parameter_sets: tuple[bytes, ...] = field(default=(), repr=False)
    """NAL units out of sprop, often absent: then they come in the stream"""


def video_track(text: str, base_url: str) -> VideoTrack | None:
    """The first track we can judge, a stream of stills last; else the first video track, else None."""
    tracks = []
    session_control = ""
    lines: list[str] | None = None
    for line in text.replace("\r", "\n").split("\n"):
        if line.startswith("m="):
            lines = [line]
            tracks.append(lines)
        elif lines is not None:
            lines.append(line)
        elif line.startswith("a=control:"):
            session_control = line[10:].strip()
    base = _joined(base_url, session_control)
    videos = [_track(lines, base) for lines in tracks if lines[0].startswith("m=video ")]
    known = [track for track in videos if track.codec in VIDEO_CODECS.values()]
    return next(iter(sorted(known, key=lambda track: track.codec == "jpeg") or videos), None)


def _track(lines: list[str], base_url: str) -> VideoTrack:
    words = lines[0].split()
    payload_type = int(words[3]) if len(words) > 3 and words[3].isdigit() else 96
    codec, clock_hz, control, parameters = "JPEG" if payload_type == JPEG_TYPE else "", 90_000, "", ""
    for line in lines[1:]:
        name, _, value = line.partition(":")
        number, _, rest = value.partition(" ")
        if name == "a=rtpmap" and number == str(payload_type):
            codec, _, rate = rest.strip().partition("/")
            clock_hz = int(rate) if rate.isdigit() and 1000 <= int(rate) <= 10_000_000 else 90_000
        elif name == "a=fmtp" and number == str(payload_type):
            parameters = rest
        elif name == "a=control":
            control = value.strip()
    codec = VIDEO_CODECS.get(codec.upper(), codec.lower())
    return VideoTrack(codec, payload_type, _joined(base_url, control), clock_hz, tuple(_sprop(parameters)))


def _sprop(parameters: str) -> list[bytes]:
    sets = []
    for item in parameters.split(";"):
        name, _, value = item.strip().partition("=")
        if name.lower() not in {"sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps"}:
            continue
        for coded in value.split(","):
            try:
                sets.append(base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True))
            except (binascii.Error, ValueError):
                continue  # some cameras fill the field with dots; the stream carries the real ones
    return [nal for nal in sets if 2 <= len(nal) <= 4096]


def _joined(base_url: str, control: str) -> str:
    """Cameras mean "append with a slash", not RFC 3986. An absolute address elsewhere keeps only its path: the
    camera sees itself by its inner address behind NAT, we go where we dialled."""
    if not control or control == "*":
        return base_url
    if control.lower().startswith("rtsp://"):
        dialled, given = urlsplit(base_url), urlsplit(control)
        return given._replace(scheme="rtsp", netloc=dialled.netloc).geturl()
    return f"{base_url.rstrip('/')}/{control.lstrip('/')}"
