"""A stream that is encrypted while it is written and opened while it is read, in pieces of a megabyte.

AES-256-GCM over each piece; the nonce counts the pieces and marks the last, and the head of the file is part of what
every piece proves. So a changed byte, a piece left out, moved, or cut off is seen before anything of it is used. The
key comes from the passphrase by scrypt (RFC 7914).

    SATUKOTA-BACKUP-1 \\n | length of head, 4 bytes | head as JSON | piece | piece | …
"""

import base64
import hashlib
import io
import json
import os
import struct
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"SATUKOTA-BACKUP-1\n"
PIECE = 1024 * 1024
TAG = 16
COST = {"n": 2**16, "r": 8, "p": 1}  # 64 MB and a fifth of a second for each guess
COST_MOST = {"n": 2**20, "r": 16, "p": 4}  # a forged head must not fill the memory
HEAD_MOST = 64 * 1024


class Unreadable(Exception):
    """The file cannot be opened: `kind` is "not_ours", "head", "passphrase_or_changed" or "changed"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class SealedWriter(io.RawIOBase):
    """Writes into `out`; complete only after `close`."""

    def __init__(self, out: IO[bytes], passphrase: str, **head: Any) -> None:
        salt, prefix = os.urandom(16), os.urandom(7)
        told = {**head, "kdf": "scrypt", **COST, "salt": _text(salt), "nonce": _text(prefix)}
        written = json.dumps(told).encode()
        self._out, self._count, self._rest = out, 0, bytearray()
        self._lock, self._prefix, self._proof = AESGCM(_key(passphrase, salt, COST)), prefix, _proof(written)
        out.write(MAGIC + struct.pack(">I", len(written)) + written)

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._rest += content
        while len(self._rest) > PIECE:  # never the last piece here: that one is marked
            self._put(bytes(self._rest[:PIECE]), last=False)
            del self._rest[:PIECE]
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._rest), last=True)
            super().close()

    def abandon(self) -> None:
        """Leave the file without its end, so that nobody can read it."""
        super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._out.write(self._lock.encrypt(_nonce(self._prefix, self._count, last), plain, self._proof))
        self._count += 1


class SealedReader(io.RawIOBase):
    """Reads what SealedWriter wrote. Raises Unreadable, at the latest when the changed piece is reached."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        self._source, written = source, _head_of(source)
        try:
            self.head: dict[str, Any] = json.loads(written)
            cost = {name: int(self.head[name]) for name in COST}
            salt, self._prefix = (base64.b64decode(self.head[name]) for name in ("salt", "nonce"))
        except (ValueError, KeyError, TypeError) as problem:
            raise Unreadable("head") from problem
        if any(not 0 < cost[name] <= most for name, most in COST_MOST.items()) or cost["n"] & (cost["n"] - 1):
            raise Unreadable("head")
        self._lock, self._proof = AESGCM(_key(passphrase, salt, cost)), _proof(written)
        self._count, self._plain, self._ahead = 0, memoryview(b""), source.read(PIECE + TAG)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and self._ahead:
            self._plain = memoryview(self._next())
        taken = self._plain[: len(buffer)]
        buffer[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        piece, self._ahead = self._ahead, self._source.read(PIECE + TAG)
        try:
            plain = self._lock.decrypt(_nonce(self._prefix, self._count, not self._ahead), piece, self._proof)
        except InvalidTag as problem:
            raise Unreadable("changed" if self._count else "passphrase_or_changed") from problem
        self._count += 1
        return plain


def _head_of(source: IO[bytes]) -> bytes:
    if source.read(len(MAGIC)) != MAGIC:
        raise Unreadable("not_ours")
    length = source.read(4)
    if len(length) < 4 or struct.unpack(">I", length)[0] > HEAD_MOST:
        raise Unreadable("head")
    return source.read(struct.unpack(">I", length)[0])


def _key(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())


def _nonce(prefix: bytes, count: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", count, last)


def _proof(head: bytes) -> bytes:
    return hashlib.sha256(MAGIC + head).digest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
