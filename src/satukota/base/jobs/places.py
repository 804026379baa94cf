"""Names of runners: exact enough to know, on the same machine, that one is gone for certain."""

import hashlib
import os
import secrets
import socket
from pathlib import Path


def my_name() -> str:
    """place/process/start/chance, at most 50 characters.

    The place is one kernel's view of process ids: host, boot and namespace.
    """
    return f"{_place()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(3)}"


def is_surely_gone(name: str) -> bool:
    """True when `name` ran in our own place and its process is no more; False also when we cannot know."""
    place, _, rest = name.partition("/")
    pid, _, rest = rest.partition("/")
    started = rest.partition("/")[0]
    if place != _place() or not pid.isdecimal() or not started:
        return False
    return _started(int(pid)) != started


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # not Linux: leases alone decide
        return f"{socket.gethostname()[:12]}:?{secrets.token_hex(4)}"
    whole = f"{socket.gethostname()}:{boot}:{namespace}"
    return f"{socket.gethostname()[:12]}:{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _started(pid: int) -> str:
    """When the process started, in clock ticks since boot; empty when there is none (or only its empty shell)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if after_name[0] in {"Z", "X"} else after_name[19]
