"""ONVIF device and media services of one camera, and its snapshot.

Requests: ONVIF Core 24.06 (device), Media 1 (ver10/media), PTZ (ver20/ptz). Login and envelopes: `soap`.
"""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from xml.sax.saxutils import escape

from satukota_field.logins import Login
from satukota_field.mount import Mount
from satukota_field.soap import TDS, TPTZ, TRT, Fault, SoapServer, http, snake
from satukota_field.turning import ACTIONS as PTZ_ACTIONS
from satukota_field.turning import Motor, NoPreset

OPEN_TO_ALL = ("GetSystemDateAndTime", "GetCapabilities", "GetServices", "GetServiceCapabilities", "GetHostname")


class Device(SoapServer):
    """The web side of one camera."""

    def __init__(self, mount: Mount, sub: Mount, number: int, url_of: Callable[[Mount], str]) -> None:
        super().__init__(mount)
        self.mount, self.sub, self._url_of = mount, sub, url_of
        self.motor = Motor() if mount.spec.ptz else None
        self.serial = f"CONTOH-{number + 1:05d}"
        self.id = uuid.uuid5(uuid.NAMESPACE_URL, f"satukota-field/{mount.spec.code}")

    @property
    def scopes(self) -> list[str]:
        place = "onvif://www.onvif.org"
        return [
            f"{place}/type/video_encoder", f"{place}/Profile/Streaming", f"{place}/hardware/Contoh-C2",
            f"{place}/name/{self.mount.spec.code}", f"{place}/location/country/indonesia",
        ]  # fmt: skip

    def get(self, method: str, path: str, headers: dict[str, str], nonce: str, date: list[str]) -> bytes | None:
        """The snapshot."""
        if not path.startswith("/onvif/snapshot"):
            return None
        login, given = self.mount.login, headers.get("authorization")
        closed = self.mount.fault == "unauthorised"
        if closed or (login and not (given and login.admits(given, method, path, nonce))):
            asked = (login or Login("", "")).challenges(nonce)
            return http(401, b"", "text/plain", [*date, *(f"WWW-Authenticate: {one}" for one in asked)])
        if not self.mount.is_ready:
            return http(503, b"", "text/plain", [*date, "Retry-After: 5"])
        return http(200, self.mount.still(), "image/jpeg", date)

    def answer(self, space: str, action: str, request: ET.Element, asked: ET.Element) -> str:
        if self.motor is not None and space == TPTZ and action in PTZ_ACTIONS:
            self.check_token(asked)
            return self._turned(self.motor, action, request)
        method = getattr(self, f"_{snake(action)}", None) if action in ACTIONS else None
        if method is None or space != (TRT if action in MEDIA_ACTIONS else TDS):
            raise Fault("ter:ActionNotSupported", f"{action[:60]} is not supported", 500)
        if action not in OPEN_TO_ALL:
            self.check_token(asked)
        return str(method(request))

    def _turned(self, motor: Motor, action: str, request: ET.Element) -> str:
        if (request.findtext(f"{{{TPTZ}}}ProfileToken") or "").strip() not in (self.mount.profile, self.sub.profile):
            raise Fault("ter:NoProfile", "no such profile")
        try:
            return motor.answer(action, request)
        except NoPreset:
            raise Fault("ter:NoToken", "no such preset") from None
        except ValueError as problem:
            raise Fault("ter:InvalidArgVal", str(problem)[:80]) from None

    def _get_system_date_and_time(self, _: ET.Element) -> str:
        return self.system_date_and_time()

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
