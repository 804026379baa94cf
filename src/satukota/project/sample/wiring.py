"""How the simulated field is wired: which camera hangs on which link and power, and what it sends.

The scenario file of the simulator is the truth; it is read as a file, because the product never imports the simulator.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

SCENARIO = settings.PACKAGE.parent / "satukota_field" / "scenarios" / "bontang.toml"
HOST = "127.0.0.1"
WITNESSES = 3


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
    sub_address: str
    username: str
    password: str


@dataclass(frozen=True)
class Box:
    """A simulated recorder as its register row must describe it."""

    address: str
    username: str
    password: str
    channels: dict[str, str]  # camera → recording token


@dataclass(frozen=True)
class Field:
    links: dict[str, str]  # code → host:port of its switch, in the order of the scenario
    powers: tuple[str, ...]
    witnesses: tuple[str, ...]  # host:port of what stands for the internet, in the order of city.toml
    cameras: dict[str, Wire]
    recorders: dict[str, Box]


@cache
def field() -> Field:
    """Read once per process. Raises UserError where the simulator is not installed."""
    try:
        told = tomllib.loads(SCENARIO.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UserError(
            _("Skenario simulator lapangan tidak ditemukan."),
            fix=_("Pasang satukota lengkap dengan satukota_field."),
        ) from problem
    shift, links = settings.FIELD_PORT - told["ports"]["rtsp"], told["links"]
    ports = {kind: port + shift for kind, port in told["ports"].items()}
    rows = [{**told["usual"], **row} for row in told["cameras"]]
    onvif = [row["code"] for row in rows if row.get("onvif")]
    return Field(
        links={code: f"{HOST}:{ports['switch'] + place}" for place, code in enumerate(links)},
        powers=tuple(told["powers"]),
        witnesses=tuple(f"{HOST}:{ports['witness'] + place}" for place in range(WITNESSES)),
        cameras={row["code"]: _wire(row, ports, links, onvif) for row in rows},
        recorders={row["code"]: _box(row, ports["recorder"] + place) for place, row in enumerate(told["recorders"])},
    )


def _box(row: Mapping[str, Any], port: int) -> Box:
    channels = {code: f"REC-{code}" for code in row["cameras"]}
    return Box(f"http://{HOST}:{port}/onvif/device_service", row["login"]["user"], row["login"]["password"], channels)


def _wire(row: Mapping[str, Any], ports: Mapping[str, int], links: Sequence[str], onvif: Sequence[str]) -> Wire:
    code, (width, height), login = row["code"], row["size"], row.get("login", {})
    device = f"http://{HOST}:{ports['onvif'] + onvif.index(code)}/onvif/device_service" if code in onvif else ""
    stream = f"rtsp://{HOST}:{ports['rtsp'] + links.index(row['link'])}/{code}"
    return Wire(
        link=row["link"], power=row["power"], address=stream,
        width=width, height=height, fps=float(row["fps"]), codec="h264", onvif_address=device,
        sub_address=f"{stream}/sub" if device else "",
        username=login.get("user", ""), password=login.get("password", ""),
    )  # fmt: skip
