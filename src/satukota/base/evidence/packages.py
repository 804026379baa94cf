"""Packages that leave the house, and what judges one: a ZIP whose manifest is signed and names every file by its hash.

A stranger needs no program of ours. With the package unpacked, coreutils and OpenSSL 3:

    sha256sum --check SHA256SUMS
    openssl pkeyutl -verify -rawin -pubin -inkey public-key.pem -in SHA256SUMS -sigfile SHA256SUMS.sig

SHA256SUMS covers the manifest, the custody line and every file; the key is the one the city publishes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from . import custody

FORMAT, VERSION = "satukota-evidence", 1
SUMS, SIGNATURE, KEY, MANIFEST, CUSTODY, README = (
    "SHA256SUMS", "SHA256SUMS.sig", "public-key.pem", "manifest.json", "custody.json", "README.txt",
)  # fmt: skip
OURS = frozenset({SUMS, SIGNATURE, KEY, MANIFEST, CUSTODY, README})
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes: times are in the manifest
LARGEST = 4 * 2**30  # of one unpacked file
README_TEXT = """Paket bukti elektronik Satukota / Evidence package of Satukota

Memeriksa tanpa perangkat lunak kami / checking without any software of ours:

  sha256sum --check SHA256SUMS
  openssl pkeyutl -verify -rawin -pubin -inkey public-key.pem -in SHA256SUMS -sigfile SHA256SUMS.sig

Bandingkan public-key.pem dengan kunci yang diumumkan kota di portalnya.
Compare public-key.pem with the key the city publishes on its portal.

manifest.json  apa isinya, dari kamera mana, kapan (UTC, selisih jam terukur) / what, from where, when
custody.json   siapa memegangnya, berantai dengan SHA-256 / who had it in hand, chained by SHA-256
"""


def build(
    manifest: Mapping[str, Any], files: Mapping[str, bytes], lines: Sequence[Mapping[str, Any]], key: str
) -> bytes:
    """The package. `files` name → bytes, `lines` the custody, `key` the seed of Ed25519 as hexadecimal digits.

    Raises ValueError when a name is one of ours or no plain file name.
    """
    for name in files:
        if name in OURS or not is_plain(name):
            raise ValueError(f"not a name for a file of a package: {name!r}")
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))
    told = {"format": FORMAT, "version": VERSION, **manifest,
            "files": [{**about, "sha256": _digest(files[about["name"]])} for about in manifest["files"]]}  # fmt: skip
    parts = {MANIFEST: _json(told), CUSTODY: _json(list(lines)), README: README_TEXT.encode(), **files}
    sums = "".join(f"{_digest(content)}  {name}\n" for name, content in sorted(parts.items())).encode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {SUMS: sums, SIGNATURE: private.sign(sums), KEY: public, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), content)
    return out.getvalue()


def problems(package: Path | io.BytesIO, keys: Sequence[str] = ()) -> list[str]:
    """What is wrong with a package, in English sentences; empty when it is whole and signed.

    `keys` are public keys as 64 hexadecimal digits: without any, the key inside is believed and that is for the caller
    to say. Never raises for what is in the file.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            names = archive.namelist()
            if len(names) != len(set(names)):
                return ["a name stands twice in the archive"]
            if left_out := OURS - set(names):
                return [f"missing: {', '.join(sorted(left_out))}"]
            if any(info.file_size > LARGEST for info in archive.infolist()):
                return ["a file is larger than a package may hold"]
            return _signature_problems(archive, keys) + _content_problems(archive) + _custody_problems(archive)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, NotImplementedError) as problem:
        return [f"this is not a package of evidence: {problem}"]


def is_plain(name: str) -> bool:
    """A name without a folder that every system can write."""
    return bool(name) and len(name) <= 80 and all(c.isascii() and (c.isalnum() or c in "._-") for c in name)


def _signature_problems(archive: zipfile.ZipFile, keys: Sequence[str]) -> list[str]:
    public = load_pem_public_key(archive.read(KEY))
    if not isinstance(public, Ed25519PublicKey):
        return ["the key is not an Ed25519 key"]
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    found = [] if not keys or raw in {key.lower() for key in keys} else ["signed with a key that is not the city's"]
    try:
        public.verify(archive.read(SIGNATURE), archive.read(SUMS))
    except InvalidSignature:
        found.append("the signature does not fit SHA256SUMS")
    return found


def _content_problems(archive: zipfile.ZipFile) -> list[str]:
    listed = dict(_sum_line(line) for line in archive.read(SUMS).decode().splitlines())
    there = set(archive.namelist()) - {SUMS, SIGNATURE, KEY}
    found = [f"not listed: {name}" for name in sorted(there - listed.keys())]
    found += [f"missing: {name}" for name in sorted(listed.keys() - there)]
    for name in sorted(there & listed.keys()):
        with archive.open(name) as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != listed[name]:  # type: ignore[arg-type]
                found.append(f"changed: {name}")
    manifest = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
        found.append("the manifest is not of this format")
    for about in manifest["files"]:
        if listed.get(about["name"]) != about["sha256"]:
            found.append(f"the manifest tells of another file: {about['name']}")
    return found


def _custody_problems(archive: zipfile.ZipFile) -> list[str]:
    lines, exhibit = json.loads(archive.read(CUSTODY)), json.loads(archive.read(MANIFEST))["exhibit"]
    broken = custody.first_broken(lines, exhibit)
    return [f"the custody line is broken at its entry {broken}"] if broken else []


def _sum_line(line: str) -> tuple[str, str]:
    digest, name = line[:64], line[66:]
    if len(digest) != 64 or line[64:66] != "  " or not is_plain(name):
        raise ValueError("SHA256SUMS has a line that is none")
    return name, digest


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
