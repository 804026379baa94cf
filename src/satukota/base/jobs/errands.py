"""What every runner of jobs does beside its jobs. Filled in AppConfig.ready()."""

from collections.abc import Callable
from datetime import datetime

Errand = Callable[[datetime], object]
_errands: dict[str, tuple[float, Errand]] = {}


def alongside(name: str, every_s: float, errand: Errand) -> None:
    """`errand(at)` is called about every `every_s`, in a thread of its own in every runner: safe to run twice."""
    _errands[name] = (every_s, errand)


def every() -> dict[str, tuple[float, Errand]]:
    return dict(_errands)
