"""What is simulated: cameras, links, power, logins, and what goes wrong when. Read from TOML or made for a number."""

from __future__ import annotations

import re
import tomllib
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from satukota_field.logins import Login
from satukota_field.payloads import CODECS, LARGEST_JPEG

SAMPLE = Path(__file__).parent / "scenarios" / "bontang.toml"

# Faults that show other pictures, and faults of the connection. Each is one word on the command line.
PICTURE_FAULTS = ("frozen", "frozen_noise", "black", "covered", "defocused", "turned", "low_fps", "one_fps",
                  "resolution_change", "huge")  # fmt: skip
LINE_FAULTS = ("wrong_clock", "slow", "silent", "hanging", "refusing", "unauthorised", "closing", "html",
               "no_keyframe", "busy")  # fmt: skip
FAULTS = ("healthy", *PICTURE_FAULTS, *LINE_FAULTS)
RECORDER_FAULTS = ("healthy", "wrong_clock", "unauthorised", "html", "hostile_xml", "silent", "closing", "refusing")
MAX_CAMERAS, MAX_LINKS, MAX_RECORDERS = 1000, 40, 3


class ScenarioError(ValueError):
    """The scenario cannot be used; the text says what and where."""


@dataclass(frozen=True)
class CameraSpec:
    code: str
    link: str
    power: str
    seed: int
    name: str
    width: int = 640
    height: int = 360
    fps: float = 10.0
    gop_s: float = 2.0
    login: Login | None = None
    onvif: bool = False
    night: str = "night_colour"  # what this camera does after dark: "night_colour" or "night_ir"
    fault: str = "healthy"
    video: str | None = None
    max_sessions: int = 8
    when_full: int = 453  # what the camera answers over that limit: 453 or 503
    clock_off_s: float = 437.0  # how wrong the clock is under the fault wrong_clock
    ptz: bool = False  # turns by ONVIF PTZ
    slow_s: float = 6.0  # how late the first picture is under the fault slow
    codec: str = "h264"  # h264, h265, or mjpeg (RTP/JPEG)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", self.code):
            raise ScenarioError(f"camera code {self.code!r}: 1 to 40 letters, digits, dots, dashes, underscores")
        if self.fault not in FAULTS:
            raise ScenarioError(f"{self.code}: no such fault: {self.fault}; one of {', '.join(FAULTS)}")
        if self.width % 2 or self.height % 2 or not 32 <= self.width <= 3840 or not 32 <= self.height <= 2160:
            raise ScenarioError(f"{self.code}: size must be even and between 32x32 and 3840x2160")
        if not 1 <= self.fps <= 60 or not 0.2 <= self.gop_s <= 60:
            raise ScenarioError(f"{self.code}: fps must be 1 to 60 and gop_s 0.2 to 60")
        if self.night not in ("night_colour", "night_ir") or self.when_full not in (453, 503):
            raise ScenarioError(f"{self.code}: night is night_colour or night_ir, when_full is 453 or 503")
        if self.codec not in CODECS or (self.codec != "h264" and self.onvif):
            raise ScenarioError(f"{self.code}: codec is one of {', '.join(CODECS)}; with ONVIF only h264")
        if self.codec == "mjpeg" and (self.width % 8 or self.height % 8 or self.width > LARGEST_JPEG):
            raise ScenarioError(f"{self.code}: the size of mjpeg must be whole eights, at most {LARGEST_JPEG} wide")
        if self.video and not Path(self.video).is_file():
            raise ScenarioError(f"{self.code}: no such video file: {self.video}")


@dataclass(frozen=True)
class RecorderSpec:
    """A recorder of these cameras. `gaps`: (camera, how long before the start it began, how long it was), seconds."""

    code: str
    link: str
    power: str
    cameras: tuple[str, ...]
    login: Login | None = None
    days: float = 14.0  # how far back it holds footage
    gaps: tuple[tuple[str, float, float], ...] = ()
    clock_off_s: float = 437.0  # how wrong its clock is under the fault wrong_clock
    fault: str = "healthy"

    def __post_init__(self) -> None:
        if self.fault not in RECORDER_FAULTS:
            raise ScenarioError(f"{self.code}: no such fault: {self.fault}; one of {', '.join(RECORDER_FAULTS)}")
        if not self.cameras or self.days <= 0:
            raise ScenarioError(f"{self.code}: a recorder has cameras and holds footage for some days")


@dataclass(frozen=True)
class Step:
    """At `at_s` after the start do one thing, in the words of the control port; `every_s` repeats it from then on."""

    at_s: float
    do: str
    every_s: float | None = None


@dataclass(frozen=True)
class Ports:
    """First port of each kind; all 0 means: whatever is free."""

    rtsp: int = 18600
    switch: int = 18640
    witness: int = 18680
    discovery: int = 18689
    onvif: int = 18691
    control: int = 18699
    recorder: int = 18683  # ONVIF of the recorders
    replay: int = 18686  # RTSP of the recorders

    @classmethod
    def free(cls) -> Ports:
        return cls(0, 0, 0, 0, 0, 0, 0, 0)

    def starting_at(self, first: int) -> Ports:
        """The same block of ports, moved so that RTSP begins at `first`."""
        return Ports(*(port + first - self.rtsp for port in astuple(self)))


@dataclass(frozen=True)
class Scenario:
    cameras: tuple[CameraSpec, ...]
    links: tuple[str, ...] = ()
    powers: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = ()
    ports: Ports = field(default_factory=Ports)
    boot_s: float = 20.0  # from power back to the first answer
    loop_s: float = 22.0
    recorders: tuple[RecorderSpec, ...] = ()

    def __post_init__(self) -> None:
        codes = [camera.code for camera in self.cameras]
        twice = {code for code in codes if codes.count(code) > 1} if len(set(codes)) < len(codes) else set()
        if not codes or twice or len(codes) > MAX_CAMERAS:
            raise ScenarioError(
                f"1 to {MAX_CAMERAS} cameras, each code once" + (f"; twice: {min(twice)}" if twice else "")
            )
        object.__setattr__(self, "links", self.links or tuple(dict.fromkeys(c.link for c in self.cameras)))
        object.__setattr__(self, "powers", self.powers or tuple(dict.fromkeys(c.power for c in self.cameras)))
        for camera in self.cameras:
            if camera.link not in self.links or camera.power not in self.powers:
                raise ScenarioError(f"{camera.code}: link {camera.link} or power {camera.power} is not listed")
        if len(self.links) > MAX_LINKS:
            raise ScenarioError(f"at most {MAX_LINKS} links")
        if len(self.recorders) > MAX_RECORDERS:
            raise ScenarioError(f"at most {MAX_RECORDERS} recorders")
        for recorder in self.recorders:
            if recorder.link not in self.links or recorder.power not in self.powers or set(recorder.cameras) - {*codes}:
                raise ScenarioError(f"{recorder.code}: its link, its power or one of its cameras is not listed")

    def with_faults(self, faults: dict[str, str]) -> Scenario:
        """The same, with these cameras ill from the start. Raises ScenarioError for an unknown camera."""
        unknown = set(faults) - {camera.code for camera in self.cameras}
        if unknown:
            raise ScenarioError(f"no such camera: {min(unknown)}")
        return replace(self, cameras=tuple(replace(c, fault=faults.get(c.code, c.fault)) for c in self.cameras))

    def with_number(self, number: int) -> Scenario:
        """The first `number` cameras; more than there are repeat the pictures of the first ones under new codes."""
        if not 1 <= number <= MAX_CAMERAS:
            raise ScenarioError(f"--cameras must be 1 to {MAX_CAMERAS}")
        known = self.cameras
        stem = known[0].code.split("-")[0]
        more = (
            replace(known[k % len(known)], code=f"{stem}-{k + 1:04d}", onvif=False, fault="healthy")
            for k in range(len(known), number)
        )
        cameras = (*known[:number], *more)
        codes = {camera.code for camera in cameras}
        links = tuple(link for link in self.links if any(c.link == link for c in cameras))
        timeline = tuple(step for step in self.timeline if _about(step.do, codes, set(links)))
        recorders = tuple(r for r in self.recorders if codes.issuperset(r.cameras) and r.link in links)
        return replace(self, cameras=cameras, timeline=timeline, recorders=recorders)


def _about(do: str, codes: set[str], links: set[str]) -> bool:
    """Whether a step still makes sense with these cameras and links."""
    words = do.split()
    return words[1] in (codes if words[0] == "set" else links) if words[0] in ("set", "link") else True


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises ScenarioError with the place of the mistake."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ScenarioError(f"{path.name}: {problem}") from problem
    try:
        usual = told.get("usual", {})
        cameras = tuple(_camera({**usual, **row}, path.parent) for row in told["cameras"])
        timeline = tuple(
            Step(float(row["at_s"]), do, row.get("every_s")) for row in told.get("timeline", []) for do in row["do"]
        )
        return Scenario(
            cameras,
            tuple(told.get("links", ())),
            tuple(told.get("powers", ())),
            timeline,
            Ports(**told.get("ports", {})),
            float(told.get("boot_s", 20.0)),
            float(told.get("loop_s", 22.0)),
            tuple(_recorder(row) for row in told.get("recorders", ())),
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ScenarioError(f"{path.name}: missing or unknown entry: {problem}") from problem


def _recorder(row: dict[str, Any]) -> RecorderSpec:
    lists = {
        "cameras": tuple(row["cameras"]),
        "gaps": tuple((c, float(a), float(b)) for c, a, b in row.get("gaps", ())),
    }
    return RecorderSpec(**{**row, **lists, "login": _login(row, row.get("login"))})


def _login(row: dict[str, Any], told: dict[str, Any] | None) -> Login | None:
    try:
        return Login(**told) if told else None
    except (TypeError, ValueError) as problem:
        raise ScenarioError(f"{row.get('code')}: login: {problem}") from problem


def _camera(row: dict[str, Any], folder: Path) -> CameraSpec:
    row = dict(row)
    size, video = row.pop("size", None), row.pop("video", None)
    if size:
        row["width"], row["height"] = size
    row["login"] = _login(row, row.pop("login", None))
    if video:
        row["video"] = str((folder / video).resolve())
    row.setdefault("name", f"{row.get('code')} SIMULASI")  # no picture of ours passes for a filmed one
    return CameraSpec(**row)
