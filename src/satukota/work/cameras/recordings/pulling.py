"""A piece of a recording over RTSP replay, written to files as it comes: one file per stretch without a hole.

Nothing is shown that did not come whole, and no moment is said that the recorder did not say. Moments inside are epoch
seconds; the recorder's are taken to ours by how wrong its clock was measured to be.
"""

from __future__ import annotations

import asyncio
import errno
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from satukota.base import addresses
from satukota.rules import recorded

from .. import rtsp
from ..live.packing import PICTURE_HEAD, Packer
from ..rtsp import AccessUnit, VideoTrack

HOLE_S = 3.0  # pictures further apart than this lack what lies between
SILENT_S = 15.0
MOST_BYTES = 384 * 1024 * 1024  # of all files together
MOST_FILES = 60
LEAD_S = 60.0  # a recorder may begin at the key picture before; earlier ones it was not asked for
LONGEST_S = 1500.0  # of one pull: less than a job may take, and more than the longest piece at its own speed


class PullFault(Exception):
    """`cause` is a key of words.FAULTS."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass
class Piece:
    """A playable file of one stretch, by our clock."""

    path: Path
    began: float
    ended: float
    pictures: int = 0


@dataclass(frozen=True)
class Wanted:
    """What to pull, by our clock. `shift_s`: the recorder's clock less ours, as far as it is corrected."""

    url: str
    username: str
    password: str = field(repr=False)
    since: float = 0.0
    until: float = 0.0
    shift_s: float = 0.0

    @property
    def span(self) -> rtsp.replay.Span:
        return rtsp.replay.Span(self.since + self.shift_s, self.until + self.shift_s)


@dataclass
class Pulled:
    pieces: list[Piece]
    since: float
    until: float

    @property
    def holes(self) -> list[recorded.Span]:
        """What of the time asked for is on no picture."""
        held = recorded.joined((piece.began, piece.ended + HOLE_S) for piece in self.pieces)
        found, at = [], self.since
        for start, end in held:
            if start - at > HOLE_S:
                found.append((at, start))
            at = max(at, end - HOLE_S)
        return [*found, (at, self.until)] if self.until - at > HOLE_S else found


async def pull(wanted: Wanted, folder: Path, progress: Callable[[int], None], *, silent_s: float = SILENT_S) -> Pulled:
    """Raises PullFault. `progress` is told whole per cent as they are reached."""
    writer = Writer(wanted, folder, progress)
    session: rtsp.Session | None = None
    try:
        async with rtsp.watching(
            wanted.url, wanted.username, wanted.password, resolve=_resolve, on_unit=writer.take, span=wanted.span
        ) as session:
            writer.finish, writer.played_from = session.enough, rtsp.replay.began_at(session.played)
            if not writer.is_done:
                async with asyncio.timeout(LONGEST_S):
                    await _until_done(session, writer, silent_s)
    except TimeoutError:
        raise PullFault("timeout") from None
    except rtsp.StreamFault as fault:
        if writer.fault is None and not writer.is_done and not writer.is_at_end:
            raise PullFault(fault.cause if fault.cause != "dns" and not fault.unreachable else "unreachable") from None
    finally:
        writer.close()
    if writer.fault is not None:
        raise PullFault(writer.fault)
    if not writer.pieces:
        raise PullFault("no_footage")
    return Pulled(writer.pieces, wanted.since, wanted.until)


async def _until_done(session: rtsp.Session, writer: Writer, silent_s: float) -> None:
    """Until the last picture asked for, or until nothing more comes."""
    ended = asyncio.ensure_future(session.last())
    try:
        last, since = session.received, time.monotonic()
        while not (await asyncio.wait({ended}, timeout=0.5))[0]:
            if session.received != last:
                last, since = session.received, time.monotonic()
                continue
            quiet_s = time.monotonic() - since
            if quiet_s > silent_s or (writer.is_at_end and quiet_s > min(2.0, silent_s)):
                break
        else:
            ended.result()
    finally:
        ended.cancel()
        with suppress(asyncio.CancelledError, rtsp.StreamFault):
            await ended
    if not writer.is_done and not writer.is_at_end and writer.fault is None:
        writer.fault = "silent" if writer.pieces else "no_footage"


class Writer:
    """Takes pictures as they come. What goes wrong ends the session and stands in `fault`."""

    def __init__(self, wanted: Wanted, folder: Path, progress: Callable[[int], None]) -> None:
        self._wanted, self._folder, self._progress = wanted, folder, progress
        self.finish: Callable[[], None] = lambda: None
        self.played_from: float | None = None
        self.pieces: list[Piece] = []
        self.fault: str | None = None
        self.is_done = False
        self._is_last = False
        self._packer: Packer | None = None
        self._file: IO[bytes] | None = None
        self._written = 0
        self._told = -1
        self._first_rtp: int | None = None
        self._at = -math.inf

    @property
    def is_at_end(self) -> bool:
        """Nothing more has to come: the recorder said so, or only a moment is left."""
        return self._is_last or self._at >= self._wanted.until - HOLE_S

    def take(self, track: VideoTrack, unit: AccessUnit) -> None:
        if self.is_done or self.fault is not None:
            return
        try:
            self._take(track, unit)
        except PullFault as fault:
            self._stop(fault.cause)
        except OSError as problem:
            self._stop("disk_full" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "disk")

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _take(self, track: VideoTrack, unit: AccessUnit) -> None:
        if track.codec not in ("h264", "hevc"):
            raise PullFault("codec_unsupported")
        at = self._moment(track, unit) - self._wanted.shift_s
        if at > self._wanted.until:
            self.is_done = True
            self.finish()
            return
        self._is_last = bool(unit.mark and unit.mark.is_last) and at >= self._wanted.until - HOLE_S
        if at < self._wanted.since - LEAD_S:
            raise PullFault("range_ignored")
        is_apart = not -0.001 <= at - self._at <= HOLE_S or bool(unit.mark and unit.mark.is_after_gap)
        if is_apart or self._packer is None:
            self.close()
            self._packer = Packer(track.codec, track.clock_hz)
        self._at = at
        for message in self._packer.pack(unit, at):
            if message.is_opening:
                assert self._packer.opened is not None
                self._begin(self._packer.opened.segment, at)
            else:
                self._write(message.content[PICTURE_HEAD.size :], at)
        self._tell(at)
        if self._is_last:
            self.is_done = True
            self.finish()

    def _moment(self, track: VideoTrack, unit: AccessUnit) -> float:
        """By the recorder's clock: on the picture, else from where it said it began. Raises PullFault."""
        if unit.mark is not None:
            return unit.mark.at
        if self.played_from is None:
            raise PullFault("no_time")
        if self._first_rtp is None:
            self._first_rtp = unit.rtp_time
        return self.played_from + ((unit.rtp_time - self._first_rtp) % 2**32) / track.clock_hz

    def _begin(self, opening: bytes, at: float) -> None:
        self.close()
        if len(self.pieces) >= MOST_FILES:
            raise PullFault("too_large")
        path = self._folder / f"{len(self.pieces) + 1:03}.mp4"
        self._file = path.open("wb")
        self.pieces.append(Piece(path, at, at))
        self._count(self._file.write(opening))

    def _write(self, fragment: bytes | memoryview, at: float) -> None:
        assert self._file is not None
        self._count(self._file.write(fragment))
        piece = self.pieces[-1]
        piece.ended, piece.pictures = at, piece.pictures + 1

    def _count(self, size: int) -> None:
        self._written += size
        if self._written > MOST_BYTES:
            raise PullFault("too_large")

    def _tell(self, at: float) -> None:
        share = (at - self._wanted.since) / (self._wanted.until - self._wanted.since)
        done = max(0, min(99, int(100 * share)))
        if done > self._told:
            self._told = done
            self._progress(done)

    def _stop(self, cause: str) -> None:
        self.fault = cause
        self.finish()


async def _resolve(host: str, port: int) -> list[str]:
    try:
        return await addresses.resolve(host, port)
    except addresses.AddressRefused as refused:
        raise rtsp.AddressRefused(refused.code) from None


def offset_to_correct(offset_ms: int | None) -> float:
    """Seconds to take a recorder's moments to ours. It is measured to a second: less than that is not corrected."""
    return offset_ms / 1000 if offset_ms is not None and abs(offset_ms) >= 1000 else 0.0


def told_as(pulled: Pulled) -> list[list[Any]]:
    """Holes as a row keeps them."""
    return [[round(a, 3), round(b, 3)] for a, b in pulled.holes]
