"""RTSP replay of what a recorder holds (ONVIF Streaming Specification, chapter 6).

`Range: clock=…`, feature tag onvif-replay, `Rate-Control: no` for as fast as the reader takes it. The first packet of
every picture carries the extension 0xABAC: NTP time by the recorder's clock, C at a key picture, E at the last one
before a gap, D at the first one after it, T at the very last.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from satukota_field.clips import Clip
from satukota_field.recorder import Track
from satukota_field.rtsp import Connection, Request, Source, session_description

NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
RANGE = re.compile(r"clock=(\d{8}T\d{6}(?:\.\d{1,6})?Z)-(\d{8}T\d{6}(?:\.\d{1,6})?Z)?$")
CLOSING_AFTER = 12  # pictures, under the fault closing
EXTENSION = struct.Struct(">HHIIBBH")


@dataclass(frozen=True)
class Shown:
    """One picture of a replay."""

    index: int
    at: float
    flags: int


class ReplayConnection(Connection):
    """As a camera's connection, but what it plays has a range."""

    async def _describe(self, request: Request, mount: Source) -> bool:
        if not mount.is_ready:
            return self._reply(request, 503, mount, ["Retry-After: 5"])
        headers = [f"Content-Base: {request.uri.rstrip('/')}/", "Content-Type: application/sdp"]
        body = session_description(mount) + "a=x-onvif-track:VIDEO001\r\n"
        return self._reply(request, 200, mount, headers, body)

    async def _setup(self, request: Request, mount: Source) -> bool:
        needed = request.headers.get("require", "onvif-replay")
        if needed != "onvif-replay":
            return self._reply(request, 551, mount, [f"Unsupported: {needed[:60]}"])
        return await super()._setup(request, mount)

    async def _play(self, request: Request, mount: Source) -> bool:
        if not self._set_up:
            return self._reply(request, 455, mount)
        if request.headers.get("session", self._session).partition(";")[0] != self._session:
            return self._reply(request, 454, mount)
        wanted = RANGE.match(request.headers.get("range", ""))
        if wanted is None or request.headers.get("require") != "onvif-replay":
            return self._reply(request, 457, mount)
        track = cast(Track, mount)
        since = _moment(wanted[1]) - track.clock_off_s()
        until = _moment(wanted[2]) - track.clock_off_s() if wanted[2] else math.inf
        if not track.spans(since, until):
            return self._reply(request, 457, mount)
        told = f"Range: {request.headers['range']}"
        self._reply(request, 200, mount, [f"Session: {self._session}", told])
        is_paced = request.headers.get("rate-control", "yes").lower() != "no"
        track.drop_viewer(self._writer)
        if track.fault != "silent":
            track.playing[self._writer] = asyncio.create_task(self._send(track, since, until, is_paced))
        return True

    async def _send(self, track: Track, since: float, until: float, is_paced: bool) -> None:
        clip, sequence, sent = track.clip, 0, 0
        with suppress(ConnectionError):
            for shown in pictures(track, clip, since, until):
                await track.link.wait_up()
                await track.power.line.wait_up()
                data = clip.wire(shown.index, sequence, round(shown.at * 90_000), 0x5A7)
                self._writer.write(extended(data, shown.at + track.clock_off_s(), shown.flags, sent))
                sequence += len(clip.pictures[shown.index].packets)
                sent += 1
                if track.fault == "closing" and sent > CLOSING_AFTER:
                    self._writer.transport.abort()
                    return
                await self._writer.drain()
                await asyncio.sleep(1 / clip.fps if is_paced else 0)


def pictures(track: Track, clip: Clip, since: float, until: float) -> Iterator[Shown]:
    """From the key picture at or before `since`, where that was recorded, on; over gaps to the next key picture."""
    phase, length, keys = track.mount.phase_s, len(clip.pictures), clip.keys
    reach = max(b - a for a, b in zip(keys, [*keys[1:], length], strict=True)) / clip.fps
    before = [span for span in track.spans(since - reach, since) if span[1] >= since - 0.001]
    spans = track.spans(before[0][0] if before else since, until)
    held: Shown | None = None
    for turn, (start, end) in enumerate(spans):
        place = math.ceil((start + phase) * clip.fps)
        while not clip.pictures[place % length].is_key:
            place += 1
        if turn == 0:  # the last key picture that is not after `since`
            step = place
            while (step := step + 1) / clip.fps - phase <= since:
                place = step if clip.pictures[step % length].is_key else place
        first = True
        while (at := place / clip.fps - phase) < end:
            picture = clip.pictures[place % length]
            flags = (CLEAN if picture.is_key else 0) | (DISCONTINUITY if first and turn else 0)
            if held is not None:
                yield Shown(held.index, held.at, held.flags | (END if first else 0))
            held, first = Shown(place % length, at, flags), False
            place += 1
    if held is not None:
        yield Shown(held.index, held.at, held.flags | END | TERMINAL)


def extended(data: bytearray, at: float, flags: int, number: int) -> bytes:
    """The packets of a picture with the replay extension in the first: `$`, channel, length, RTP header, extension."""
    whole = math.floor(at)
    ntp = (whole + NTP_EPOCH, int((at - whole) * 2**32) & 0xFFFFFFFF)
    extension = EXTENSION.pack(0xABAC, 3, *ntp, flags, number & 0xFF, 0)
    size = int.from_bytes(data[2:4]) + len(extension)
    data[2:4] = size.to_bytes(2)
    data[4] |= 0x10
    return bytes(data[:16]) + extension + bytes(data[16:])


def _moment(told: str) -> float:
    shape = "%Y%m%dT%H%M%S.%fZ" if "." in told else "%Y%m%dT%H%M%SZ"
    return dt.datetime.strptime(told, shape).replace(tzinfo=dt.UTC).timestamp()
