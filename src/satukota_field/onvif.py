"""ONVIF device and media services of one camera: SOAP 1.2 over HTTP/1.1, and its snapshot.

Requests: ONVIF Core 24.06 (device), Media 1 (ver10/media). Login: WS-Security UsernameToken with PasswordDigest
(OASIS WSS UsernameToken Profile 1.0), nonce used once, Created within SKEW_S of the camera's own clock.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
import uuid
import xml.etree.ElementTree as ET
from collections import OrderedDict
from collections.abc import Callable
from email.utils import formatdate
from xml.sax.saxutils import escape

from satukota_field.lines import HOST
from satukota_field.logins import Login, new_nonce
from satukota_field.mount import Mount
from satukota_field.turning import ACTIONS as PTZ_ACTIONS
from satukota_field.turning import TPTZ, Motor, NoPreset

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TDS, TRT, TT = (f"http://www.onvif.org/ver10/{x}" for x in ("device/wsdl", "media/wsdl", "schema"))
SKEW_S = 10.0
HEAD_LIMIT, BODY_LIMIT, IDLE_S = 1 << 14, 1 << 17, 60.0
OPEN_TO_ALL = ("GetSystemDateAndTime", "GetCapabilities", "GetServices", "GetServiceCapabilities", "GetHostname")


class Fault(Exception):
    """A SOAP fault: whose mistake (Sender or Receiver), the ONVIF subcode, a reason, and the HTTP status."""

    def __init__(self, subcode: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.subcode, self.reason, self.status = subcode, reason, status


class Device:
    """The web side of one camera. `port` is set by whoever opens it."""

    def __init__(self, mount: Mount, sub: Mount, number: int, url_of: Callable[[Mount], str]) -> None:
        self.mount, self.sub, self._url_of = mount, sub, url_of
        self.port = 0
        self.motor = Motor() if mount.spec.ptz else None
        self.serial = f"CONTOH-{number + 1:05d}"
        self.id = uuid.uuid5(uuid.NAMESPACE_URL, f"satukota-field/{mount.spec.code}")
        self._nonces: OrderedDict[str, None] = OrderedDict()

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def service_url(self) -> str:
        return f"{self.address}/onvif/device_service"

    @property
    def scopes(self) -> list[str]:
        place = "onvif://www.onvif.org"
        return [
            f"{place}/type/video_encoder", f"{place}/Profile/Streaming", f"{place}/hardware/Contoh-C2",
            f"{place}/name/{self.mount.spec.code}", f"{place}/location/country/indonesia",
        ]  # fmt: skip

    def now(self) -> dt.datetime:
        """The camera's clock, which may be wrong."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.mount.clock_off_s())

    # HTTP ----------------------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = new_nonce()
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                    method, path, headers = _parse_head(head)
                    body = await reader.readexactly(_length(headers))
            except (asyncio.LimitOverrunError, ValueError):
                writer.write(_http(400, b"", "text/plain", ["Connection: close"]))
                return
            await self.mount.link.wait_up()
            await self.mount.power.line.wait_up()
            writer.write(self._respond(method, path, headers, body, nonce))
            await writer.drain()
            if headers.get("connection", "").lower() == "close":
                return

    def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes, nonce: str) -> bytes:
        date = [f"Date: {formatdate(self.now().timestamp(), usegmt=True)}"]
        if self.mount.fault == "html":
            return _http(200, b"<html><body>Router setup</body></html>", "text/html", date)
        if path.startswith("/onvif/snapshot"):
            return self._snapshot(method, path, headers, nonce, date)
        if method != "POST" or not path.startswith("/onvif/"):
            return _http(404 if method in ("GET", "HEAD", "POST") else 405, b"", "text/plain", date)
        try:
            answer, status = self._soap(body), 200
        except Fault as fault:
            answer, status = _fault(fault), fault.status
        return _http(status, answer.encode(), "application/soap+xml; charset=utf-8", date)

    def _snapshot(self, method: str, path: str, headers: dict[str, str], nonce: str, date: list[str]) -> bytes:
        login, given = self.mount.spec.login, headers.get("authorization")
        closed = self.mount.fault == "unauthorised"
        if closed or (login and not (given and login.admits(given, method, path, nonce))):
            asked = (login or Login("", "")).challenges(nonce)
            return _http(401, b"", "text/plain", [*date, *(f"WWW-Authenticate: {one}" for one in asked)])
        if not self.mount.is_ready:
            return _http(503, b"", "text/plain", [*date, "Retry-After: 5"])
        return _http(200, self.mount.still(), "image/jpeg", date)

    # SOAP ----------------------------------------------------------------------------------------------------------

    def _soap(self, body: bytes) -> str:
        envelope = _parse_envelope(body)
        request = next(iter(envelope.find(f"{{{SOAP}}}Body") or ()), None)
        if request is None:
            raise Fault("ter:WellFormed", "the body is empty")
        action = request.tag.rpartition("}")[2]
        if self.motor is not None and request.tag == f"{{{TPTZ}}}{action}" and action in PTZ_ACTIONS:
            self._check_token(envelope)
            return self._turned(self.motor, action, request)
        method = getattr(self, f"_{_snake(action)}", None) if action in ACTIONS else None
        if method is None:
            raise Fault("ter:ActionNotSupported", f"{action[:60]} is not supported", 500)
        if action not in OPEN_TO_ALL:
            self._check_token(envelope)
        space = TRT if action in MEDIA_ACTIONS else TDS
        prefix = "trt" if space == TRT else "tds"
        return _envelope(f"<{prefix}:{action}Response>{method(request)}</{prefix}:{action}Response>")

    def _turned(self, motor: Motor, action: str, request: ET.Element) -> str:
        if (request.findtext(f"{{{TPTZ}}}ProfileToken") or "").strip() not in (self.mount.profile, self.sub.profile):
            raise Fault("ter:NoProfile", "no such profile")
        try:
            inside = motor.answer(action, request)
        except NoPreset:
            raise Fault("ter:NoToken", "no such preset") from None
        except ValueError as problem:
            raise Fault("ter:InvalidArgVal", str(problem)[:80]) from None
        return _envelope(f"<tptz:{action}Response>{inside}</tptz:{action}Response>")

    def _check_token(self, envelope: ET.Element) -> None:
        """Raise Fault unless the UsernameToken proves the password, is fresh, and was not used before."""
        login = self.mount.spec.login
        if self.mount.fault == "unauthorised":
            raise Fault("ter:NotAuthorized", "Sender not Authorized")
        if login is None:
            return
        token = envelope.find(f".//{{{WSSE}}}UsernameToken")
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
            self.mount.bad_logins += not proved
            raise Fault("ter:NotAuthorized", "Sender not Authorized")
        self._nonces[told["Nonce"]] = None
        if len(self._nonces) > 2000:
            self._nonces.popitem(last=False)

    def _get_system_date_and_time(self, _: ET.Element) -> str:
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

    def _get_capabilities(self, _: ET.Element) -> str:
        streaming = (
            "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
            "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>"
        )
        return (
            f"<tds:Capabilities><tt:Device><tt:XAddr>{self.service_url}</tt:XAddr></tt:Device>"
            f"<tt:Media><tt:XAddr>{self.address}/onvif/media_service</tt:XAddr>"
            f"<tt:StreamingCapabilities>{streaming}</tt:StreamingCapabilities></tt:Media>"
            + (f"<tt:PTZ><tt:XAddr>{self.address}/onvif/ptz_service</tt:XAddr></tt:PTZ>" if self.motor else "")
            + "</tds:Capabilities>"
        )

    def _get_services(self, _: ET.Element) -> str:
        version = "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>"
        rows = [(TDS, self.service_url), (TRT, f"{self.address}/onvif/media_service")]
        rows += [(TPTZ, f"{self.address}/onvif/ptz_service")] if self.motor else []
        return "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{url}</tds:XAddr>{version}</tds:Service>"
            for space, url in rows
        )

    def _get_service_capabilities(self, _: ET.Element) -> str:
        return "<tds:Capabilities><tds:Network/><tds:Security UsernameToken='true'/><tds:System/></tds:Capabilities>"

    def _get_hostname(self, _: ET.Element) -> str:
        name = f"<tt:Name>{self.mount.spec.code}</tt:Name>"
        return f"<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>{name}</tds:HostnameInformation>"

    def _get_device_information(self, _: ET.Element) -> str:
        told = {"Manufacturer": "Satukota Contoh", "Model": "Contoh-C2", "FirmwareVersion": "1.4.2",
                "SerialNumber": self.serial, "HardwareId": "C2"}  # fmt: skip
        return "".join(f"<tds:{tag}>{text}</tds:{tag}>" for tag, text in told.items())

    def _get_scopes(self, _: ET.Element) -> str:
        return "".join(
            f"<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>{scope}</tt:ScopeItem></tds:Scopes>"
            for scope in self.scopes
        )

    def _get_profiles(self, _: ET.Element) -> str:
        # The small stream first: nothing in ONVIF promises that the best one leads.
        return "".join(_profile("trt:Profiles", mount) for mount in (self.sub, self.mount))

    def _get_profile(self, request: ET.Element) -> str:
        return _profile("trt:Profile", self._by_token(request))

    def _by_token(self, request: ET.Element) -> Mount:
        token = (request.findtext(f"{{{TRT}}}ProfileToken") or "").strip()
        for mount in (self.mount, self.sub):
            if token == mount.profile:
                return mount
        raise Fault("ter:NoProfile", "no such profile")

    def _get_stream_uri(self, request: ET.Element) -> str:
        return _media_uri(self._url_of(self._by_token(request)))

    def _get_snapshot_uri(self, request: ET.Element) -> str:
        return _media_uri(f"{self.address}/onvif/snapshot?profile={self._by_token(request).profile}")

    def _get_video_sources(self, _: ET.Element) -> str:
        s = self.mount.spec
        size = f"<tt:Width>{s.width}</tt:Width><tt:Height>{s.height}</tt:Height>"
        return (
            f'<trt:VideoSources token="source"><tt:Framerate>{s.fps:g}</tt:Framerate>'
            f"<tt:Resolution>{size}</tt:Resolution></trt:VideoSources>"
        )


MEDIA_ACTIONS = ("GetProfiles", "GetProfile", "GetStreamUri", "GetSnapshotUri", "GetVideoSources")
ACTIONS = (*OPEN_TO_ALL, *MEDIA_ACTIONS, "GetDeviceInformation", "GetScopes")


def _snake(action: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """(method, path, headers). Raises ValueError when it is no HTTP."""
    lines = head.decode("latin-1").split("\r\n")
    method, path, version = lines[0].split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("no HTTP")
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _length(headers: dict[str, str]) -> int:
    told = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", told) or int(told) > BODY_LIMIT or "transfer-encoding" in headers:
        raise ValueError("bad length")
    return int(told)


def _parse_envelope(body: bytes) -> ET.Element:
    if b"<!" in body.replace(b"<!--", b""):  # no document types: nothing to expand, nothing to fetch
        raise Fault("ter:WellFormed", "document types are not accepted")
    try:
        return ET.fromstring(body)
    except (ET.ParseError, ValueError, LookupError) as broken:
        raise Fault("ter:WellFormed", "not well-formed XML") from broken


def _http(status: int, body: bytes, kind: str, headers: list[str]) -> bytes:
    reason = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
              500: "Internal Server Error", 503: "Service Unavailable"}[status]  # fmt: skip
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _envelope(inner: str) -> str:
    spaces = f'xmlns:s="{SOAP}" xmlns:tds="{TDS}" xmlns:trt="{TRT}" xmlns:tptz="{TPTZ}" xmlns:tt="{TT}" xmlns:ter="http://www.onvif.org/ver10/error"'
    return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {spaces}><s:Body>{inner}</s:Body></s:Envelope>'


def _fault(fault: Fault) -> str:
    code = "Receiver" if fault.status == 500 else "Sender"
    return _envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(fault.reason)}</s:Text></s:Reason></s:Fault>'
    )


def _media_uri(uri: str) -> str:
    return (
        f"<trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
    )


def _profile(tag: str, mount: Mount) -> str:
    s, token = mount.spec, mount.profile
    bounds = f'<tt:Bounds x="0" y="0" width="{s.width}" height="{s.height}"/>'
    multicast = (
        "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
        "<tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
    )
    rate = (
        f"<tt:RateControl><tt:FrameRateLimit>{s.fps:g}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
        "<tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>"
    )
    h264 = (
        f"<tt:H264><tt:GovLength>{round(s.fps * s.gop_s)}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>"
    )
    size = f"<tt:Resolution><tt:Width>{s.width}</tt:Width><tt:Height>{s.height}</tt:Height></tt:Resolution>"
    source = (
        '<tt:VideoSourceConfiguration token="source-config"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount>'
        f"<tt:SourceToken>source</tt:SourceToken>{bounds}</tt:VideoSourceConfiguration>"
    )
    encoder = (
        f'<tt:VideoEncoderConfiguration token="encoder-{token}"><tt:Name>{token}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>H264</tt:Encoding>{size}<tt:Quality>4</tt:Quality>{rate}{h264}{multicast}"
        "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>"
    )
    ptz = (
        '<tt:PTZConfiguration token="ptz-config"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount>'
        "<tt:NodeToken>ptz</tt:NodeToken></tt:PTZConfiguration>"
    )
    parts = source + encoder + (ptz if s.ptz else "")
    return f'<{tag} token="{token}" fixed="true"><tt:Name>{token}</tt:Name>{parts}</{tag}>'
