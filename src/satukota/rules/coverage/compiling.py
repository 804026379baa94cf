"""How the kernel is compiled: once per machine, kept on disk, anew when any of its files changed.

Numba keeps compiled code beside the file a function is in, and looks at that file alone: code taken in from another
file would stay as it was after an upgrade. Here the mark of what is kept is the content of all files
of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

KERNEL = ("compiling.py", "index.py", "kernel.py", "sweep.py", "flat.py", "relief.py", "stretches.py")


def entry(function: Callable[..., Any]) -> Any:
    """A compiled function that is called from Python; kept on disk with all it calls."""
    made: Any = njit(nogil=True, cache=True)(function)
    try:
        made._cache._cache_file._source_stamp = kernel_mark()  # numba offers no door for this
    except AttributeError:
        return njit(nogil=True)(function)  # rather slow at the start than wrong after an upgrade
    return made


def compiled(function: Callable[..., Any]) -> Any:
    """A compiled function that is called by others only; without a door for Python, which takes long to compile."""
    doors: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(nogil=True, **doors)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A function that is written into those that call it, where a call would cost more than what it does."""
    return njit(nogil=True, inline="always")(function)


@cache
def kernel_mark() -> str:
    mark = sha256()
    for name in KERNEL:
        mark.update((Path(__file__).parent / name).read_bytes())
    return mark.hexdigest()
