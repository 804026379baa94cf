"""What stands inside a backup: a tar whose members are small, the rows of one moment, and a list of hashes at its end.

start.json            product, moment, the migrations the rows belong to
rows/<label>/<n>      lines of JSON, one row each
keys.json             keys that sealed values, audit log and letters need; nowhere else in the file
files/<sha256>        evidence;   slots/<name>   newest pictures
manifest.json         every table with rows and hash, every member with its SHA-256
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from .sealing import Unreadable

FORMAT = 1
MEMBER_BYTES = 4 * 1024 * 1024
LARGEST_MEMBER = 2 * 1024**3
START, MANIFEST, KEYS, ROWS, FILES, SLOTS = "start.json", "manifest.json", "keys.json", "rows/", "files/", "slots/"


class ArchiveWriter:
    """Members one after the other into a (sealed) stream; `close` writes the list of them."""

    def __init__(self, out: Any) -> None:
        self._packed = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0)
        self._tar = tarfile.open(fileobj=self._packed, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._hashes: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        told = tarfile.TarInfo(name)
        told.size, told.mode = len(content), 0o600
        self._tar.addfile(told, io.BytesIO(content))
        self._hashes[name] = hashlib.sha256(content).hexdigest()

    def add_json(self, name: str, content: Any) -> None:
        self.add(name, json.dumps(content, ensure_ascii=False, indent=1).encode())

    def add_lines(self, label: str, lines: Iterable[bytes]) -> None:
        """The rows of one table, in members of a few megabytes."""
        part, count = bytearray(), 0
        for line in lines:
            part += line + b"\n"
            if len(part) >= MEMBER_BYTES:
                self.add(f"{ROWS}{label}/{count}", bytes(part))
                part, count = bytearray(), count + 1
        if part:
            self.add(f"{ROWS}{label}/{count}", bytes(part))

    def close(self, manifest: dict[str, Any]) -> None:
        self.add_json(MANIFEST, manifest | {"members": dict(self._hashes)})
        self._tar.close()
        self._packed.close()


def members(source: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Each member with its content, the manifest last, when all others were as it says. Raises Unreadable."""
    seen: dict[str, str] = {}
    manifest = None
    for name, content in _unpacked(source):
        if manifest is not None or name in seen:
            raise Unreadable("changed")
        if name == MANIFEST:
            manifest = content
            continue
        seen[name] = hashlib.sha256(content).hexdigest()
        yield name, content
    if manifest is None or json.loads(manifest).get("members") != seen:
        raise Unreadable("changed")
    yield MANIFEST, manifest


def _unpacked(source: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    try:
        with gzip.GzipFile(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            for told in tar:
                content = tar.extractfile(told) if told.isreg() and told.size <= LARGEST_MEMBER else None
                if content is None:
                    raise Unreadable("changed")
                yield told.name, content.read()
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, OSError) as problem:
        raise Unreadable("changed") from problem
