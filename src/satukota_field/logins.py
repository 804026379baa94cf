"""Logins as cameras ask for them: Basic, and Digest with MD5 or SHA-256, with and without qop (RFC 2617, RFC 7616)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass

REALM = "satukota-field"
SCHEMES = ("basic", "digest", "digest-sha256", "digest-both")


@dataclass(frozen=True)
class Login:
    """Who may enter and how the camera asks; qop False is the old form of RFC 2069."""

    user: str
    password: str
    scheme: str = "digest"
    qop: bool = True

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"no such login scheme: {self.scheme}; one of {', '.join(SCHEMES)}")

    def challenges(self, nonce: str) -> list[str]:
        """Values of the WWW-Authenticate headers, the stronger first."""
        if self.scheme == "basic":
            return [f'Basic realm="{REALM}"']
        qop = ', qop="auth"' if self.qop else ""
        md5 = f'Digest realm="{REALM}", nonce="{nonce}"{qop}'
        sha = f'Digest realm="{REALM}", nonce="{nonce}"{qop}, algorithm=SHA-256'
        return {"digest": [md5], "digest-sha256": [sha], "digest-both": [sha, md5]}[self.scheme]

    def admits(self, header: str, method: str, uri: str, nonce: str) -> bool:
        """Whether this Authorization header proves the password for this request."""
        kind, _, rest = header.partition(" ")
        if kind.lower() == "basic":
            return self.scheme == "basic" and self._basic(rest)
        return kind.lower() == "digest" and self.scheme != "basic" and self._digest(rest, method, uri, nonce)

    def _basic(self, told: str) -> bool:
        try:
            given = base64.b64decode(told.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.user}:{self.password}".encode())

    def _digest(self, told: str, method: str, uri: str, nonce: str) -> bool:
        said = {k.lower(): a or b for k, a, b in re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))', told)}
        algorithm = said.get("algorithm", "MD5").upper()
        if algorithm not in {"digest": ("MD5",), "digest-sha256": ("SHA-256",)}.get(self.scheme, ("MD5", "SHA-256")):
            return False
        if said.get("nonce") != nonce or said.get("username") != self.user or said.get("realm") != REALM:
            return False
        if _place(said.get("uri", "")) != _place(uri):
            return False

        def mixed(*parts: str) -> str:
            text = ":".join(parts).encode("utf-8", "surrogateescape")
            return (hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5)(text).hexdigest()

        who, what = mixed(self.user, REALM, self.password), mixed(method, said["uri"])
        if self.qop:
            if said.get("qop") != "auth" or not said.get("nc") or not said.get("cnonce"):
                return False
            right = mixed(who, nonce, said["nc"], said["cnonce"], "auth", what)
        else:
            right = mixed(who, nonce, what)
        return hmac.compare_digest(right.encode(), said.get("response", "").lower().encode("utf-8", "replace"))


def _place(uri: str) -> str:
    """The part of a URI after host and port; clients differ in the rest and in the last slash."""
    return re.sub(r"^[a-z]+://[^/]*", "", uri, flags=re.IGNORECASE).rstrip("/")


def new_nonce() -> str:
    return os.urandom(16).hex()
