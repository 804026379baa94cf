"""Our own line: lost when fewer than half of the witnesses answer, and then nobody is called down."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from satukota.shared.monitoring import queries, uplink
from satukota.shared.monitoring.models import Target, UplinkOutage, Witness
from satukota.shared.monitoring.uplink import Uplink, answers, is_lost, note

from .make import NOON, closed_port, down, later, make_target, out_of_loop, server, stored, up

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answered", "lost"),
    [([], False), ([True], False), ([False], True), ([True, False], False), ([False, False], True),
     ([True, False, False], True), ([True, True, False], False)],
)  # fmt: skip
def test_fewer_than_half_is_lost_and_no_witness_is_no_opinion(answered, lost):
    assert is_lost(answered) is lost


def test_witnesses_are_dialled_only_where_that_is_allowed(settings):
    async def ask():
        async with server() as port:
            found = [await answers(f"127.0.0.1:{port}"), await answers(f"127.0.0.1:{closed_port()}", 0.5)]
            settings.SAMPLE = False
            return [*found, await answers(f"127.0.0.1:{port}"), await answers("not an address")]

    settings.SAMPLE = True
    assert asyncio.run(ask()) == [True, False, False, False]


def test_a_cut_line_opens_one_outage_and_its_return_closes_it(inline, monkeypatch):
    monkeypatch.setattr(uplink, "AGAIN_S", 0.01)

    async def cut_and_mend():
        line = Uplink(inline)
        async with AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(server()) for _number in range(3)]
            with out_of_loop():
                for port in ports:
                    Witness.objects.create(name=f"{port}", address=f"127.0.0.1:{port}")
            assert not await line.check()
        assert await line.check() and await line.check()
        with out_of_loop():
            assert UplinkOutage.objects.filter(back_at=None).count() == 1
        async with server(port=ports[0]), server(port=ports[1]):
            return await line.check()

    assert asyncio.run(cut_and_mend()) is False
    outage = UplinkOutage.objects.get()
    assert outage.back_at >= outage.lost_at
    assert Witness.objects.exclude(answered_at=None).count() == 3 and Witness.objects.exclude(failed_at=None).exists()


def test_a_check_that_is_recent_enough_is_not_repeated(inline):
    async def twice():
        line = Uplink(inline)
        await line.check()
        first = line.checked_at
        await line.check(after=first)
        assert line.checked_at == first
        await line.check(after=first + 1e-9)
        assert line.checked_at > first

    asyncio.run(twice())


def test_two_runners_note_one_outage():
    note(True, NOON)
    note(True, later(1))
    assert UplinkOutage.objects.count() == 1 and queries.uplink_is_lost(later(2))
    note(False, later(60))
    note(False, later(61))
    assert not queries.uplink_is_lost(later(60)) and queries.uplink_is_lost(later(59))
    assert UplinkOutage.objects.get().back_at == later(60)


def test_when_the_line_is_back_everything_it_hid_is_looked_at_at_once(heard):
    hidden, seen = make_target("H"), make_target("S")
    stored(up(), hidden, seen, at=NOON)
    note(True, later(10))
    stored(down(), hidden, at=later(20), uplink_lost=True)
    Target.objects.update(next_due_at=later(500))
    note(False, later(40))
    assert dict(Target.objects.values_list("code", "next_due_at")) == {"H": later(40), "S": later(500)}
    assert queries.counts_by_state(Target.objects.all()) == {"up": 1, "degraded": 0, "down": 0, "unknown": 1}
