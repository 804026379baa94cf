"""One camera as the network sees it: which clip it sends now, to whom, and what is wrong with it."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass

from satukota_field.clips import Clip, Recipe
from satukota_field.lines import Line
from satukota_field.logins import Login
from satukota_field.scenario import PICTURE_FAULTS, CameraSpec
from satukota_field.store import ClipStore

GRID_S = 0.01  # pictures of many cameras leave together, so that the loop wakes 100 times a second at most
SLOW_READER_BYTES = 500_000
CLOSING_AFTER_S = 2.5


@dataclass
class Viewer:
    """One playing session. Pictures begin at a keyframe not before `not_before` (loop time)."""

    writer: asyncio.StreamWriter
    not_before: float
    started: bool = False


class Power:
    """A supply that goes away and comes back, with the time the cameras need to start."""

    def __init__(self, code: str, boot_s: float) -> None:
        self.line, self._boot_s = Line(code), boot_s
        self._booting: asyncio.TimerHandle | None = None
        self.mounts: list[Mount] = []

    def cut(self) -> None:
        if self._booting:
            self._booting.cancel()
        self.line.cut()

    def mend(self) -> None:
        """Give power again; the cameras answer after their boot time and know no old connection."""
        if not self.line.is_up:
            self._booting = asyncio.get_running_loop().call_later(self._boot_s, self._booted)

    def _booted(self) -> None:
        for mount in self.mounts:
            mount.forget_viewers()
        self.line.mend()


class Mount:
    """A stream under a path. Costs nothing while nobody looks."""

    def __init__(
        self,
        spec: CameraSpec,
        path: str,
        link: Line,
        power: Power,
        store: ClipStore,
        loop_s: float,
        profile: str = "main",
    ) -> None:
        self.spec, self.path, self.link, self.power, self.profile = spec, path, link, power, profile
        self.fault, self.light = "healthy", "day"
        self.live: Clip | None = None  # healthy pictures; None until they are made
        self.viewers: dict[asyncio.StreamWriter, Viewer] = {}
        self.opened = self.sent_pictures = self.bad_logins = 0
        self._store, self._loop_s = store, loop_s
        self._clip: Clip | None = None  # what is being sent
        self._next: Clip | None = None  # what is sent from the next keyframe on
        self._index = self._sequence = 0
        self._source = zlib.crc32(path.encode())
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        power.mounts.append(self)

    @property
    def is_ready(self) -> bool:
        return self.live is not None

    @property
    def login(self) -> Login | None:
        return self.spec.login

    @property
    def is_reachable(self) -> bool:
        return self.link.is_up and self.power.line.is_up

    def recipe(self, kind: str, light: str) -> Recipe:
        s = self.spec
        light = s.night if light == "night" else light
        return Recipe(s.seed, s.name, s.width, s.height, s.fps, s.gop_s, light, kind, self._loop_s, s.video, s.codec)

    async def prepare(self, light: str) -> None:
        """Get the pictures for this light and the present fault; raises BakingFailed."""
        self.live = await self._store.clip(self.recipe("live", light))
        self.light = light
        await self.set_fault(self.fault)

    async def set_fault(self, fault: str) -> None:
        """Fall ill or get well; returns when the pictures for it are there. The stream changes at its next keyframe."""
        kind = fault if fault in PICTURE_FAULTS else "live"
        wanted = await self._store.clip(self.recipe(kind, self.light), urgent=True)
        self.fault = fault
        self._next = wanted if wanted is not self._clip else None
        if fault in ("refusing", "unauthorised", "busy", "html", "hanging"):
            self.forget_viewers()  # a camera that answers so has dropped its sessions

    @property
    def clip(self) -> Clip:
        """What a new viewer will get."""
        found = self._next or self._clip or self.live
        assert found is not None, "asked before is_ready"
        return found

    def clock_off_s(self) -> float:
        return self.spec.clock_off_s if self.fault == "wrong_clock" else 0.0

    def still(self) -> bytes:
        """JPEG of about the present picture."""
        clip = self.clip
        return clip.still(self._index if self.viewers else self._place_in_loop(clip))

    @property
    def sessions(self) -> int:
        return len(self.viewers)

    def has(self, writer: asyncio.StreamWriter) -> bool:
        return writer in self.viewers

    def add_viewer(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        delay = self.spec.slow_s if self.fault == "slow" else 0.0
        self.viewers[writer] = Viewer(writer, loop.time() + delay)
        self.opened += 1
        if self.fault == "closing":
            loop.call_later(CLOSING_AFTER_S, writer.close)
        if self._timer is None:
            self._start()

    def drop_viewer(self, writer: asyncio.StreamWriter) -> None:
        self.viewers.pop(writer, None)
        if not self.viewers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def forget_viewers(self) -> None:
        """Break every session off, as a restart does."""
        for writer in list(self.viewers):
            writer.transport.abort()
            self.drop_viewer(writer)

    @property
    def phase_s(self) -> float:
        """Each camera is elsewhere in its loop."""
        return (self._source % 1000) / 1000 * self._loop_s

    def _place_in_loop(self, clip: Clip) -> int:
        """Where the loop stands by the clock."""
        return int((time.time() + self.phase_s) * clip.fps) % len(clip.pictures)

    def _start(self) -> None:
        self._clip, self._next = self.clip, None
        self._index = self._place_in_loop(self._clip)
        loop = asyncio.get_running_loop()
        self._due = loop.time() + (self._source % 97) / 97 / self._clip.fps
        self._timer = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        """Send one picture to everybody and set the clock for the next."""
        loop = asyncio.get_running_loop()
        assert self._clip is not None
        if self._next is not None and self._clip.pictures[self._index].is_key:
            self._clip, self._next = self._next, None
            here = self._place_in_loop(self._clip)
            self._index = max(key for key in self._clip.keys if key <= here)
        if self.is_reachable and self.fault != "silent":
            self._send(self._clip, loop.time())
        step = 1 / self._clip.fps
        self._due += step
        behind = loop.time() - self._due
        skipped = int(behind / step) if behind > 1.0 else 0  # the machine stood still: do not send a flood
        self._due += skipped * step
        self._index = (self._index + 1) % len(self._clip.pictures)
        if skipped:
            self._restart_viewers()
            self._index = (self._index + skipped) % len(self._clip.pictures)
        self._timer = loop.call_at(round(self._due / GRID_S) * GRID_S, self._tick)

    def _restart_viewers(self) -> None:
        for viewer in self.viewers.values():
            viewer.started = False

    def _send(self, clip: Clip, now: float) -> None:
        picture = clip.pictures[self._index]
        without_keys = self.fault == "no_keyframe"
        if without_keys and picture.is_key:
            return
        data: bytearray | None = None
        for writer, viewer in list(self.viewers.items()):
            if not viewer.started:
                viewer.started = (picture.is_key or without_keys) and now >= viewer.not_before
            if not viewer.started or writer.transport.is_closing():
                continue
            if writer.transport.get_write_buffer_size() > SLOW_READER_BYTES:
                viewer.started = False  # too slow a reader: it goes on at the next keyframe it has room for
                continue
            if data is None:
                data = clip.wire(self._index, self._sequence, round(self._due * 90_000), self._source)
                self._sequence += len(picture.packets)
                self.sent_pictures += 1
            writer.write(data)
