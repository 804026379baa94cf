"""The runner on real sockets: looks once, survives bad probes and lost databases, ends cleanly."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
import pytest
from django.db import InternalError, OperationalError

from satukota.base import clock
from satukota.base.feed.models import FeedEntry
from satukota.shared.monitoring import beats, runner, storing, uplink
from satukota.shared.monitoring.models import Reading, RunnerBeat, StatusChange, Target, UplinkOutage, Witness
from satukota.shared.monitoring.registry import Look, Probe

from .make import NOON, closed_port, later, make_target, out_of_loop, server, turns

pytestmark = pytest.mark.django_db


class Scripted(Probe):
    """Does what the target's address says."""

    kind, timeout_s = "scripted", 0.3

    def __init__(self) -> None:
        self.under_way = self.most = 0

    async def look(self, brief):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if brief.address == "raise":
                raise ValueError("a mistake of ours")
            if brief.address == "hang":
                await asyncio.sleep(60)
            if brief.address == "stubborn":
                while True:
                    try:
                        await asyncio.sleep(2)
                        break
                    except asyncio.CancelledError:
                        continue
            await asyncio.sleep(0.01)
            return Look("up")
        finally:
            self.under_way -= 1


def once(name: str = "one") -> int:
    return asyncio.run(runner.run(asyncio.Event(), name=name, once=True))


async def run_for(seconds: float, name: str = "one") -> int:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await runner.run(stop, name=name)


def test_everything_due_is_looked_at_once(inline, heard):
    async def play():
        async with server() as port:
            with out_of_loop():
                for number in range(30):
                    make_target(f"T{number:02d}", address=f"127.0.0.1:{port}")
                make_target("dead", address=f"127.0.0.1:{closed_port()}")
            return await runner.run(asyncio.Event(), name="one", once=True)

    assert asyncio.run(play()) == 31
    assert Reading.objects.count() == 31 and Target.objects.filter(state="up").count() == 30
    assert not Target.objects.exclude(claimed_by="").exists()
    beat = RunnerBeat.objects.get()
    assert beat.name == "one" and FeedEntry.objects.filter(topic="pulse").exists()


def test_a_look_of_ours_that_goes_wrong_is_unknown_and_one_without_end_is_cut(inline, heard, probe):
    probe(Scripted())
    for address in ("good", "raise", "hang", "stubborn"):
        make_target(address, kind="scripted", address=address)
    make_target("nobody", kind="not_watched_yet")
    began = time.monotonic()
    once()
    assert time.monotonic() - began < 5
    said = {r.target.code: (r.verdict, r.cause) for r in Reading.objects.select_related("target")}
    assert said == {
        "good": ("up", ""), "raise": ("unknown", "look_failed"), "hang": ("down", "timeout"),
        "stubborn": ("down", "timeout"), "nobody": ("unknown", "no_probe"),
    }  # fmt: skip


def test_a_kind_that_cannot_be_prepared_does_not_hold_up_the_others(inline, heard, probe):
    class Unprepared(Scripted):
        kind = "unprepared"

        def prepare(self, targets, memories):
            raise KeyError("camera")

    probe(Unprepared())
    probe(Scripted())
    make_target("a", kind="unprepared")
    make_target("b", kind="scripted", address="good")
    once()
    assert dict(Reading.objects.values_list("target__code", "cause")) == {"a": "look_failed", "b": ""}


def test_limits_hold_for_all_looks_and_for_a_kind(inline, heard, probe, settings):
    settings.PROBES_AT_ONCE = 7
    common = probe(Scripted())
    few = Scripted()
    few.kind, few.at_once = "few", 2
    probe(few)
    for number in range(20):
        make_target(f"c{number}", kind="scripted", address="good")
        make_target(f"f{number}", kind="few", address="good")
    assert once() == 40
    assert 1 < common.most <= 7 and few.most <= 2


def test_a_first_bad_look_is_proved_within_seconds(inline, heard, monkeypatch):
    monkeypatch.setattr(storing.schedule, "RECHECK", timedelta(seconds=0.4))
    make_target("dead", address=f"127.0.0.1:{closed_port()}", interval_s=300)
    asyncio.run(run_for(2.5))
    assert turns(Target.objects.get()) == ["down"] and Reading.objects.count() == 2


def test_a_cut_uplink_calls_nobody_down_and_afterwards_everything_is_looked_at(inline, heard, monkeypatch):
    monkeypatch.setattr(storing.schedule, "RECHECK", timedelta(seconds=0.3))
    monkeypatch.setattr(uplink, "AGAIN_S", 0.01)
    monkeypatch.setattr(runner, "WITNESS_EVERY_S", 0.3)

    async def play():
        async with AsyncExitStack() as line:
            ports = [await line.enter_async_context(server()) for _number in range(6)]
            with out_of_loop():
                for port in ports[:3]:
                    Witness.objects.create(name=str(port), address=f"127.0.0.1:{port}")
                for port in ports[3:]:
                    make_target(f"T{port}", address=f"127.0.0.1:{port}", interval_s=1, failures_needed=1)
            await run_for(1.5)
        await run_for(3)  # every line is cut
        with out_of_loop():
            middle = list(Target.objects.values_list("state", "pending_cause"))
            outage = UplinkOutage.objects.get()
        async with AsyncExitStack() as line:
            for port in ports:
                await line.enter_async_context(server(port=port))
            await run_for(2)
        return middle, outage.back_at

    middle, back_at = asyncio.run(play())
    assert middle == [("up", "no_uplink")] * 3 and back_at is None
    assert UplinkOutage.objects.get().back_at is not None
    assert not StatusChange.objects.exclude(now="up").exists() and not Target.objects.exclude(pending_cause="").exists()


def read_only():
    """As Django hands on what PostgreSQL says while default_transaction_read_only is on."""
    failure = InternalError("cannot execute UPDATE in a read-only transaction")
    failure.__cause__ = psycopg.errors.ReadOnlySqlTransaction(str(failure))
    return failure


@pytest.mark.parametrize("trouble", [lambda: OperationalError("the database is starting up"), read_only])
def test_a_database_that_is_away_for_a_moment_loses_no_look(inline, heard, probe, monkeypatch, trouble):
    monkeypatch.setattr(runner, "WRITE_PAUSE_S", 0.05)
    probe(Scripted())
    make_target("a", kind="scripted", address="good")
    real, failures = storing.store, iter([True] * (runner.WRITE_TRIES + 1))

    def store(*args, **kwargs):
        if next(failures, False):
            raise trouble()
        return real(*args, **kwargs)

    monkeypatch.setattr(storing, "store", store)
    assert once() == 1 and Reading.objects.count() == 1


def test_a_database_that_stays_away_costs_only_what_is_said_to_be_lost(inline, heard, probe, monkeypatch, caplog):
    monkeypatch.setattr(runner, "WRITE_PAUSE_S", 0.05)
    monkeypatch.setattr(runner, "HOLD_S", 0.3)
    probe(Scripted())
    make_target("a", kind="scripted", address="good")
    real, gone_until = storing.store, time.monotonic() + 1.0
    tries = []

    def store(*args, **kwargs):
        tries.append(time.monotonic())
        if time.monotonic() < gone_until:
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    monkeypatch.setattr(storing, "store", store)
    assert once() == 0 and "1 looks lost (OperationalError), 1 since the start" in caplog.text
    assert 2 <= len(tries) < 8, "held and tried again with growing pauses"
    monkeypatch.setattr(runner, "HOLD_S", 30.0)
    gone_until = time.monotonic() + 1.0
    Target.objects.update(claimed_by="", lease_until=None)
    assert once() == 1 and Reading.objects.count() == 1, "away for less than it is held for: nothing is lost"


def test_one_look_that_cannot_be_stored_does_not_take_the_others_along(inline, heard, probe, monkeypatch):
    monkeypatch.setattr(runner, "WRITE_PAUSE_S", 0.01)

    class Poisoned(Scripted):
        kind = "poisoned"

        def keep(self, kept):
            if any(target.code == "bad" for target, _reading, _look in kept):
                raise ValueError("cannot be kept")

    probe(Poisoned())
    for code in ("a", "bad", "c"):
        make_target(code, kind="poisoned", address="good")

    async def play():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(2, stop.set)
        return await runner.run(stop, name="one")

    asyncio.run(play())
    assert set(Reading.objects.values_list("target__code", flat=True)) == {"a", "c"}


def test_told_to_end_it_gives_back_what_it_holds(inline, heard, probe, monkeypatch):
    monkeypatch.setattr(runner, "FINISH_S", 0.2)
    slow = Scripted()
    slow.timeout_s = 60
    probe(slow)
    make_target("hang", kind="scripted", address="hang")
    make_target("good", kind="scripted", address="good")
    asyncio.run(run_for(1))
    hang = Target.objects.get(code="hang")
    assert hang.claimed_by == "" and hang.lease_until is None and hang.next_due_at is None
    assert Reading.objects.get().target.code == "good"


def test_a_night_without_any_runner_is_unknown_afterwards(inline):
    beats.beat("one", NOON, 0, NOON)
    beats.beat("one", NOON, 0, later(60))
    beats.beat("two", later(8 * 3600), 0, later(8 * 3600))
    outage = UplinkOutage.objects.get()
    assert (outage.why, outage.lost_at, outage.back_at) == ("asleep", later(60), later(8 * 3600))


def test_the_pulse_beats_once_for_all_runners():
    told = [beats.pulse(1, 0.0, False, later(second)) for second in (0, 1, 9, 10, 11, 25)]
    assert told == [True, False, False, True, False, True]
    assert beats.pulse(1, 0.0, True, later(-3600)), "also after the clock went backwards"
    payload = FeedEntry.objects.latest("pk").payload
    assert payload["uplink"] == "lost" and set(payload) == {"at", "looks", "behind_s", "uplink", "counts"}


def test_the_clock_of_the_runner_is_the_one_clock(inline, heard, probe, clock_at):
    probe(Scripted())
    make_target("good", kind="scripted", address="good")
    clock_at(NOON)
    once()
    assert Reading.objects.get().at == NOON == clock.now()
