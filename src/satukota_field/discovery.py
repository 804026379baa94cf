"""WS-Discovery: answers probes for the ONVIF cameras (OASIS WS-Discovery draft 2005/04, ONVIF Core §7)."""

from __future__ import annotations

import asyncio
import re
import socket
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from satukota_field.lines import HOST
from satukota_field.onvif import Device

GROUP, GROUP_PORT = "239.255.255.250", 3702
WSA = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSD = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
TYPES = {"NetworkVideoTransmitter", "Device"}


class Discovery(asyncio.DatagramProtocol):
    """One UDP socket on which every camera answers for itself; one without line or power stays silent."""

    def __init__(self, devices: list[Device]) -> None:
        self._devices = devices
        self._transports: list[asyncio.DatagramTransport] = []

    async def open(self, port: int, multicast: bool) -> int:
        """Listen on this port of 127.0.0.1 (0: a free one) and say which; `multicast` also joins the ONVIF group."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, port))
        self._transports.append(transport)
        if multicast:
            group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            group.bind((GROUP, GROUP_PORT))
            group.setsockopt(
                socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(HOST)
            )
            group.setblocking(False)
            self._transports.append((await loop.create_datagram_endpoint(lambda: self, sock=group))[0])
        return int(transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        for transport in self._transports:
            transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = _probe(data)
        if asked is None or not self._transports:
            return
        message, types, scopes = asked
        if types and not types & TYPES:
            return
        for device in self._devices:
            if device.mount.is_reachable and all(any(own.startswith(want) for own in device.scopes) for want in scopes):
                self._transports[0].sendto(_match(device, message).encode(), addr)


def _probe(data: bytes) -> tuple[str, set[str], list[str]] | None:
    """(message id, wanted types without prefix, wanted scopes) of a Probe; None for anything else."""
    if len(data) > 8192 or b"<!" in data.replace(b"<!--", b""):
        return None
    try:
        envelope = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError):
        return None
    probe = envelope.find(f"{{{SOAP}}}Body/{{{WSD}}}Probe")
    message = (envelope.findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID") or "").strip()
    if probe is None or not message:
        return None
    types = {re.sub(r"^.*:", "", word) for word in (probe.findtext(f"{{{WSD}}}Types") or "").split()}
    return message, types, (probe.findtext(f"{{{WSD}}}Scopes") or "").split()


def _match(device: Device, message: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{WSA}" xmlns:d="{WSD}" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
        f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{escape(message[:200])}</a:RelatesTo>"
        f"<a:To>{WSA}/role/anonymous</a:To><a:Action>{WSD}/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches>"
        f"<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:{device.id}</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>{' '.join(device.scopes)}</d:Scopes>"
        f"<d:XAddrs>{device.service_url}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>"
        "</d:ProbeMatches></s:Body></s:Envelope>"
    )
