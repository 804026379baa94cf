"""The live feed: in order, resumed without loss or repeat, and only what a person may see."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from satukota.base.feed import actions as feed
from satukota.base.feed import stream as stream_module
from satukota.base.feed.models import FeedEntry
from satukota.base.feed.stream import Stream, application

AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


class Everything:
    def covers(self, opd_id: int | None, area_id: int | None = None) -> bool:
        return True


class Only:
    def __init__(self, opd_id: int) -> None:
        self.opd_id = opd_id

    def covers(self, opd_id: int | None, area_id: int | None = None) -> bool:
        return opd_id == self.opd_id


def publish(count: int, opd_id: int | None = None) -> None:
    for number in range(count):
        feed.publish("status_changed", f"MB-{number:03}", {"n": number}, opd_id=opd_id, at=AT)


class Visitor:
    """Speaks ASGI to the application the way a browser's EventSource does, and reads what comes."""

    def __init__(self, app: Any, query: str = "", origin: str = "") -> None:
        self.text, self.status, self.app, self.gone = "", 0, app, asyncio.Event()
        headers = [(b"origin", origin.encode())] if origin else []
        self.scope = {"type": "http", "method": "GET", "path": "/kabar", "query_string": query.encode(),
                      "headers": headers}  # fmt: skip

    async def receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])
        else:
            self.text += message["body"].decode()

    def ids(self) -> list[int]:
        return [int(line[4:]) for line in self.text.splitlines() if line.startswith("id: ")]

    async def read_until(self, enough: Any, seconds: float = 5) -> None:
        task = asyncio.create_task(self.app(self.scope, self.receive, self.send))
        try:
            async with asyncio.timeout(seconds):
                while not enough(self) and not task.done():
                    await asyncio.sleep(0.02)
        finally:
            self.gone.set()
            await asyncio.wait_for(task, 5)


def serve(scope_of: Any, visit: Any) -> Any:
    """Run `visit(app)` against a started application."""

    async def run() -> Any:
        app = application(scope_of, ["http://127.0.0.1:8000"])
        ready, stop = asyncio.Event(), asyncio.Event()
        steps = iter([{"type": "lifespan.startup"}])

        async def receive() -> dict[str, str]:
            for step in steps:
                return step
            await stop.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: dict[str, str]) -> None:
            ready.set()

        life = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        await ready.wait()
        try:
            return await visit(app)
        finally:
            stop.set()
            await life

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def signed_in(monkeypatch):
    monkeypatch.setattr(stream_module, "visitor_of", lambda cookies: ("someone", {}))


def test_entries_come_in_order_and_once():
    async def visit(app):
        visitor = Visitor(app, "since=0")
        reading = asyncio.create_task(visitor.read_until(lambda v: len(v.ids()) >= 25))
        await asyncio.sleep(0.1)
        await sync_to_async(publish)(25)
        await reading
        return visitor.ids()

    FeedEntry.objects.create(at=AT, topic="pulse", subject="", payload={})
    first = FeedEntry.objects.get().pk
    got = [number for number in serve(lambda user, session: Everything(), visit) if number > first]
    assert got == sorted(set(got)) and len(got) >= 24


def test_a_lost_connection_resumes_where_it_ended():
    publish(10)
    third = FeedEntry.objects.order_by("pk")[2].pk

    async def visit(app):
        visitor = Visitor(app, f"since={third}")
        await visitor.read_until(lambda v: len(v.ids()) >= 7)
        return visitor.ids()

    everything = list(FeedEntry.objects.order_by("pk").values_list("pk", flat=True))
    assert serve(lambda user, session: Everything(), visit) == everything[3:]


def test_another_opds_entries_are_not_sent():
    publish(3, opd_id=1)
    publish(2, opd_id=2)
    publish(1)

    async def visit(app):
        start = (await sync_to_async(FeedEntry.objects.order_by("pk").first)()).pk
        visitor = Visitor(app, f"since={start - 1}")
        await visitor.read_until(lambda v: len(v.ids()) >= 3)
        await asyncio.sleep(0)
        return visitor.text

    text = serve(lambda user, session: Only(2), visit)
    assert text.count("event: status_changed") == 3


def test_a_listener_from_before_the_kept_entries_is_told_to_load_afresh():
    publish(5)
    FeedEntry.objects.order_by("pk").first().delete()

    async def visit(app):
        visitor = Visitor(app, "since=1")
        await visitor.read_until(lambda v: "event: reset" in v.text)
        return visitor.text

    first_kept = FeedEntry.objects.order_by("pk").first().pk
    if first_kept > 2:
        assert "event: reset" in serve(lambda user, session: Everything(), visit)


@pytest.mark.parametrize("query", ["since=99999999999999999999999", "since=-1", "since=x", "since="])
def test_nonsense_positions_start_at_now(query):
    publish(2)

    async def visit(app):
        visitor = Visitor(app, query)
        await visitor.read_until(lambda v: "event: start" in v.text)
        return visitor.text

    assert "status_changed" not in serve(lambda user, session: Everything(), visit)


def test_strangers_and_foreign_pages_get_the_same_404():
    async def visit(app):
        foreign = Visitor(app, origin="http://jahat.example")
        await foreign.read_until(lambda v: v.status)
        return foreign.status

    assert serve(lambda user, session: Everything(), visit) == 404
    assert serve(lambda user, session: None, visit) == 404


def test_every_answer_of_the_feed_carries_the_narrowing_headers():
    async def visit(app):
        taken, refused = Visitor(app), Visitor(app, origin="http://jahat.example")
        for visitor in (taken, refused):
            await visitor.read_until(lambda v: v.status)
        return [(visitor.status, visitor.headers) for visitor in (taken, refused)]

    answers = serve(lambda user, session: Everything(), visit)
    assert [status for status, _headers in answers] == [200, 404]
    for _status, headers in answers:
        assert headers[b"x-content-type-options"] == b"nosniff" and headers[b"cache-control"] == b"no-store"
        policy = headers[b"content-security-policy"]
        assert b"default-src 'none'" in policy and b"base-uri 'none'" in policy and b"frame-ancestors 'none'" in policy


def test_a_listener_too_slow_is_let_go_and_can_resume():
    stream = Stream(lambda user, session: Everything())
    listener = stream_module.Listener("", Everything())
    stream.listeners.add(listener)
    for number in range(stream_module.QUEUE_LIMIT + 1):
        stream.hand_out(stream_module.Wire(number + 1, None, b"x"))
    assert listener not in stream.listeners and listener.queue.get_nowait() is None


def test_a_changed_scope_takes_effect_without_a_new_connection(monkeypatch):
    """A switch of hat and an ended duty count within half a minute: the question is asked again while one listens."""
    assert stream_module.RECHECK_S < 25
    monkeypatch.setattr(stream_module, "RECHECK_S", 0.05)
    scopes = iter([Only(1)])

    async def visit(app):
        visitor = Visitor(app, "")
        reading = asyncio.create_task(visitor.read_until(lambda v: "OPD-2" in v.text))
        while not visitor.status:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        await sync_to_async(feed.publish)("status_changed", "OPD-1", {}, opd_id=1, at=AT)
        await sync_to_async(feed.publish)("status_changed", "OPD-2", {}, opd_id=2, at=AT)
        await reading
        return visitor.text

    text = serve(lambda user, session: next(scopes, Only(2)), visit)
    assert "OPD-2" in text and "OPD-1" not in text
