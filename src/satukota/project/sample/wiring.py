"""How the simulated field is wired: which camera hangs on which link and power, and what it sends."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Wire:
    """One simulated camera as its register row must describe it."""

    link: str
    power: str
    address: str
    width: int
    height: int
    fps: float
    codec: str
    onvif_address: str
    username: str
    password: str


@dataclass(frozen=True)
class Field:
    links: dict[str, str]  # code → host:port of its switch, in the order of the scenario
    powers: tuple[str, ...]
    cameras: dict[str, Wire]


_BLOCKS = (("FO-01", 7), ("FO-02", 14), ("FO-03", 21), ("FO-04", 27), ("FO-05", 33), ("FO-06", 38), ("FO-07", 52),
           ("FO-08", 60), ("RD-01", 63), ("4G-01", 66))  # fmt: skip


@cache
def field() -> Field:
    links = {code: f"127.0.0.1:{18640 + k}" for k, (code, _) in enumerate(_BLOCKS)}
    powers = tuple(f"GD-{k:02d}" for k in range(1, 11))
    cameras = {}
    for n in range(1, 67):
        k = next(k for k, (_, last) in enumerate(_BLOCKS) if n <= last)
        cameras[f"MB-{n:03d}"] = Wire(
            link=_BLOCKS[k][0], power=powers[k], address=f"rtsp://127.0.0.1:{18600 + k}/MB-{n:03d}",
            width=1280, height=720, fps=10.0, codec="h264",
            onvif_address=f"http://127.0.0.1:{18690 + n}/onvif/device_service" if n <= 8 else "",
            username="", password="",
        )  # fmt: skip
    return Field(links, powers, cameras)
