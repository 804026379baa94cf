"""ONVIF devices on the network as rows of an import. Each device is asked once: who asks twice locks itself out."""

import asyncio
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from satukota.base import addresses
from satukota.base.errors import UserError
from satukota.city.models import Opd
from satukota.shared.monitoring.models import Target

from ..models import Camera, CameraImport
from ..onvif import device as onvif_device
from ..onvif.discovery import discover
from . import actions
from .cells import Cell
from .columns import SECRET
from .files import RawRow

MOST_HOSTS = 256
AT_ONCE = 64
CONNECT_S = 1.5
WHOLE_S = 40.0
PATH = "/onvif/device_service"
_RANGE = re.compile(r"(\d+\.\d+\.\d+)\.(\d+)\s*-\s*(?:\1\.)?(\d+)")


@dataclass(frozen=True)
class Asked:
    """One place to ask. `is_named`: a person named this very host, so that it does not answer is worth a row."""

    host: str
    port: int
    is_named: bool
    url: str = ""

    @property
    def device_url(self) -> str:
        literal = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{literal}:{self.port}{PATH}"


@dataclass
class Answer:
    asked: Asked
    device: onvif_device.Device | None = None
    problem: str = ""


def start(
    *, owner: Opd, addresses: str, port: int, username: str, password: str, prefix: str, by: Any, at: datetime
) -> CameraImport:
    """Ask every address and preview what answered. Raises UserError when nothing can be asked or nothing answered."""
    asked = parse_addresses(addresses, port)
    try:
        answers = asyncio.run(asyncio.wait_for(_ask_all(asked, username, password), WHOLE_S))
    except TimeoutError:
        raise UserError(
            _("Pencarian memakan waktu terlalu lama."), fix=_("Persempit rentang alamatnya, lalu cari lagi.")
        ) from None
    rows = rows_of(answers, owner, prefix, username, password)
    if not rows:
        raise UserError(
            _("Tidak ada perangkat ONVIF yang menjawab."), fix=_("Periksa rentang alamat, port, dan layanan ONVIF-nya.")
        )
    name = f"ONVIF {addresses.strip()[:120]}"
    return actions.start_from_rows(name, rows, source="onvif", owner=owner, by=by, at=at)


def parse_addresses(text: str, port: int) -> list[Asked]:
    """Hosts, host:port, 10.0.0.0/24 and 10.0.0.5-20, each once. Raises UserError."""
    found: dict[tuple[str, int], Asked] = {}
    for part in filter(None, re.split(r"[\s,;]+", re.sub(r"\s*-\s*", "-", text.strip()))):
        for asked in _asked(part, port):
            found.setdefault((asked.host, asked.port), asked)
            if len(found) > MOST_HOSTS:
                raise UserError(
                    _("Lebih dari %d alamat sekaligus.") % MOST_HOSTS, fix=_("Cari paling besar satu /24 sekali cari.")
                )
    if not found:
        raise UserError(_("Alamat masih kosong."), fix=_("Isi alamat atau rentang, misalnya 10.64.2.0/24."))
    return list(found.values())


def _asked(part: str, port: int) -> Iterator[Asked]:
    if "/" in part:
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise UserError(_("Rentang ini tidak terbaca."), fix=_("Tulis seperti 10.64.2.0/24.")) from None
        if network.num_addresses > MOST_HOSTS:
            raise UserError(_("Rentang ini terlalu besar."), fix=_("Paling besar /24, yaitu 256 alamat."))
        hosts = [str(host) for host in network.hosts()]
        yield from (Asked(host, port, False) for host in hosts if addresses.allowed_ip(host, port))
        return
    if span := _RANGE.fullmatch(part):
        first, last = int(span[2]), int(span[3])
        if not first <= last <= 255:
            raise UserError(_("Rentang ini tidak terbaca."), fix=_("Tulis seperti 10.64.2.5-20."))
        hosts = [f"{span[1]}.{n}" for n in range(first, last + 1)]
        yield from (Asked(host, port, False) for host in hosts if addresses.allowed_ip(host, port))
        return
    has_port = re.search(r"[^:]:\d+$", part) is not None
    checked = addresses.check_address(part if has_port else f"{part}:{port}", schemes=("tcp",))
    yield Asked(checked.host, checked.port, True)


async def _ask_all(asked: Sequence[Asked], username: str, password: str) -> list[Answer]:
    """Devices announce their own address (WS-Discovery); a host that announces nothing is asked at the usual one."""
    told = await discover({each.host for each in asked})
    urls: dict[str, list[str]] = {}
    for found in told:
        checked = addresses.check_address(found.device_url, schemes=("http", "https"))
        urls.setdefault(checked.host, []).append(str(checked))
    places: dict[str, Asked] = {}
    for each in asked:
        own = [Asked(each.host, each.port, each.is_named, url) for url in urls.get(each.host, ())]
        same_port = [place for place in own if f":{each.port}/" in place.url]
        for place in same_port or own or [each]:
            places.setdefault(place.device_url, place)
    gate = asyncio.Semaphore(AT_ONCE)
    return list(await asyncio.gather(*(_ask(place, username, password, gate) for place in places.values())))


async def _ask(asked: Asked, username: str, password: str, gate: asyncio.Semaphore) -> Answer:
    async with gate:
        if not asked.is_named and not await _listens(asked):
            return Answer(asked)
        try:
            return Answer(asked, await onvif_device.describe(asked.device_url, username, password))
        except UserError as problem:
            return Answer(asked, problem=f"{problem.text} {problem.fix}".strip())


async def _listens(asked: Asked) -> bool:
    """Of a range most addresses are empty: a short knock decides."""
    port = addresses.check_address(asked.device_url, schemes=("http", "https")).port
    try:
        _reader, writer = await asyncio.wait_for(asyncio.open_connection(asked.host, port), CONNECT_S)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def rows_of(answers: Sequence[Answer], owner: Opd, prefix: str, username: str, password: str) -> list[RawRow]:
    """A row for each device, without the silent places of a range. Known ones keep code and name. Two queries."""
    known = _known(owner)
    codes = _free_codes(prefix)
    rows: list[RawRow] = []
    for answer in answers:
        if answer.device is None and not answer.problem:
            continue
        cells: dict[str, Cell] = {"onvif_address": answer.asked.device_url}
        row = RawRow(len(rows) + 1, cells, [answer.problem] if answer.problem else [])
        if answer.device is not None:
            cells |= _cells(answer.device)
            code = known.get(answer.device.serial_number) or known.get(answer.device.device_url)
            if code:
                cells.pop("name")
            cells |= {"code": code or next(codes), "username": username, SECRET: password}
            if answer.device.best is None:
                row.problems.append(_("perangkat ini tidak menawarkan aliran H.264 atau H.265"))
        rows.append(row)
    return rows


def _cells(device: onvif_device.Device) -> dict[str, Cell]:
    best = device.best
    host = addresses.check_address(device.device_url, schemes=("http", "https")).host
    cells: dict[str, Cell] = {
        "name": f"{device.maker} {device.model} {host}".strip(), "maker": device.maker, "model": device.model,
        "serial_number": device.serial_number, "onvif_address": device.device_url,
    }  # fmt: skip
    if best is not None:
        cells |= {"address": best.stream_url, "codec": best.codec, "fps": best.fps}
        if best.width and best.height:
            cells |= {"width": best.width, "height": best.height}
    return cells


def _known(owner: Opd) -> dict[str, str]:
    """Code by serial number and by ONVIF address, of the office's own cameras."""
    mine = Camera.objects.filter(target__owner=owner).values_list("target__code", "serial_number", "onvif_address")
    found: dict[str, str] = {}
    for code, serial, address in mine:
        found |= {key: code for key in (serial, address) if key}
    return found


def _free_codes(prefix: str) -> Iterator[str]:
    """MB-067, MB-068, … after the highest there is, as wide as it is (three digits at least)."""
    taken = Target.objects.filter(code__startswith=prefix).values_list("code", flat=True)
    numbers = [code.removeprefix(prefix) for code in taken]
    digits = [number for number in numbers if number.isascii() and number.isdigit() and len(number) < 12]
    highest = max(map(int, digits), default=0)
    width = max(map(len, digits), default=3)
    while True:
        highest += 1
        yield f"{prefix}{highest:0{width}d}"
