"""Secrets of a single-machine installation: made once, kept in a file only the owner can read."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def random_key() -> str:
    return secrets.token_urlsafe(50)


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`, made at first need. Two processes starting at once end up with the same one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(make())
    return path.read_text(encoding="ascii").strip()
