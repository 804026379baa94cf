"""Secrets of an installation: given by environment or file and refused when weak, else made once and kept in `var`."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from satukota.base.documents import signing
from satukota.base.secrets import keyring

from . import env

LEAST_LENGTH, LEAST_DIFFERENT = 32, 12
EXAMPLES = ("ganti", "contoh", "rahasia", "change", "example", "secret", "password", "insecure", "satukota", "default")


def random_key() -> str:
    return secrets.token_urlsafe(50)


def given_or_kept(name: str, path: Path) -> str:
    """The secret NAME from environment or NAME_FILE, else one made at first need. Raises UnclearSetting when weak."""
    value = env.text(name)
    return strong(name, value) if value else kept(path, random_key)


def given(name: str) -> str:
    """The secret NAME from environment or NAME_FILE, or empty. Raises UnclearSetting when weak."""
    value = env.text(name)
    return strong(name, value) if value else ""


def strong(name: str, value: str) -> str:
    """The value, unless somebody could guess it. Raises UnclearSetting with one sentence, never naming the value."""
    how = f"Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))' and keep it in {name}_FILE."
    if len(value) < LEAST_LENGTH:
        raise env.UnclearSetting(f"{name} is too short: {LEAST_LENGTH} characters at least. {how}")
    if len(set(value)) < LEAST_DIFFERENT or any(value == value[:n] * (len(value) // n) for n in range(1, 13)):
        raise env.UnclearSetting(f"{name} repeats itself: it could be guessed. {how}")
    if any(word in value.lower() for word in EXAMPLES):
        raise env.UnclearSetting(f"{name} looks like an example from a document. {how}")
    return value


def seal_keys(name: str, path: Path) -> tuple[list[str], Path | None]:
    """Keys given by environment and no file, or none and the file that holds them (and may be rotated).

    Raises UnclearSetting for anything that is no key, and for a key that is no secret.
    """
    file = os.environ.get(f"{name}_FILE")
    given = [] if file else env.words(name)
    if given:
        _refuse_bad_keys(name, ",".join(given))
        return given, None
    where = Path(file) if file else path
    if file:
        _refuse_bad_keys(f"{name}_FILE", env.text(name))
    else:
        kept(where, lambda: Fernet.generate_key().decode())
    return [], where


def audit_key(name: str, path: Path) -> str:
    """The private key that signs the days of the audit log: 64 hexadecimal digits. Raises UnclearSetting otherwise."""
    value = env.text(name) or kept(path, lambda: secrets.token_hex(32))
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise env.UnclearSetting(f"{name} is no key: 64 hexadecimal digits, as `openssl rand -hex 32` makes them.")
    return value


def signing_identity(file: str, password: str, own: Path) -> str:
    """Key and certificate of this installation (PEM), made at first need; empty where `file` is in force instead.

    Raises UnclearSetting when `file` cannot be opened with its password.
    """
    if not file:
        return kept(own, lambda: signing.make_own(urlsplit(env.text("SATUKOTA_SITE_URL")).hostname or gethostname()))
    try:
        signing.read_given(Path(file), password)
    except ValueError as problem:
        raise env.UnclearSetting(f"SATUKOTA_SIGNING_FILE: {problem}") from problem
    return ""


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`, made at first need. Two processes starting at once end up with the same whole one."""
    if not path.exists():
        handle, whole = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as out:
                out.write(make())
                out.flush()
                os.fsync(out.fileno())
            os.link(whole, path)  # fails where another process was first: a half-written secret is never read
        except FileExistsError:
            pass
        finally:
            os.unlink(whole)
    return path.read_text(encoding="ascii").strip()


def _refuse_bad_keys(name: str, text: str) -> None:
    how = "Make one with: python3 -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    try:
        found = keyring.parse(text)
    except ValueError as problem:
        raise env.UnclearSetting(f"{name} holds something that is no sealing key. {how}") from problem
    if any(len(set(key.secret)) < LEAST_DIFFERENT for key in found):
        raise env.UnclearSetting(f"{name} holds a key that repeats itself: it could be guessed. {how}")
