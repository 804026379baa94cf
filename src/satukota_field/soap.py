"""SOAP 1.2 over HTTP/1.1 as cameras and recorders serve it, with their login.

Login: WS-Security UsernameToken with PasswordDigest (OASIS WSS UsernameToken Profile 1.0), nonce used once, Created
within SKEW_S of the device's own clock.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import xml.etree.ElementTree as ET
from abc import ABC, abstractmethod
from collections import OrderedDict
from email.utils import formatdate
from typing import Protocol
from xml.sax.saxutils import escape

from satukota_field.lines import HOST, Line
from satukota_field.logins import Login, new_nonce
from satukota_field.mount import Power

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TDS, TRT, TSE, TRP, TT = (
    f"http://www.onvif.org/ver10/{x}" for x in ("device/wsdl", "media/wsdl", "search/wsdl", "replay/wsdl", "schema")
)
TPTZ = "http://www.onvif.org/ver20/ptz/wsdl"
SKEW_S = 10.0
HEAD_LIMIT, BODY_LIMIT, IDLE_S = 1 << 14, 1 << 17, 60.0
TNS1, WSNT = "http://www.onvif.org/ver10/topics", "http://docs.oasis-open.org/wsn/b-2"
BOMB = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY e0 "satukota">',
        *(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10)),
        b"]><s>&e9;</s>",
    ]
)
PREFIXES = {TDS: "tds", TRT: "trt", TSE: "tse", TRP: "trp", TPTZ: "tptz"}


class Fault(Exception):
    """A SOAP fault: whose mistake (Sender or Receiver), the ONVIF subcode, a reason, and the HTTP status."""

    def __init__(self, subcode: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.subcode, self.reason, self.status = subcode, reason, status


class Host(Protocol):
    """What the device stands on: its line and power, who may enter, what is wrong with it."""

    bad_logins: int

    @property
    def link(self) -> Line: ...
    @property
    def power(self) -> Power: ...
    @property
    def login(self) -> Login | None: ...
    @property
    def fault(self) -> str: ...
    def clock_off_s(self) -> float: ...


class SoapServer(ABC):
    """The web side of one device. `port` is set by whoever opens it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.port = 0
        self._nonces: OrderedDict[str, None] = OrderedDict()

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def service_url(self) -> str:
        return f"{self.address}/onvif/device_service"

    def now(self) -> dt.datetime:
        """The device's clock, which may be wrong."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._host.clock_off_s())

    @abstractmethod
    def answer(self, space: str, action: str, request: ET.Element, asked: ET.Element) -> str:
        """What stands in the response to `action` of the service `space`; `asked` is the envelope. Raises Fault."""

    def get(self, method: str, path: str, headers: dict[str, str], nonce: str, date: list[str]) -> bytes | None:
        """The answer to what is no SOAP; None when there is none."""
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = new_nonce()
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                    method, path, headers = parse_head(head)
                    body = await reader.readexactly(length_of(headers))
            except (asyncio.LimitOverrunError, ValueError):
                writer.write(http(400, b"", "text/plain", ["Connection: close"]))
                return
            await self._host.link.wait_up()
            await self._host.power.line.wait_up()
            writer.write(self._respond(method, path, headers, body, nonce))
            await writer.drain()
            if headers.get("connection", "").lower() == "close":
                return

    def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes, nonce: str) -> bytes:
        date = [f"Date: {formatdate(self.now().timestamp(), usegmt=True)}"]
        if self._host.fault == "html":
            return http(200, b"<html><body>Router setup</body></html>", "text/html", date)
        if self._host.fault == "hostile_xml":
            return http(200, BOMB, "application/soap+xml; charset=utf-8", date)
        other = self.get(method, path, headers, nonce, date)
        if other is not None:
            return other
        if method != "POST" or not path.startswith("/onvif/"):
            return http(404 if method in ("GET", "HEAD", "POST") else 405, b"", "text/plain", date)
        try:
            answer, status = self._soap(body), 200
        except Fault as fault:
            answer, status = fault_envelope(fault), fault.status
        return http(status, answer.encode(), "application/soap+xml; charset=utf-8", date)

    def _soap(self, body: bytes) -> str:
        asked = parse_envelope(body)
        request = next(iter(asked.find(f"{{{SOAP}}}Body") or ()), None)
        if request is None:
            raise Fault("ter:WellFormed", "the body is empty")
        space, _, action = request.tag.lstrip("{").rpartition("}")
        inside = self.answer(space, action, request, asked)
        prefix = PREFIXES.get(space, "tds")
        return envelope(f"<{prefix}:{action}Response>{inside}</{prefix}:{action}Response>")

    def check_token(self, asked: ET.Element) -> None:
        """Raise Fault unless the UsernameToken proves the password, is fresh, and was not used before."""
        login = self._host.login
        if self._host.fault == "unauthorised":
            raise Fault("ter:NotAuthorized", "Sender not Authorized")
        if login is None:
            return
        token = asked.find(f".//{{{WSSE}}}UsernameToken")
        told = (
            {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in token} if token is not None else {}
        )
        try:
            nonce = base64.b64decode(told["Nonce"], validate=True)
            created = dt.datetime.fromisoformat(told["Created"])
            given = base64.b64decode(told["Password"], validate=True)
        except (KeyError, ValueError, binascii.Error) as missing:
            raise Fault("ter:NotAuthorized", "Sender not Authorized") from missing
        created = created if created.tzinfo else created.replace(tzinfo=dt.UTC)
        right = hashlib.sha1(nonce + told["Created"].encode() + login.password.encode()).digest()
        proved = hmac.compare_digest(right, given) and hmac.compare_digest(
            told.get("Username", "").encode(), login.user.encode()
        )
        fresh = abs((created - self.now()).total_seconds()) <= SKEW_S
        if not proved or not fresh or told["Nonce"] in self._nonces:
            self._host.bad_logins += not proved
            raise Fault("ter:NotAuthorized", "Sender not Authorized")
        self._nonces[told["Nonce"]] = None
        if len(self._nonces) > 2000:
            self._nonces.popitem(last=False)

    def system_date_and_time(self) -> str:
        now = self.now()
        local = now + dt.timedelta(hours=8)

        def told(tag: str, at: dt.datetime) -> str:
            clock = f"<tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second>"
            day = f"<tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day>"
            return f"<tt:{tag}><tt:Time>{clock}</tt:Time><tt:Date>{day}</tt:Date></tt:{tag}>"

        return (
            "<tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
            "<tt:TimeZone><tt:TZ>WITA-8</tt:TZ></tt:TimeZone>"
            f"{told('UTCDateTime', now)}{told('LocalDateTime', local)}</tds:SystemDateAndTime>"
        )


def snake(action: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()


def parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """(method, path, headers). Raises ValueError when it is no HTTP."""
    lines = head.decode("latin-1").split("\r\n")
    method, path, version = lines[0].split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("no HTTP")
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}


def length_of(headers: dict[str, str]) -> int:
    told = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", told) or int(told) > BODY_LIMIT or "transfer-encoding" in headers:
        raise ValueError("bad length")
    return int(told)


def parse_envelope(body: bytes) -> ET.Element:
    if b"<!" in body.replace(b"<!--", b""):  # no document types: nothing to expand, nothing to fetch
        raise Fault("ter:WellFormed", "document types are not accepted")
    try:
        return ET.fromstring(body)
    except (ET.ParseError, ValueError, LookupError) as broken:
        raise Fault("ter:WellFormed", "not well-formed XML") from broken


def http(status: int, body: bytes, kind: str, headers: list[str]) -> bytes:
    reason = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
              500: "Internal Server Error", 503: "Service Unavailable"}[status]  # fmt: skip
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def envelope(inner: str) -> str:
    spaces = f'xmlns:s="{SOAP}" xmlns:tds="{TDS}" xmlns:trt="{TRT}" xmlns:tse="{TSE}" xmlns:trp="{TRP}" '
    spaces += f'xmlns:wsnt="{WSNT}" xmlns:tns1="{TNS1}" '
    spaces += f'xmlns:tptz="{TPTZ}" xmlns:tt="{TT}" xmlns:ter="http://www.onvif.org/ver10/error"'
    return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {spaces}><s:Body>{inner}</s:Body></s:Envelope>'


def fault_envelope(fault: Fault) -> str:
    code = "Receiver" if fault.status == 500 else "Sender"
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(fault.reason)}</s:Text></s:Reason></s:Fault>'
    )
