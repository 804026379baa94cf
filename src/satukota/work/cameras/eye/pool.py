"""Eyes: decoding in processes of their own, that can be killed when a stream makes a decoder hang."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .frames import HEAD, BadMessage, packed, sizes, unpacked

WALL_LIMIT_S = 5.0
START_LIMIT_S = 20.0
RECYCLE_AFTER = 2000
RECYCLE_AFTER_S = 24 * 3600.0
_SOURCE = Path(__file__).resolve().parents[4]
log = logging.getLogger(__name__)


class EyeFailed(Exception):
    """`cause`: decode_errors (not a picture at all) or decoder_killed (it hung, crashed or ate the memory)."""

    def __init__(self, cause: str, said: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.said = said


@dataclass(frozen=True)
class Question:
    """One key picture to judge, and all that judging needs."""

    codec: str
    content: bytes = field(repr=False)
    sha: bytes
    at: float
    """epoch seconds"""
    hour: int
    """local hour"""
    is_day: bool | None = None
    p_frame_bytes: float | None = None
    sensitivity: str = "sedang"
    memory: bytes = field(default=b"", repr=False)
    references: Sequence[tuple[str, bytes]] = field(default=(), repr=False)
    """(key that changes with the content, Reference.to_bytes())"""
    same_look: bool = False
    event_wanted: bool = False
    """give a large picture when it is a fault"""


@dataclass(frozen=True)
class Seen:
    outcome: str
    cause: str
    sure: bool
    suspect: str | None
    measures: dict[str, float]
    wants_another: bool
    mode: str
    size: tuple[int, int]
    memory: bytes = field(repr=False)
    picture: bytes = field(repr=False)
    """JPEG"""
    learned: Learned | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Learned:
    mode: str
    hour_bin: int
    taken_at: float
    content: bytes


class Eyes:
    """`await eyes.look(question)`; processes start at the first question. One per event loop; `close` at the end."""

    def __init__(self, count: int | None = None, *, wall_limit_s: float = WALL_LIMIT_S, recycle: int = RECYCLE_AFTER):
        self._wall_limit_s = wall_limit_s
        self._all = [_Eye(recycle) for _ in range(count or max(1, os.cpu_count() or 1))]
        # The last used first: its references are warm, and a quiet system runs one process instead of all.
        self._idle: asyncio.LifoQueue[_Eye] = asyncio.LifoQueue()
        for eye in self._all:
            self._idle.put_nowait(eye)

    async def look(self, question: Question) -> Seen:
        """Raises EyeFailed."""
        eye = await self._idle.get()
        try:
            return await eye.look(question, self._wall_limit_s)
        finally:
            self._idle.put_nowait(eye)

    def close(self) -> None:
        for eye in self._all:
            eye.stop()

    @property
    def pids(self) -> list[int]:
        return [eye.pid for eye in self._all if eye.pid]


class _Eye:
    def __init__(self, recycle: int) -> None:
        self._recycle = recycle
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._looks = 0
        self._born = 0.0
        self._sent: set[str] = set()  # references this process was given: 40 KB each that need not go again

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def look(self, question: Question, wall_limit_s: float) -> Seen:
        if self._looks >= self._recycle or time.monotonic() - self._born > RECYCLE_AFTER_S:
            self.stop()
        is_fresh = self._process is None
        try:
            if is_fresh:
                await self._start()
            async with asyncio.timeout(START_LIMIT_S if is_fresh else wall_limit_s):
                facts, parts = await self._ask(question)
                if facts["problem"] == "forgotten":
                    self._sent.clear()
                    facts, parts = await self._ask(question)
        except (TimeoutError, OSError, EOFError, BadMessage) as problem:
            self.stop()
            log.warning("an eye was ended over one picture: %s", type(problem).__name__)
            raise EyeFailed("decoder_killed") from problem
        except BaseException:  # cancelled in the middle: its answer would be taken for the next one's
            self.stop()
            raise
        if facts["problem"]:
            raise EyeFailed("decode_errors", str(facts.get("said", ""))[:80])
        return _seen(facts, parts)

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "satukota.work.cameras.eye.worker", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                ours.close()
                raise
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        self._looks, self._born = 0, time.monotonic()
        self._sent.clear()

    async def _ask(self, question: Question) -> tuple[dict[str, Any], list[bytes]]:
        self._looks += 1
        facts = {
            "codec": question.codec,
            "sha": question.sha.hex(),
            "at": question.at,
            "hour": question.hour,
            "is_day": question.is_day,
            "p_frame_bytes": question.p_frame_bytes,
            "sensitivity": question.sensitivity,
            "references": [key for key, _ in question.references],
            "same_look": question.same_look,
            "event_wanted": question.event_wanted,
        }
        references = [b"" if key in self._sent else content for key, content in question.references]
        self._sent.update(key for key, _ in question.references)
        parts = [question.content, question.memory, *references]
        self._writer.writelines(packed(facts, parts))
        await self._writer.drain()
        text_size, parts_size = sizes(await self._reader.readexactly(HEAD.size))
        return unpacked(await self._reader.readexactly(text_size + parts_size), text_size)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        if hasattr(self, "_writer"):
            self._writer.close()


def _environment() -> dict[str, str]:
    """What a decoder needs and no secret of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "PYTHONPATH": str(_SOURCE),
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _seen(facts: dict[str, Any], parts: list[bytes]) -> Seen:
    memory, picture, content = parts
    learned = None
    if content:
        learned = Learned(facts["learned_mode"], facts["learned_bin"], facts["learned_at"], content)
    return Seen(
        outcome=facts["outcome"],
        cause=facts["cause"],
        sure=facts["sure"],
        suspect=facts["suspect"],
        measures=facts["measures"],
        wants_another=facts["wants_another"],
        mode=facts["mode"],
        size=(facts["size"][0], facts["size"][1]),
        memory=memory,
        picture=picture,
        learned=learned,
    )
