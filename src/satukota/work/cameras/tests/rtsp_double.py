"""A small RTSP/TCP camera for tests: real H.264, H.265 or JPEG, every bad manner by a keyword."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from fractions import Fraction
from functools import lru_cache
from time import time

import av
import numpy as np

from satukota_field.payloads import jpeg_payloads

MTU = 1400


def street(width: int, height: int, step: int = 0) -> np.ndarray:
    """(height, width, 3) uint8 RGB: a fixed scene of boxes, one of them moving."""
    rng = np.random.default_rng(7)
    picture = np.full((height, width, 3), 110, np.uint8)
    for _ in range(60):
        x, y = rng.integers(0, width - width // 8), rng.integers(0, height - height // 6)
        w, h = rng.integers(width // 40, width // 8), rng.integers(height // 30, height // 6)
        picture[y : y + h, x : x + w] = rng.integers(20, 235, 3)
    x = (step * width // 50) % (width - width // 10)
    picture[height // 2 : height // 2 + height // 12, x : x + width // 12] = (200, 30, 30)
    noise = np.random.default_rng(step).integers(-4, 5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def clip(
    codec: str = "h264", width: int = 640, height: int = 360, frames: int = 20, gop: int = 10, frozen: bool = False,
    kind: str = "street",
) -> tuple[tuple[bytes, ...], ...]:  # fmt: skip
    """Access units, each a tuple of NAL units without start codes; of "jpeg" each a tuple of one picture."""
    if codec == "jpeg":
        import cv2

        streets = [street(width, height, index)[:, :, ::-1] for index in range(frames)]
        return tuple((cv2.imencode(".jpg", one)[1].tobytes(),) for one in streets)
    encoder = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.gop_size, encoder.max_b_frames = (
        width, height, "yuv420p", gop, 0,
    )  # fmt: skip
    encoder.framerate, encoder.time_base, encoder.bit_rate = 10, Fraction(1, 10), 1_000_000
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"} | (
        {"x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1"}
        if codec == "h264"
        else {"x265-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:log-level=none:bframes=0"}
    )
    units = []
    for index in range(frames):
        if kind == "street":
            picture = street(width, height, 0 if frozen else index)
        else:
            picture = np.full((height, width, 3), 2 if kind == "black" else 128, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts = index
        units += [bytes(packet) for packet in encoder.encode(frame)]
    units += [bytes(packet) for packet in encoder.encode(None)]
    return tuple(tuple(_nals(unit)) for unit in units if unit)


def _nals(unit: bytes) -> list[bytes]:
    return [nal for nal in re.split(rb"\x00\x00\x00?\x01", unit) if nal]


def is_key(codec: str, unit: Sequence[bytes]) -> bool:
    if codec == "jpeg":
        return True
    kinds = [n[0] & 31 if codec == "h264" else n[0] >> 1 & 63 for n in unit]
    return any(k == 5 if codec == "h264" else 16 <= k <= 21 for k in kinds)


def is_set(codec: str, nal: bytes) -> bool:
    return nal[0] & 31 in (7, 8) if codec == "h264" else nal[0] >> 1 & 63 in (32, 33, 34)


def payloads(codec: str, nals: Sequence[bytes], aggregate: bool = False) -> list[bytes]:
    if codec == "jpeg":
        return list(jpeg_payloads(nals[0]))
    out: list[bytes] = []
    small = [nal for nal in nals if len(nal) < 300] if aggregate else []
    if len(small) > 1:
        head = b"\x18" if codec == "h264" else bytes([48 << 1, 1])
        out.append(head + b"".join(struct.pack(">H", len(n)) + n for n in small))
    for nal in nals:
        if nal in small and len(small) > 1:
            continue
        out += [nal] if len(nal) <= MTU else list(_fragments(codec, nal))
    return out


def _fragments(codec: str, nal: bytes) -> list[bytes]:
    head = 1 if codec == "h264" else 2
    out = []
    for at in range(head, len(nal), MTU):
        part = nal[at : at + MTU]
        marks = (at == head) << 7 | (at + len(part) == len(nal)) << 6
        if codec == "h264":
            out.append(bytes([nal[0] & 0xE0 | 28, nal[0] & 31 | marks]) + part)
        else:
            out.append(bytes([nal[0] & 0x81 | 49 << 1, nal[1], nal[0] >> 1 & 63 | marks]) + part)
    return out


@dataclass
class Manners:
    codec: str = "h264"
    units: tuple[tuple[bytes, ...], ...] = ()
    fps: float = 10.0
    pace_s: float | None = None  # between pictures on the wire; None: 1 / fps
    sprop: bool = True
    in_band: bool = True
    aggregate: bool = False
    login: str = ""  # basic, md5, md5-qop, sha256, md5-sess, all, unknown
    username: str = "contoh"
    password: str = "rahasia-kamera"
    stale_first: bool = False
    raw: bytes | None = None  # said at once instead of RTSP
    mute: bool = False
    codes: dict[str, int] = field(default_factory=dict)  # method → status
    location: str = ""
    no_data: bool = False
    no_keys: bool = False
    close_after: int | None = None  # pictures
    delay_play_s: float = 0.0
    start_time: int = 0xFFFFFF00  # RTP time: wraps at once
    date_offset_s: float | None = None
    lose_every: int = 0
    audio_first: bool = False
    sdp: str | None = None
    transport: str | None = None
    echo: bool = False
    first_at: int = 0  # index of the first picture sent


class Camera:
    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.asked: list[str] = []
        self.requests: list[str] = []
        self.connections = 0
        self.nonce = "nonce-1"
        self.port = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/langsung"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        sending: asyncio.Task[None] | None = None
        try:
            if self.manners.raw is not None:
                writer.write(self.manners.raw)
                await writer.drain()
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(request)
                method = request.split(" ", 1)[0]
                self.asked.append(method)
                if self.manners.mute or self.manners.raw is not None:
                    continue
                self.answer(writer, method, request)
                if method == "PLAY" and sending is None:
                    sending = asyncio.create_task(self.send(writer))
                if method == "TEARDOWN":
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            if sending is not None:
                sending.cancel()
            writer.close()

    def answer(self, writer: asyncio.StreamWriter, method: str, request: str) -> None:
        m = self.manners
        sequence = re.search(r"CSeq: (\d+)", request)
        headers, body, code = [f"CSeq: {sequence[1] if sequence else 0}"], "", m.codes.get(method, 200)
        if m.date_offset_s is not None:
            headers.append(f"Date: {formatdate(time() + m.date_offset_s, usegmt=True)}")
        if m.login and not self.is_logged_in(method, request):
            code = 401
            headers += self.challenges()
        elif code in (301, 302):
            headers.append(f"Location: {m.location}")
        elif method == "DESCRIBE" and code == 200:
            body = m.sdp if m.sdp is not None else self.description()
            headers += [f"Content-Base: rtsp://10.99.0.1:554/langsung/\r\nContent-Length: {len(body)}"]
        elif method == "SETUP" and code == 200:
            headers += [f"Transport: {m.transport or 'RTP/AVP/TCP;unicast;interleaved=0-1'}", "Session: 77;timeout=60"]
        reason = request.replace("\r\n", " | ") if m.echo else "OK" if code == 200 else "Tidak"
        writer.write((f"RTSP/1.0 {code} {reason}\r\n" + "\r\n".join(headers) + f"\r\n\r\n{body}").encode())

    def description(self) -> str:
        m = self.manners
        if m.codec == "jpeg":
            return "v=0\r\ns=-\r\nm=video 0 RTP/AVP 26\r\na=control:video\r\n"
        name = "H264" if m.codec == "h264" else "H265"
        sets = [nal for unit in m.units for nal in unit if is_set(m.codec, nal)][: 2 if m.codec == "h264" else 3]
        coded = [base64.b64encode(nal).decode() for nal in sets]
        if m.codec == "h264":
            sprop = f"packetization-mode=1;sprop-parameter-sets={','.join(coded)}"
        else:
            sprop = ";".join(f"sprop-{n}={c}" for n, c in zip(("vps", "sps", "pps"), coded, strict=False))
        audio = "m=audio 0 RTP/AVP 0\r\na=control:audio\r\n" if m.audio_first else ""
        return (
            f"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=control:*\r\n{audio}m=video 0 RTP/AVP 96\r\n"
            f"a=rtpmap:96 {name}/90000\r\n" + (f"a=fmtp:96 {sprop}\r\n" if m.sprop else "") + "a=control:video\r\n"
        )

    def challenges(self) -> list[str]:
        offers = {
            "basic": ['Basic realm="kota"'],
            "md5": [f'Digest realm="kota", nonce="{self.nonce}"'],
            "md5-qop": [f'Digest realm="kota", qop="auth", nonce="{self.nonce}", opaque="x,y"'],
            "md5-sess": [f'Digest realm="kota", qop="auth", nonce="{self.nonce}", algorithm=MD5-sess'],
            "sha256": [f'Digest realm="kota", qop="auth", nonce="{self.nonce}", algorithm=SHA-256'],
            "unknown": [f'Digest realm="kota", nonce="{self.nonce}", algorithm=SHA-512-256', "Negotiate"],
        }
        offers["all"] = [*offers["basic"], *offers["unknown"], *offers["sha256"], *offers["md5"]]
        stale = ", stale=true" if self.manners.stale_first and self.nonce != "nonce-1" else ""
        return [f"WWW-Authenticate: {offer}{stale}" for offer in offers[self.manners.login]]

    def is_logged_in(self, method: str, request: str) -> bool:
        m = self.manners
        sent = re.search(r"Authorization: (\w+) (.*)\r\n", request)
        if not sent:
            return False
        if sent[1] == "Basic":
            return m.login in ("basic",) and base64.b64decode(sent[2]).decode() == f"{m.username}:{m.password}"
        got = {k: q or p for k, q, p in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', sent[2])}
        if m.stale_first and got["nonce"] == "nonce-1":
            self.nonce = "nonce-2"
            return False
        algorithm = got.get("algorithm", "MD5")
        if m.login == "all" and algorithm != "SHA-256":
            return False
        return got["nonce"] == self.nonce and got["response"] == self.expected(method, got, algorithm)

    def expected(self, method: str, got: dict[str, str], algorithm: str) -> str:
        def h(text: str) -> str:
            return hashlib.new("sha256" if algorithm.startswith("SHA-256") else "md5", text.encode()).hexdigest()

        secret = h(f"{self.manners.username}:kota:{self.manners.password}")
        if algorithm.endswith("-sess"):
            secret = h(f"{secret}:{got['nonce']}:{got['cnonce']}")
        what = h(f"{method}:{got['uri']}")
        if "qop" in got:
            return h(f"{secret}:{got['nonce']}:{got['nc']}:{got['cnonce']}:{got['qop']}:{what}")
        return h(f"{secret}:{got['nonce']}:{what}")

    async def send(self, writer: asyncio.StreamWriter) -> None:
        m = self.manners
        await asyncio.sleep(m.delay_play_s)
        sequence, index = 65_530, 0
        pause = 1 / m.fps if m.pace_s is None else m.pace_s
        while not m.no_data:
            if m.close_after is not None and index >= m.close_after:
                writer.close()
                return
            unit = m.units[(index + m.first_at) % len(m.units)]
            index += 1
            if m.no_keys and is_key(m.codec, unit):
                await asyncio.sleep(pause)
                continue
            nals = [nal for nal in unit if m.in_band or m.codec == "jpeg" or not is_set(m.codec, nal)]
            stamp = int(m.start_time + index * 90_000 / m.fps) & 0xFFFFFFFF
            parts = payloads(m.codec, nals, m.aggregate)
            kind = 26 if m.codec == "jpeg" else 96
            for at, part in enumerate(parts):
                sequence = sequence + 1 & 0xFFFF
                if m.lose_every and sequence % m.lose_every == 0:
                    continue
                mark = 128 if at == len(parts) - 1 else 0
                packet = struct.pack(">BBHII", 128, kind | mark, sequence, stamp, 1) + part
                writer.write(struct.pack(">BBH", 36, 0, len(packet)) + packet)
            await writer.drain()
            await asyncio.sleep(pause)


@asynccontextmanager
async def camera(**manners: object) -> AsyncIterator[Camera]:
    """A camera on a free port of 127.0.0.1."""
    if not manners.get("units"):
        manners["units"] = clip(str(manners.get("codec", "h264")))
    double = Camera(Manners(**manners))  # type: ignore[arg-type]
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
