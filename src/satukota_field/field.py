"""The whole field in one process: mounts, ports, power, timeline and the words that change them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from satukota_field.discovery import Discovery
from satukota_field.lines import HOST, Line, Port
from satukota_field.mount import Mount, Power
from satukota_field.onvif import Device
from satukota_field.recorder import Recorder, RecorderDevice, Track
from satukota_field.replay import ReplayConnection
from satukota_field.rtsp import HEAD_LIMIT, Connection
from satukota_field.scenario import FAULTS, RECORDER_FAULTS, CameraSpec, Scenario, Step
from satukota_field.store import BakingFailed, ClipStore, default_cache

TOWN_CLOCK = ZoneInfo("Asia/Makassar")
WITNESSES = ("gateway", "dns", "ix")
LIGHT_CHOICES = ("auto", "day", "dusk", "night")
SUB_FPS = 5.0
T = TypeVar("T")
log = logging.getLogger("satukota_field")


class UnknownWord(ValueError):
    """A command that cannot be followed; the text says what would be right."""


def light_now(moment: dt.datetime) -> str:
    """day, dusk or night by the clock of the town; it lies on the equator, so the sun keeps its hours all year."""
    hour = moment.hour + moment.minute / 60
    if 6.25 <= hour < 17.9:
        return "day"
    return "dusk" if 5.75 <= hour < 18.6 else "night"


class FieldServer:
    """Use as `async with FieldServer(scenario) as field:`. Ports listen at once; mounts answer 503 until ready.

    Raises OSError when a port is taken. Everything listens on 127.0.0.1.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        cache: Path | None = None,
        light: str = "auto",
        workers: int | None = None,
        multicast: bool = False,
    ) -> None:
        if light not in LIGHT_CHOICES:
            raise UnknownWord(f"light is one of {', '.join(LIGHT_CHOICES)}")
        self.scenario, self._light_choice, self._multicast = scenario, light, multicast
        self.store = ClipStore(cache or default_cache(), workers)
        self.links = {code: Line(code) for code in scenario.links}
        self.powers = {code: Power(code, scenario.boot_s) for code in scenario.powers}
        self.uplink = Line("uplink")
        self.mounts: dict[str, Mount] = {}
        self.subs: dict[str, Mount] = {}
        self.failed: dict[str, str] = {}
        self._ports: list[Port] = []
        self._link_ports: dict[str, tuple[int, int]] = {}
        self.witness_ports: dict[str, int] = {}
        self.devices: dict[str, Device] = {}
        self.recorders: dict[str, RecorderDevice] = {}
        self._replay_ports: dict[str, int] = {}
        self.control_port = self.discovery_port = 0
        self._discovery: Discovery | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._started = 0.0
        for spec in scenario.cameras:
            self._add_camera(spec)

    def _add_camera(self, spec: CameraSpec) -> None:
        link, power = self.links[spec.link], self.powers[spec.power]
        self.mounts[spec.code] = Mount(spec, spec.code, link, power, self.store, self.scenario.loop_s)
        self.mounts[spec.code].fault = spec.fault
        if spec.onvif:
            small = {"width": spec.width // 4 * 2, "height": spec.height // 4 * 2, "fps": min(SUB_FPS, spec.fps)}
            sub_spec = CameraSpec(**{**spec.__dict__, **small})
            self.subs[spec.code] = Mount(
                sub_spec, f"{spec.code}/sub", link, power, self.store, self.scenario.loop_s, profile="sub"
            )

    async def __aenter__(self) -> FieldServer:
        self._started = time.monotonic()
        try:
            await self._open_ports()
        except OSError:
            await self._close_ports()
            raise
        self._tasks = [
            asyncio.create_task(self._keep_light(), name="light"),
            asyncio.create_task(self._run_timeline(), name="timeline"),
            *(asyncio.create_task(device.recorder.keep_looking()) for device in self.recorders.values()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for mount in self.streams.values():
            mount.forget_viewers()
        await self._close_ports()
        await self.store.close()

    async def _open_ports(self) -> None:
        first = self.scenario.ports
        for k, (code, line) in enumerate(self.links.items()):
            by_path = {path: mount for path, mount in self.streams.items() if mount.link is line}
            rtsp = self._open(self._rtsp(by_path), [line], first.rtsp, k, HEAD_LIMIT)
            self._link_ports[code] = (rtsp, self._open(_banner(code), [line], first.switch, k))
        for k, code in enumerate(WITNESSES):
            self.witness_ports[code] = self._open(_banner(code), [self.uplink], first.witness, k)
        from satukota_field.control import serve_control  # the control port speaks about this class

        self.control_port = self._open(serve_control(self), [], first.control, 0)
        self._open_recorders()
        with_onvif = [self.mounts[code] for code in self.subs]
        for k, mount in enumerate(with_onvif):
            device = Device(mount, self.subs[mount.spec.code], k, self.rtsp_url)
            device.port = self._open(device.serve, [mount.link, mount.power.line], first.onvif, k)
            self.devices[mount.spec.code] = device
        if self.devices:
            self._discovery = Discovery(list(self.devices.values()))
            self.discovery_port = await self._discovery.open(first.discovery, self._multicast)

    def _open_recorders(self) -> None:
        first = self.scenario.ports
        for k, spec in enumerate(self.scenario.recorders):
            recorder = Recorder(spec, self.mounts, self.links[spec.link], self.powers[spec.power])
            device, lines = RecorderDevice(recorder, k, self.replay_url), [recorder.link, recorder.power.line]
            tracks = {track.path: track for track in recorder.tracks.values()}
            device.port = self._open(device.serve, lines, first.recorder, k)
            self._replay_ports[spec.code] = self._open(_replay(tracks), lines, first.replay, k, HEAD_LIMIT)
            self.recorders[spec.code] = device

    def _open(
        self, serve: Callable[..., Awaitable[None]], lines: list[Line], first: int, offset: int, limit: int = 1 << 16
    ) -> int:
        port = Port(serve, lines, limit)
        self._ports.append(port)
        return port.open(first + offset if first else 0)

    def _rtsp(
        self, mounts: dict[str, Mount]
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Connection(mounts, reader, writer).serve()

        return serve

    async def _close_ports(self) -> None:
        if self._discovery is not None:
            self._discovery.close()
        await asyncio.gather(*(port.close() for port in self._ports))

    # What is where -----------------------------------------------------------------------------------------------

    @property
    def streams(self) -> dict[str, Mount]:
        """Every stream by its path, main streams first."""
        return {mount.path: mount for mount in (*self.mounts.values(), *self.subs.values())}

    def rtsp_url(self, mount: Mount) -> str:
        """Address of a stream, without credentials."""
        return f"rtsp://{HOST}:{self._link_ports[mount.link.code][0]}/{mount.path}"

    def replay_url(self, track: Track) -> str:
        return f"rtsp://{HOST}:{self._replay_ports[track.recorder.spec.code]}/{track.path}"

    def status(self) -> dict[str, Any]:
        """Everything that can be asked about the field, ready for JSON. No passwords."""
        return {
            "uptime_s": round(time.monotonic() - self._started, 1),
            "light": next(iter(self.mounts.values())).light,
            "control_port": self.control_port,
            "discovery_port": self.discovery_port,
            "ready": sum(m.is_ready for m in self.mounts.values()),
            "clips_waiting": self.store.waiting,
            "clips_made": self.store.made,
            "failed": self.failed,
            "links": [
                {
                    "code": c,
                    "up": line.is_up,
                    "rtsp_port": self._link_ports[c][0],
                    "switch_port": self._link_ports[c][1],
                }
                for c, line in self.links.items()
            ],
            "powers": [{"code": c, "up": p.line.is_up} for c, p in self.powers.items()],
            "uplink": self.uplink.is_up,
            "witnesses": [{"code": c, "port": p, "up": self.uplink.is_up} for c, p in self.witness_ports.items()],
            "cameras": [self._camera_status(mount) for mount in self.mounts.values()],
            "recorders": [
                {"code": code, "onvif_port": device.port, "replay_port": self._replay_ports[code],
                 "fault": device.recorder.fault, "cameras": list(device.recorder.tracks)}
                for code, device in self.recorders.items()
            ],
        }  # fmt: skip

    def _camera_status(self, mount: Mount) -> dict[str, Any]:
        spec, device = mount.spec, self.devices.get(mount.spec.code)
        return {
            "code": spec.code,
            "url": self.rtsp_url(mount),
            "sub_url": self.rtsp_url(self.subs[spec.code]) if spec.code in self.subs else None,
            "onvif_port": device.port if device else None,
            "link": spec.link,
            "power": spec.power,
            "width": spec.width,
            "height": spec.height,
            "fps": spec.fps,
            "gop_s": spec.gop_s,
            "user": spec.login.user if spec.login else None,
            "login": spec.login.scheme if spec.login else None,
            "fault": mount.fault,
            "ready": mount.is_ready,
            "reachable": mount.is_reachable,
            "viewers": len(mount.viewers),
            "opened": mount.opened,
            "sent_pictures": mount.sent_pictures,
            "bad_logins": mount.bad_logins,
        }

    # What changes it ---------------------------------------------------------------------------------------------

    async def do(self, words: str) -> None:
        """Follow one command: `set CODE FAULT`, `link CODE up|down`, `power CODE up|down`, `uplink up|cut`,
        `own_line up|cut` (witnesses and every link at once), `light auto|day|dusk|night`, `recorder CODE FAULT`,
        `gap RECORDER CAMERA AGO_S LONG_S`.

        Raises UnknownWord, or BakingFailed when the pictures for a fault cannot be made.
        """
        match words.split():
            case ["set", code, fault]:
                await self._set_fault(code, fault)
            case ["link", code, ("up" | "down") as way]:
                line = _found(self.links, code, "link")
                line.mend() if way == "up" else line.cut()
            case ["power", code, ("up" | "down") as way]:
                power = _found(self.powers, code, "power group")
                power.mend() if way == "up" else power.cut()
            case ["uplink" | "own_line" as which, ("up" | "cut") as way]:
                for line in [self.uplink, *(self.links.values() if which == "own_line" else ())]:
                    line.mend() if way == "up" else line.cut()
            case ["recorder", code, fault] if fault in RECORDER_FAULTS:
                _found(self.recorders, code, "recorder").recorder.fault = fault
            case ["gap", code, camera, ago, long] if ago.isdecimal() and long.isdecimal():
                recorder = _found(self.recorders, code, "recorder").recorder
                _found(recorder.tracks, camera, "camera of this recorder")
                recorder.gap(camera, float(ago), float(long))
            case ["light", choice] if choice in LIGHT_CHOICES:
                self._light_choice = choice
                await self._set_light(self._wanted_light())
            case _:
                raise UnknownWord(f"not understood: {words[:80]!r}; {self.do.__doc__}")

    async def _set_fault(self, code: str, fault: str) -> None:
        mount = _found(self.mounts, code, "camera")
        if fault not in FAULTS:
            raise UnknownWord(f"no such fault: {fault}; one of {', '.join(FAULTS)}")
        if mount.fault != "healthy" or fault != "healthy":
            log.info("%s: %s", code, fault)
        await mount.set_fault(fault)
        if code in self.subs:
            await self.subs[code].set_fault(fault)

    def _wanted_light(self) -> str:
        choice = self._light_choice
        return light_now(dt.datetime.now(TOWN_CLOCK)) if choice == "auto" else choice

    async def _keep_light(self) -> None:
        """Pictures for every camera at the start, and again when the light of the day changes."""
        shown = ""
        await asyncio.sleep(0)
        while True:
            if (wanted := self._wanted_light()) != shown:
                shown = wanted
                await self._set_light(wanted)
                self.store.prune()
            await asyncio.sleep(20)

    async def _set_light(self, light: str) -> None:
        await asyncio.gather(*(self._prepare(mount, light) for mount in self.streams.values()))

    async def _prepare(self, mount: Mount, light: str) -> None:
        try:
            await mount.prepare(light)
            self.failed.pop(mount.path, None)
        except (BakingFailed, OSError) as problem:
            self.failed[mount.path] = str(problem)
            log.error("%s: %s", mount.path, problem)

    async def _run_timeline(self) -> None:
        """The clock of the timeline starts when every camera has its first pictures: until then nobody saw it well."""
        while sum(mount.is_ready for mount in self.mounts.values()) + len(self.failed) < len(self.mounts):
            await asyncio.sleep(0.5)
        started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for step in self.scenario.timeline:
                group.create_task(self._run_step(step, started))

    async def _run_step(self, step: Step, started: float) -> None:
        at_s = step.at_s
        while True:
            await asyncio.sleep(max(0.0, started + at_s - asyncio.get_running_loop().time()))
            try:
                await self.do(step.do)
            except (UnknownWord, BakingFailed) as problem:
                log.error("timeline at %g s: %s", at_s, problem)
            if not step.every_s:
                return
            at_s += step.every_s


def _replay(tracks: Mapping[str, Track]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ReplayConnection(tracks, reader, writer).serve()

    return serve


def _banner(code: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"satukota-field {code}\r\n".encode())
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    return serve


def _found(things: Mapping[str, T], code: str, what: str) -> T:
    if code not in things:
        raise UnknownWord(f"no such {what}: {code[:40]}")
    return things[code]
