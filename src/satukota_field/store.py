"""Gives out clips: from the cache when they are there, else made by worker processes, each only once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from satukota_field.clips import Clip, Recipe, code_version

T = TypeVar("T")
OLD_AFTER_S = 14 * 86_400


def default_cache() -> Path:
    """Where clips are kept unless told otherwise (XDG base directory)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "satukota-field"


class BakingFailed(RuntimeError):
    """A clip could not be made; the text says why."""


class ClipStore:
    """Clips by recipe. Workers start with the first clip that is missing and end with `close`."""

    def __init__(self, cache: Path, workers: int | None = None) -> None:
        self._folder = cache / code_version()
        self._cache = cache
        self._wanted_workers = workers or max(1, min(4, os.cpu_count() or 1))
        self._queue: asyncio.PriorityQueue[tuple[int, int, Recipe, asyncio.Future[None]]] = asyncio.PriorityQueue()
        self._number = itertools.count()
        self._making: dict[str, asyncio.Future[None]] = {}
        self._open: dict[str, Clip] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self.made = 0

    @property
    def waiting(self) -> int:
        return len(self._making)

    async def clip(self, recipe: Recipe, urgent: bool = False) -> Clip:
        """The clip of this recipe. Raises BakingFailed."""
        key = recipe.key()
        if key not in self._open and not self._opened(key):
            if key not in self._making:
                self._making[key] = asyncio.get_running_loop().create_future()
                self._queue.put_nowait((0 if urgent else 1, next(self._number), recipe, self._making[key]))
                self._call_workers()
            await asyncio.shield(self._making[key])
            if not self._opened(key):
                raise BakingFailed(f"{recipe.name} {recipe.kind}: its clip cannot be read back")
        return self._open[key]

    def _opened(self, key: str) -> bool:
        """Whether this clip is open now, once for all who share it; False when it is absent or broken."""
        if key not in self._open:
            with contextlib.suppress(OSError, ValueError):
                self._open[key] = Clip(self._folder / f"{key}.clip")
        return key in self._open

    def _call_workers(self) -> None:
        for _ in range(min(self._wanted_workers - len(self._workers), self._queue.qsize())):
            task = asyncio.create_task(self._work(), name="clip worker")
            self._workers.add(task)
            task.add_done_callback(self._worker_ended)

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        """Another one takes over when this one died, or left just as a new job came."""
        self._workers.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waits for the clip
            self._call_workers()

    async def _work(self) -> None:
        """Feed one worker process until nothing is waiting, then let it go: it holds 150 MB."""
        process = await _see_through(_start_worker(), _end)
        try:
            while not self._queue.empty():
                _, _, recipe, done = self._queue.get_nowait()
                await self._bake(process, recipe, done)
        finally:
            await _see_through(_end(process))

    async def _bake(self, process: asyncio.subprocess.Process, recipe: Recipe, done: asyncio.Future[None]) -> None:
        assert process.stdin and process.stdout
        job = {"recipe": asdict(recipe), "path": str(self._folder / f"{recipe.key()}.clip")}
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            answer = json.loads(await process.stdout.readline() or b'{"error": "the worker process died"}')
            if "error" in answer:
                raise BakingFailed(f"{recipe.name} {recipe.kind}: {answer['error']}")
            self.made += 1
            done.set_result(None)
        except (BakingFailed, OSError, ValueError) as problem:
            done.set_exception(problem if isinstance(problem, BakingFailed) else BakingFailed(str(problem)))
            done.exception()  # marks it as looked at: nobody may be waiting any more
            if process.returncode is not None or process.stdout.at_eof():
                raise
        finally:
            self._making.pop(recipe.key(), None)

    def prune(self) -> None:
        """Remove clips of other versions of the code that nobody has used for two weeks."""
        for folder in self._cache.iterdir() if self._cache.is_dir() else ():
            old = folder.is_dir() and len(folder.name) == 16 and folder != self._folder
            if old and time.time() - folder.stat().st_mtime > OLD_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        for task in list(self._workers):
            task.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)


async def _see_through(work: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None]] | None = None) -> T:
    """Await work to its end even when cancelled meanwhile (then undo it and go): asyncio loses the pipes of a process
    whose start or end is broken off."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        found = await task
        if undo is not None:
            await undo(found)
        raise


async def _start_worker() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "satukota_field.baking",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=_worker_environment(),
    )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a worker and close both pipes to it, so that nothing of it is left when the loop ends."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    assert process.stdin
    process.stdin.close()
    with contextlib.suppress(ConnectionError):
        await process.stdin.wait_closed()
    await process.communicate()


def _worker_environment() -> dict[str, str]:
    """Ours, with this package importable however the server itself was started."""
    source = str(Path(__file__).resolve().parents[1])
    paths = [source, *(p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != source)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
