"""Where works register what they watch and who wants to hear of a change. Filled in AppConfig.ready()."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import words
from .models import Reading, StatusChange, Target
from .words import Words


@dataclass(frozen=True)
class Step:
    """One step of a probe's trail: dns, tcp, rtsp, picture, truth …"""

    step: str
    ok: bool
    ms: int = 0
    said: str = ""  # what the other side answered, without secrets

    def as_json(self) -> dict[str, Any]:
        return {"step": self.step, "ok": self.ok, "ms": self.ms, "said": self.said}


@dataclass
class Look:
    """What one look saw. The runner turns it into a stored Reading."""

    verdict: str  # Verdict value
    cause: str = ""  # code; words come from `Probe.words`
    took_ms: int = 0
    measures: dict[str, float | str | None] = field(default_factory=dict)
    trail: list[Step] = field(default_factory=list)
    sure: bool = False  # confirmed within the look itself: needs no second look to be believed
    unreachable: bool = False  # nobody answered at all: the line, the power or our uplink may be the cause
    picture: bytes | None = None  # JPEG that shows what was judged
    memory: bytes | None = None  # replaces ProbeMemory when not None
    kept: Any = None  # for the probe's own `keep`


class Probe(ABC):
    """Looks at one kind of target. `prepare` and `keep` may use the database, `look` never does."""

    kind: str
    timeout_s: float = 10.0  # hard limit of one look; what has not answered by then is down, cause "timeout"
    at_once: int | None = None  # most looks of this kind one runner has under way; None: only the common limit
    # causes that are somebody's work but leave the thing usable are for the probe to call degraded

    def prepare(self, targets: Sequence[Target], memories: dict[int, bytes]) -> dict[int, Any]:
        """What `look` needs to know of each target (by target id), in a fixed number of queries."""
        return {target.pk: target for target in targets}

    @abstractmethod
    async def look(self, brief: Any) -> Look:
        """Look once. Never raises for what the other side does; the runner adds its own time limit."""

    def keep(self, kept: Sequence[tuple[Target, Reading, Look]]) -> None:  # noqa: B027  (most have nothing)
        """Store what is the probe's own, inside the transaction that stores the readings.

        `target` already holds the state and the pending verdict after this look.
        """

    def words(self, cause: str) -> Words | None:
        """A cause of this kind in words; None when the cause is not this probe's."""
        return words.general(cause)


Listener = Callable[[Sequence[StatusChange]], None]
Chores = dict[str, tuple[float, Callable[[datetime], object]]]

__all__ = [
    "Look", "Probe", "Step", "Words", "announce", "chores", "every", "kinds", "on_status_change", "probe_for",
    "register",
]  # fmt: skip

_probes: dict[str, Probe] = {}
_chores: Chores = {}
_listeners: list[Listener] = []


def register(probe: Probe) -> Probe:
    _probes[probe.kind] = probe
    return probe


def probe_for(kind: str) -> Probe | None:
    return _probes.get(kind)


def kinds() -> list[str]:
    return sorted(_probes)


def on_status_change(listener: Listener) -> None:
    """`listener(changes)` runs in the transaction that stores the changes: all happen or none.

    Changes come together, parents before children and at most one of each target, so that what has one cause (a link
    that took three hundred cameras with it) can be handled as one.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def announce(changes: Sequence[StatusChange]) -> None:
    for listener in _listeners:
        listener(changes)


def every(seconds: float, chore: Callable[[datetime], object]) -> None:
    """`chore(at)` is called about every `seconds` by one runner at a time; it must be safe to run twice."""
    _chores[f"{chore.__module__}.{chore.__qualname__}"[-120:]] = (seconds, chore)


def chores() -> Chores:
    return dict(_chores)
