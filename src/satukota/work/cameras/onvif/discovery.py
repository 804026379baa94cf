"""WS-Discovery (OASIS 2005/04; ONVIF Core 7.3): which ONVIF devices are there?

Own sockets: the WSDiscovery package found nothing where a plain probe was answered. Unicast to named hosts works
through routers; multicast only finds what hangs on the same network.
"""

from __future__ import annotations

import asyncio
import re
import socket
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from satukota.base import addresses

from . import envelopes

GROUP, PORT = "239.255.255.250", 3702
LISTEN_S = 3.0
MOST_TARGETS, MOST_ANSWERS, MOST_BYTES = 4096, 2000, 16_384
SEND_PAUSE_S = 0.002  # a burst of probes is dropped by small switches
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>urn:uuid:{id}</w:MessageID>'
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header><e:Body><d:Probe>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)


@dataclass(frozen=True)
class Found:
    """One device that answered."""

    device_url: str
    """where it answers for us: its own address with the host it answered from"""
    told_url: str
    """as the device wrote it; behind NAT or badly set up it is another one"""
    endpoint: str
    """its lasting identity (urn:uuid:…)"""
    name: str = ""
    hardware: str = ""


async def discover(
    targets: Iterable[str] = (), *, multicast_from: str | None = None, listen_s: float = LISTEN_S
) -> list[Found]:
    """Probe hosts (`host` or `host:port`, port 3702 by default) and, from this local address, the multicast group.

    Each device once, by endpoint, sorted by address. Raises UserError for a target that cannot be read or may not be
    asked, ValueError for more than 4,096; names that lead nowhere, or to what may not be asked, are left out.
    """
    asked = [addresses.check_address(t if _has_port(t) else f"{t}:{PORT}", schemes=("tcp",)) for t in targets]
    if len(asked) > MOST_TARGETS:
        raise ValueError(f"at most {MOST_TARGETS} hosts at once")
    places = [(ip, a.port) for a in asked for ip in await _ips(a.host, a.port)]
    listener = _Listener(f"urn:uuid:{uuid.uuid4()}")
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: listener, sock=_socket(multicast_from))
    try:
        probe = _PROBE.format(id=listener.message_id.removeprefix("urn:uuid:")).encode()
        for place in [*places, *([(GROUP, PORT)] if multicast_from else [])]:
            transport.sendto(probe, place)
            await asyncio.sleep(SEND_PAUSE_S)
        if places or multicast_from:
            await asyncio.sleep(listen_s)
    finally:
        transport.close()
    return sorted(listener.found.values(), key=lambda found: (found.device_url, found.endpoint))


def _has_port(target: str) -> bool:
    return re.search(r"[^:\]]:\d+$|\]:\d+$", target.strip()) is not None


async def _ips(host: str, port: int) -> list[str]:
    try:
        return [ip for ip in await addresses.resolve(host, port) if ":" not in ip][:1]
    except (addresses.AddressRefused, OSError, UnicodeError):
        return []


def _socket(multicast_from: str | None) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setblocking(False)
    line.bind((multicast_from or "0.0.0.0", 0))
    if multicast_from:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(multicast_from))
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    return line


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        self.found: dict[str, Found] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > MOST_BYTES or len(self.found) >= MOST_ANSWERS:
            return
        try:
            answer = envelopes.parsed(data)
        except envelopes.BadXml:
            return
        if envelopes.text(envelopes.first(answer, "RelatesTo")) != self.message_id:
            return  # an answer to somebody else, or to nothing
        for match in answer.iter():
            if envelopes.local(match) == "ProbeMatch" and len(self.found) < MOST_ANSWERS:
                found = _found_in(match, addr[0])
                if found is not None:
                    self.found.setdefault(found.endpoint or found.device_url, found)

    def error_received(self, exc: Exception) -> None:
        """A host that refuses the packet is simply not there."""


def _found_in(match: envelopes.Element, sender: str) -> Found | None:
    told = [
        url
        for url in envelopes.text(envelopes.first(match, "XAddrs")).split()
        if url.startswith(("http://", "https://"))
    ]
    if not told:
        return None
    try:
        parts = urlsplit(told[0])
        port = parts.port
    except ValueError:
        return None
    host = f"{sender}:{port}" if port else sender
    url = parts._replace(netloc=host).geturl()
    try:
        addresses.check_address(url, schemes=("http", "https"))
    except addresses.UserError:
        return None
    scopes = envelopes.text(envelopes.first(match, "Scopes")).split()
    endpoint = envelopes.text(envelopes.first(match, "EndpointReference", "Address"))
    return Found(url, told[0][:300], endpoint[:200], _scope(scopes, "name"), _scope(scopes, "hardware"))


def _scope(scopes: list[str], kind: str) -> str:
    start = f"onvif://www.onvif.org/{kind}/"
    return next((unquote(scope[len(start) :])[:120] for scope in scopes if scope.lower().startswith(start)), "")
