"""The motor of a simulated PTZ camera, as ONVIF PTZ (ver20/ptz) speaks of it.

It remembers where it points and which directions were given names. The picture does not turn with it: clips are made
beforehand, so a test asks `GetStatus` where the camera points.
"""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

TPTZ = "http://www.onvif.org/ver20/ptz/wsdl"
TT = "http://www.onvif.org/ver10/schema"
ACTIONS = ("GetPresets", "GotoPreset", "ContinuousMove", "Stop", "GetStatus")
USUAL_S, LONGEST_S = 1.0, 10.0
Position = tuple[float, float, float]


class NoPreset(ValueError):
    pass


@dataclass
class Motor:
    """Pan, tilt and zoom from -1 (zoom 0) to 1; one full way takes two seconds at full speed."""

    presets: dict[str, tuple[str, Position]] = field(
        default_factory=lambda: {"1": ("Jalan", (0.0, 0.0, 0.0)), "2": ("Trotoar", (0.4, -0.2, 0.3))}
    )
    now: Callable[[], float] = time.monotonic
    _at: Position = (0.0, 0.0, 0.0)
    _speed: Position = (0.0, 0.0, 0.0)
    _since: float = 0.0
    _until: float = 0.0

    @property
    def position(self) -> Position:
        gone = max(0.0, min(self.now(), self._until) - self._since)
        lowest = (-1.0, -1.0, 0.0)
        pan, tilt, zoom = (
            min(1.0, max(low, at + speed * gone)) for low, at, speed in zip(lowest, self._at, self._speed, strict=True)
        )
        return pan, tilt, zoom

    @property
    def is_moving(self) -> bool:
        return any(self._speed) and self.now() < self._until

    def move(self, speed: Position, longest_s: float) -> None:
        self._at, self._speed, self._since = self.position, speed, self.now()
        self._until = self._since + min(longest_s, LONGEST_S)

    def stop(self) -> None:
        self.move((0.0, 0.0, 0.0), 0.0)

    def go_to(self, token: str) -> None:
        """Raises NoPreset."""
        if token not in self.presets:
            raise NoPreset(token)
        self.stop()
        self._at = self.presets[token][1]

    def answer(self, action: str, request: ET.Element) -> str:
        """The inside of the response. Raises NoPreset, ValueError for numbers that are none."""
        if action == "GetPresets":
            return "".join(
                f'<tptz:Preset token="{token}"><tt:Name>{escape(name)}</tt:Name></tptz:Preset>'
                for token, (name, _) in self.presets.items()
            )
        if action == "GotoPreset":
            self.go_to((request.findtext(f"{{{TPTZ}}}PresetToken") or "").strip())
        elif action == "ContinuousMove":
            self.move(*_asked(request))
        elif action == "Stop":
            self.stop()
        else:
            pan, tilt, zoom = self.position
            moving = "MOVING" if self.is_moving else "IDLE"
            return (
                f'<tptz:PTZStatus><tt:Position><tt:PanTilt x="{pan:.3f}" y="{tilt:.3f}"/><tt:Zoom x="{zoom:.3f}"/>'
                f"</tt:Position><tt:MoveStatus><tt:PanTilt>{moving}</tt:PanTilt></tt:MoveStatus></tptz:PTZStatus>"
            )
        return ""


def _asked(request: ET.Element) -> tuple[Position, float]:
    turn, zoom = request.find(f".//{{{TT}}}PanTilt"), request.find(f".//{{{TT}}}Zoom")
    told = [turn.get("x") if turn is not None else "0", turn.get("y") if turn is not None else "0",
            zoom.get("x") if zoom is not None else "0"]  # fmt: skip
    pan, tilt, way = (float(one or 0) for one in told)
    if not all(-1 <= one <= 1 for one in (pan, tilt, way)):
        raise ValueError("speed out of range")
    told_s = re.fullmatch(r"PT(\d{1,3}(?:\.\d{1,3})?)S", (request.findtext(f"{{{TPTZ}}}Timeout") or "").strip())
    return (pan, tilt, way), float(told_s[1]) if told_s else USUAL_S
