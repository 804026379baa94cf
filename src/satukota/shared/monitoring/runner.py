"""The runner: claims what is due, looks at many things at once, stores what was seen. One asyncio loop.

Blocking database work runs in two threads: one for claiming and storing, one for chores. Looks wait in memory for the
writer for at most half a second or 200 looks, whichever comes first; a kill -9 loses those and the ones under way,
nothing more: their claims end with the lease and they are looked at again. Nothing that was announced can be lost,
because a status change, its announcement and the reading behind it are one transaction.

While the database is away (stopped, locked, full, read-only) looks that ended are held, up to HOLD_S, and stored when
it is back; new ones cannot be claimed meanwhile. What had to be let go is said in one line with its number, and a gap
longer than beats.ASLEEP_AFTER is stored as a span of which nothing is known.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from satukota.base import clock, outages

from . import beats, chores, registry, storing
from .claims import MARGIN_S, Claimer, release_the_dead
from .database import DatabaseThread
from .models import ProbeMemory, Target, Verdict
from .registry import Look, Probe
from .storing import Done
from .uplink import EVERY_S as WITNESS_EVERY_S
from .uplink import Uplink

log = logging.getLogger(__name__)

CLAIM_EVERY_S = 0.25
MOST_CLAIMED = 200  # in one go
BATCH_LOOKS, BATCH_S = 200, 0.5
BEAT_EVERY_S, CHORES_EVERY_S = 5.0, 1.0
WRITE_TRIES, WRITE_PAUSE_S = 3, 1.0
HOLD_S, LONGEST_WRITE_PAUSE_S = 180.0, 5.0  # how long looks are held for a database that is away
FINISH_S = 3.0  # looks under way may still end when the runner is told to


async def run(stop: asyncio.Event, *, name: str, once: bool = False) -> int:
    """Watch until `stop` is set; with `once`, until everything due has been looked at once. Returns looks stored."""
    return await Runner(name).run(stop, once=once)


class Runner:
    """One runner. `looks_done` and `uplink` may be read while it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.claimer = Claimer()
        self.database, self.chore_thread = DatabaseThread("watch-store"), DatabaseThread("watch-chores")
        self.uplink = Uplink(self.database)
        self.looks_done = self.looks_lost = 0
        self.started_at = clock.now()
        self.behind_s = 0.0
        self._at_once: int = settings.PROBES_AT_ONCE
        self._doubted_at = float("-inf")  # when a look last found a target unreachable that was not known to be
        self._under_way: set[asyncio.Task[None]] = set()
        self._by_kind: Counter[str] = Counter()
        self._abandoned: set[asyncio.Task[Look]] = set()
        self._ended: asyncio.Queue[Done] = asyncio.Queue()

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> int:
        writer = None
        helpers: list[asyncio.Task[None]] = []
        try:
            await self._beat()
            await self.database(release_the_dead)
            await self.uplink.check()
            writer = asyncio.create_task(self._write())
            if not once:
                helpers = [asyncio.create_task(job) for job in self._jobs()]
            await self._claim(stop, once)
        finally:
            await self._end(writer, helpers)
        return self.looks_done

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._repeat("beat", BEAT_EVERY_S, self._beat),
            self._repeat("witnesses", WITNESS_EVERY_S, self._ask_witnesses),
            self._repeat("chores", CHORES_EVERY_S, self._do_chores),
        ]

    async def _repeat(self, what: str, every_s: float, job: Any) -> None:
        """Whatever goes wrong in a helper is logged and tried again; it never ends the watching."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await job()
            except Exception:
                log.exception("%s failed; trying again in %g s", what, every_s)

    async def _beat(self) -> None:
        self.behind_s = await self.database(beats.beat, self.name, self.started_at, self.looks_done, clock.now())
        await self.database(beats.pulse, self.looks_done, self.behind_s, self.uplink.lost, clock.now())

    async def _ask_witnesses(self) -> None:
        await self.uplink.check()

    async def _do_chores(self) -> None:
        await self.chore_thread(chores.run_due, self.name, clock.now())

    # ── claiming and looking ──

    async def _claim(self, stop: asyncio.Event, once: bool) -> None:
        pause_s = CLAIM_EVERY_S
        while not stop.is_set():
            try:
                found = await self._claim_and_start()
                pause_s = CLAIM_EVERY_S
            except Exception:
                log.exception("claiming failed; trying again in %g s", pause_s)
                found, pause_s = 0, min(pause_s * 2, 10.0)
            if once and not found and not self._under_way and self._ended.empty():
                return
            if found < MOST_CLAIMED:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)

    async def _claim_and_start(self) -> int:
        """Claim as many as there are free places, kinds with a limit of their own apart. Returns how many."""
        limited = {kind: probe for kind in registry.kinds() if (probe := _probe(kind)).at_once is not None}
        found = await self._start(self._free(), kinds=None, but_not=list(limited))
        for kind, probe in limited.items():
            free = min(self._free(), (probe.at_once or 0) - self._by_kind[kind])
            found += await self._start(free, kinds=[kind], but_not=[])
        return found

    def _free(self) -> int:
        waiting = self._ended.qsize()  # a writer that cannot keep up slows the looking, not the memory
        return min(MOST_CLAIMED, self._at_once - len(self._under_way)) if waiting < 10 * BATCH_LOOKS else 0

    async def _start(self, free: int, *, kinds: Sequence[str] | None, but_not: Sequence[str]) -> int:
        if free <= 0:
            return 0
        lease_s = MARGIN_S + max((_probe(kind).timeout_s for kind in kinds or registry.kinds()), default=0.0)
        targets, briefs = await self.database(self._claim_and_prepare, free, lease_s, kinds, but_not)
        for target in targets:
            task = asyncio.create_task(self._look(target, briefs.get(target.pk)))
            self._by_kind[target.kind] += 1
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(targets)

    def _claim_and_prepare(
        self, free: int, lease_s: float, kinds: Sequence[str] | None, but_not: Sequence[str]
    ) -> tuple[list[Target], dict[int, Any]]:
        """In the database thread: claimed targets, and by id what their probes need (an exception when that failed)."""
        targets = self.claimer.claim(clock.now(), free, lease_s=lease_s, kinds=kinds, but_not=but_not)
        if not targets:
            return [], {}
        memories = dict(ProbeMemory.objects.filter(pk__in=[t.pk for t in targets]).values_list("pk", "content"))
        by_kind: dict[str, list[Target]] = defaultdict(list)
        for target in targets:
            by_kind[target.kind].append(target)
        briefs: dict[int, Any] = {}
        for kind, ours in by_kind.items():
            probe = registry.probe_for(kind)
            try:
                briefs |= probe.prepare(ours, {t.pk: bytes(memories[t.pk]) for t in ours if t.pk in memories}) \
                    if probe else {}  # fmt: skip
            except Exception as failure:
                log.exception("preparing looks at %s failed", kind)
                briefs |= {target.pk: failure for target in ours}
        return targets, briefs

    async def _look(self, target: Target, brief: Any) -> None:
        try:
            look = await self._looked(target, brief)
            if look.unreachable and target.state != Verdict.DOWN:
                self._doubted_at = time.monotonic()
            self._ended.put_nowait(Done(target.pk, target.claimed_by, look, clock.now()))
        finally:
            self._by_kind[target.kind] -= 1

    async def _looked(self, target: Target, brief: Any) -> Look:
        """One look within its time limit. What goes wrong on our side is unknown, never the target's fault."""
        probe, began = registry.probe_for(target.kind), time.monotonic()
        if probe is None:
            return Look(str(Verdict.UNKNOWN), "no_probe")
        if brief is None or isinstance(brief, Exception):
            return Look(str(Verdict.UNKNOWN), "look_failed")
        task = asyncio.create_task(probe.look(brief))
        try:
            done, _pending = await asyncio.wait({task}, timeout=probe.timeout_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        took_ms = round((time.monotonic() - began) * 1000)
        if not done:
            self._abandon(task)
            return Look(str(Verdict.DOWN), "timeout", took_ms, unreachable=True)
        try:
            return task.result()
        except Exception:
            log.exception("looking at %s failed", target.code)
            return Look(str(Verdict.UNKNOWN), "look_failed", took_ms)

    def _abandon(self, task: asyncio.Task[Look]) -> None:
        """Cancelled and forgotten: a probe that will not end must not hold the runner."""
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    # ── storing ──

    async def _write(self) -> None:
        """Batches of at most BATCH_LOOKS looks or BATCH_S seconds."""
        while True:
            batch = [await self._ended.get()]
            ends = time.monotonic() + BATCH_S
            while self._ended.qsize() < BATCH_LOOKS - 1 and time.monotonic() < ends:
                await asyncio.sleep(BATCH_S / 5)
            while len(batch) < BATCH_LOOKS and not self._ended.empty():
                batch.append(self._ended.get_nowait())
            try:
                await self._store(batch)
            except Exception as failure:
                self.looks_lost += len(batch)
                log.error(
                    "%d looks lost (%s), %d since the start; their leases bring the targets back",
                    len(batch), type(failure).__name__, self.looks_lost,
                )  # fmt: skip
            for _done in batch:
                self._ended.task_done()

    async def _store(self, batch: list[Done]) -> None:
        """Store a batch; before anybody is called unreachable, the witnesses are asked whether it is us."""
        if self._doubted_at > self.uplink.checked_at:
            await self._be_sure_of_uplink()
        for attempt in range(WRITE_TRIES):
            try:
                await self._store_patiently(batch)
                return
            except Exception as failure:
                if _is_away(failure):
                    raise  # for longer than HOLD_S
                if attempt + 1 == WRITE_TRIES:
                    break
                log.warning("storing %d looks failed, trying again", len(batch), exc_info=True)
                await asyncio.sleep(WRITE_PAUSE_S)
        for done in batch if len(batch) > 1 else []:  # one look that cannot be stored must not take the others along
            try:
                await self._store_once([done])
            except Exception:
                log.exception("the look at target %s was not stored", done.target_id)

    async def _store_patiently(self, batch: list[Done]) -> None:
        """Hold the batch while the database is away. Raises its error after HOLD_S, and every other one at once."""
        began, pause_s = time.monotonic(), WRITE_PAUSE_S
        while True:
            try:
                await self._store_once(batch)
                return
            except Exception as failure:
                if not _is_away(failure) or time.monotonic() - began + pause_s > HOLD_S:
                    raise
                log.warning("the database is away (%s): holding %d looks", type(failure).__name__, len(batch))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_WRITE_PAUSE_S)

    async def _be_sure_of_uplink(self) -> None:
        """A witness check that begins after the last look that found somebody unreachable had ended."""
        try:
            await self.uplink.check(after=self._doubted_at)
        except Exception:
            log.exception("asking the witnesses failed; the last answer holds")

    async def _store_once(self, batch: list[Done]) -> None:
        outcome = await self.database(storing.store, batch, uplink_lost=self.uplink.lost, runner=self.name)
        self.looks_done += outcome.readings
        if outcome.dropped:
            log.warning("%d looks dropped: their lease ended before they did", outcome.dropped)

    # ── ending ──

    async def _end(self, writer: asyncio.Task[None] | None, helpers: Iterable[asyncio.Task[None]]) -> None:
        """Let looks under way end for a moment, store what ended, give back the rest."""
        for helper in helpers:
            helper.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FINISH_S)
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, *helpers, return_exceptions=True)
        if writer is not None:
            try:
                await asyncio.wait_for(self._ended.join(), 4 * FINISH_S)
            except TimeoutError:
                log.error("ending while the database is away: the looks held for it are lost")
            writer.cancel()
        try:
            await self.database(self.claimer.release_all)
            await self.database(beats.leave, self.name, clock.now())
        except Exception:
            log.exception("claims were not given back; their leases end by themselves")
        self.database.close()
        self.chore_thread.close()


def _is_away(failure: Exception) -> bool:
    """It takes no rows now, which is no fault of the rows. PostgreSQL's "read-only" is an InternalError to Django."""
    return isinstance(failure, (OperationalError, InterfaceError)) or outages.outage_in(failure) is not None


def _probe(kind: str) -> Probe:
    probe = registry.probe_for(kind)
    assert probe is not None
    return probe
