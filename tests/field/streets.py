"""Small, quick scenarios for the tests of the field, and a plain RTSP client that sees what really comes back."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from satukota_field.logins import Login
from satukota_field.scenario import CameraSpec, Ports, Scenario

CACHE = Path(__file__).resolve().parents[2] / "var" / "cache" / "field-tests"


def camera(code: str, **changes: object) -> CameraSpec:
    """A small camera of 160x96 at 5 pictures a second, one keyframe a second."""
    told = {
        "link": "FO-01",
        "power": "GD-01",
        "seed": 3,
        "name": code,
        "width": 160,
        "height": 96,
        "fps": 5.0,
        "gop_s": 1.0,
    }
    return CameraSpec(code=code, **{**told, **changes})  # type: ignore[arg-type]


def town(*cameras: CameraSpec, **changes: object) -> Scenario:
    return Scenario(cameras, ports=Ports.free(), **{"loop_s": 4.0, "boot_s": 0.5, **changes})  # type: ignore[arg-type]


def login(scheme: str = "digest", **changes: object) -> Login:
    return Login("satukota", "contoh-rahasia-01", scheme, **changes)  # type: ignore[arg-type]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    challenges: list[str]
    body: bytes


class RtspClient:
    """Sends requests as told, right or wrong, and reads one answer; interleaved packets in between are counted."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        host, port, self.path = re.match(r"rtsp://(?:[^@/]*@)?([^:/]+):(\d+)/(.*)", url).groups()  # type: ignore[union-attr]
        self.url = f"rtsp://{host}:{port}/{self.path}"
        self.line = socket.create_connection((host, int(port)), timeout=timeout_s)
        self.file = self.line.makefile("rb")
        self.packets: list[bytes] = []
        self._number = 0

    def __enter__(self) -> RtspClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.line.close()

    def ask(self, method: str, *headers: str, url: str | None = None) -> Answer:
        self._number += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._number}", *headers]
        self.line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self.read()

    def read(self) -> Answer:
        while (first := self.file.read(1)) == b"$":
            self.packets.append(self._packet())
        rows = [(first + self.file.readline()).decode().strip()]
        if rows == [""]:
            raise ConnectionError("closed")
        while row := self.file.readline().decode().strip():
            rows.append(row)
        pairs = [(k.strip().lower(), v.strip()) for k, _, v in (row.partition(":") for row in rows[1:])]
        headers = dict(pairs)
        body = self.file.read(int(headers.get("content-length", 0)))
        return Answer(int(rows[0].split()[1]), headers, [v for k, v in pairs if k == "www-authenticate"], body)

    def _packet(self) -> bytes:
        head = self.file.read(3)
        return self.file.read(int.from_bytes(head[1:], "big"))

    def next_packet(self) -> bytes:
        """The next RTP packet. Raises TimeoutError when none comes."""
        if self.packets:
            return self.packets.pop(0)
        first = self.file.read(1)
        if not first:
            raise ConnectionError("closed")
        assert first == b"$"
        return self._packet()

    def play(self, *headers: str) -> Answer:
        self.ask("DESCRIBE", "Accept: application/sdp", *headers)
        setup = self.ask("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", *headers, url=f"{self.url}/track1")
        if setup.status != 200:
            return setup
        return self.ask("PLAY", f"Session: {setup.headers['session'].partition(';')[0]}", *headers)


def digest(challenge: str, method: str, uri: str, account: Login, password: str | None = None) -> str:
    """Authorization header for a challenge, written from RFC 7616 and apart from the server's own code."""
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    mixed = hashlib.sha256 if said.get("algorithm") == "SHA-256" else hashlib.md5

    def mix(text: str) -> str:
        return mixed(text.encode()).hexdigest()

    realm = said["realm"]
    who, what = mix(f"{account.user}:{realm}:{password or account.password}"), mix(f"{method}:{uri}")
    nonce = said["nonce"]
    parts = [f'username="{account.user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
    if "qop" in said:
        parts += ["qop=auth", "nc=00000001", 'cnonce="0a4f113b"']
        proof = mix(f"{who}:{nonce}:00000001:0a4f113b:auth:{what}")
    else:
        proof = mix(f"{who}:{nonce}:{what}")
    parts.append(f'response="{proof}"')
    if "algorithm" in said:
        parts.append(f"algorithm={said['algorithm']}")
    return "Authorization: Digest " + ", ".join(parts)
