"""Basic and Digest login (RFC 7617, RFC 7616) as cameras speak it over RTSP.

Cameras offer several challenges in any order, leave out qop, or know only SHA-256: the strongest that we can answer
is taken, and a camera that offers only others is told apart from one that refuses the password.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

_PARAMETER = re.compile(r'([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True)
class Challenge:
    scheme: str
    """basic or digest; anything else is not understood"""
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    is_stale: bool = False

    @property
    def strength(self) -> int:
        """0: we cannot answer it."""
        if self.scheme == "basic":
            return 1
        if self.scheme != "digest" or not self.nonce or (self.qop and "auth" not in self.qop):
            return 0
        return {"MD5": 2, "SHA-256": 3}.get(self.algorithm.upper().removesuffix("-SESS"), 0)


def strongest(headers: Sequence[str]) -> Challenge | None:
    """The best challenge we can answer among the values of all WWW-Authenticate headers, or None."""
    challenges = [challenge for header in headers for challenge in _challenges_in(header)]
    return max((c for c in challenges if c.strength), key=lambda c: c.strength, default=None)


def _challenges_in(header: str) -> list[Challenge]:
    """One header may hold several challenges: `Digest realm=…, nonce=…, Basic realm=…`."""
    starts = [m.start() for m in re.finditer(r"(?:^|,)\s*[A-Za-z]+\s+(?=[A-Za-z][\w-]*\s*=)", header)] or [0]
    ends = [*starts[1:], len(header)]
    return [_challenge(header[start:end].lstrip(", ")) for start, end in zip(starts, ends, strict=True)]


def _challenge(text: str) -> Challenge:
    scheme, _, rest = text.strip().partition(" ")
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(rest):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else plain)
    return Challenge(
        scheme=scheme.lower(),
        realm=found.get("realm", ""),
        nonce=found.get("nonce", ""),
        opaque=found.get("opaque", ""),
        algorithm=found.get("algorithm", "MD5"),
        qop=tuple(word.strip().lower() for word in found.get("qop", "").split(",") if word.strip()),
        is_stale=found.get("stale", "").lower() == "true",
    )


class Login:
    """Answers one challenge for a session, counting its requests as qop asks."""

    def __init__(self, challenge: Challenge, username: str, password: str) -> None:
        self._challenge = challenge
        self._username = username
        self._password = password
        self._count = 0
        self._cnonce = secrets.token_hex(8)

    def __str__(self) -> str:
        """How, never with what."""
        return f"digest {self._challenge.algorithm}" if self._challenge.scheme == "digest" else "basic"

    __repr__ = __str__

    def answer(self, method: str, uri: str) -> str:
        """The value of the Authorization header for this request."""
        if self._challenge.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self._username}:{self._password}".encode()).decode()
        return self._digest(method, uri)

    def _digest(self, method: str, uri: str) -> str:
        ask = self._challenge
        algorithm = ask.algorithm.upper()
        secret = self._hash(f"{self._username}:{ask.realm}:{self._password}")
        if algorithm.endswith("-SESS"):
            secret = self._hash(f"{secret}:{ask.nonce}:{self._cnonce}")
        what = self._hash(f"{method}:{uri}")
        fields = {"username": self._username, "realm": ask.realm, "nonce": ask.nonce, "uri": uri}
        bare: dict[str, str] = {}
        if ask.qop:
            self._count += 1
            bare = {"qop": "auth", "nc": f"{self._count:08x}"}
            fields["response"] = self._hash(f"{secret}:{ask.nonce}:{bare['nc']}:{self._cnonce}:auth:{what}")
        else:
            fields["response"] = self._hash(f"{secret}:{ask.nonce}:{what}")
        if ask.qop or algorithm.endswith("-SESS"):
            fields["cnonce"] = self._cnonce
        if ask.opaque:
            fields["opaque"] = ask.opaque
        if algorithm != "MD5":
            bare["algorithm"] = ask.algorithm
        said = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
        return "Digest " + ", ".join(said + [f"{name}={value}" for name, value in bare.items()])

    def _hash(self, text: str) -> str:
        name = _HASHES[self._challenge.algorithm.upper().removesuffix("-SESS")]
        return hashlib.new(name, text.encode()).hexdigest()


def _escaped(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", re.sub(r"[\r\n\0]", "", value))


def without_secrets(text: str, username: str, password: str) -> str:
    """What the other side said, with every form of the password blanked: some devices echo what they were sent."""
    if not password:
        return text
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    alone = base64.b64encode(password.encode()).decode().rstrip("=")
    for form in (pair, pair.rstrip("="), alone, password, quote(password, safe="")):
        text = text.replace(form, "…")
    return text
