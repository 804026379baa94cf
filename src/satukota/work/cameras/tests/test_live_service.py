"""The hub's door: who comes in, who must leave, what our own processes are told. Real RTSP, the real application."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as live_settings
from django.db import DatabaseError

from satukota.base import clock
from satukota.city.models import Duty
from satukota.shared.monitoring.models import Target
from satukota.work.cameras import rtsp
from satukota.work.cameras.lending import actions as lending
from satukota.work.cameras.live import actions, hub_client, service
from satukota.work.cameras.live.gate import Gate
from satukota.work.cameras.live.inner import inner_token
from satukota.work.cameras.live.service import Hub, application
from satukota.work.cameras.models import Agreement, Camera, WatchSession

from . import make
from . import rtsp_double as double

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def city(settings: Any, monkeypatch: pytest.MonkeyPatch) -> make.City:
    settings.SAMPLE = True
    monkeypatch.setattr(service, "RECHECK_S", 0.2)
    monkeypatch.setattr(service, "HELLO_S", 0.3)
    return make.make_city()


def cookies_of(user: Any) -> tuple[str, str]:
    """(Cookie header, session key) of a signed-in browser."""
    client = make.signed_in(user)
    morsel = client.cookies[live_settings.SESSION_COOKIE_NAME]
    return f"{live_settings.SESSION_COOKIE_NAME}={morsel.value}", client.session.session_key or ""


class Browser:
    """Speaks ASGI as a browser's WebSocket does."""

    def __init__(self, app: Any, cookies: str, *, origin: str = ORIGIN) -> None:
        self.words: list[dict[str, Any]] = []
        self.pictures = 0
        self.closed: int | None = None
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        headers = [(b"cookie", cookies.encode()), (b"origin", origin.encode())]
        scope = {"type": "websocket", "path": "/langsung", "headers": headers}
        self.task = asyncio.create_task(app(scope, self._inbox.get, self._take))

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.closed = message["code"]
        elif message.get("bytes"):
            self.pictures += message["bytes"][0] == 2
        elif message.get("text"):
            self.words.append(json.loads(message["text"]))

    def say(self, words: dict[str, Any]) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(words)})

    async def leave(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, 5)


async def until(true: Callable[[], Any], longest_s: float = 15.0) -> None:
    async with asyncio.timeout(longest_s):
        while not true():
            await asyncio.sleep(0.02)


def at_the_hub(visit: Callable[[Any, Hub], Awaitable[None]]) -> None:
    async def run() -> None:
        hub = Hub(Gate(), idle_s=0.2)
        await hub.start()
        try:
            await visit(application(hub, [ORIGIN]), hub)
        finally:
            await hub.stop()

    asyncio.run(run())


def ticket_for(user: Any, camera: Any, session_key: str) -> str:
    camera = Camera.objects.select_related("target__owner").get(pk=camera.pk)
    return actions.ask_to_watch(
        camera, actions.Why(purpose="patrol"), stream="main", session_key=session_key, by=user, at=clock.now()
    )


ask = sync_to_async(ticket_for)
row_of = sync_to_async(lambda: WatchSession.objects.get())


async def registered(url: str) -> Any:
    return await sync_to_async(make.make_camera)(address=url)


def test_a_ticket_opens_once_and_the_watch_has_its_row_to_the_end(city):
    cookies, key = cookies_of(city.who.operator)

    async def visit(app: Any, hub: Hub) -> None:
        async with double.camera(fps=20) as camera:
            ticket = await ask(city.who.operator, await registered(camera.url), key)
            first = Browser(app, cookies)
            first.say({"ticket": ticket})
            first.say({"ping": 12.5})
            await until(lambda: first.pictures > 5)
            assert any(words.get("pong") == 12.5 and words["now"] > 0 for words in first.words)
            again = Browser(app, cookies)
            again.say({"ticket": ticket})
            await until(lambda: again.closed)
            assert again.closed == 1008 and not again.pictures
            assert (await row_of()).ended_at is None
            await first.leave()  # without a word
            row = await row_of()
            assert row.ended_by == "left" and row.times == 1
            await until(lambda: "TEARDOWN" in camera.asked)

    at_the_hub(visit)


@pytest.mark.parametrize("how", ["other person", "no sign-in", "other origin", "altered", "nothing said", "junk"])
def test_nobody_else_comes_in(city, how):
    cookies, key = cookies_of(city.who.operator)
    if how == "other person":
        cookies, _ = cookies_of(city.who.supervisor)
    if how == "no sign-in":
        cookies = ""

    async def visit(app: Any, hub: Hub) -> None:
        ticket = await ask(city.who.operator, await registered("rtsp://127.0.0.1:9/x"), key)
        browser = Browser(app, cookies, origin="https://lain.contoh" if how == "other origin" else ORIGIN)
        if how == "junk":
            browser._inbox.put_nowait({"type": "websocket.receive", "text": "[" * 4000})
        elif how != "nothing said":
            browser.say({"ticket": ticket[::-1] if how == "altered" else ticket, "hevc": "ya"})
        await until(lambda: browser.closed)
        assert browser.closed == 1008 and not hub.guests and not hub.upstreams

    at_the_hub(visit)


@pytest.mark.parametrize("is_sample", [True, False])
def test_with_a_relay_the_camera_itself_is_left_alone(city, settings, is_sample):
    """A second RTSP server stands for MediaMTX or go2rtc; as a product it may be on this machine, a camera may not."""
    cookies, key = cookies_of(city.who.operator)
    settings.SAMPLE = is_sample

    async def visit(app: Any, hub: Hub) -> None:
        async with double.camera(fps=20) as camera, double.camera(fps=20) as relay:
            settings.LIVE_RELAY = f"rtsp://127.0.0.1:{relay.port}/kota/{{code}}/{{stream}}"
            browser = Browser(app, cookies)
            browser.say({"ticket": await ask(city.who.operator, await registered(camera.url), key)})
            await until(lambda: browser.pictures > 3)
            assert (camera.connections, relay.connections) == (0, 1)
            assert f"DESCRIBE rtsp://127.0.0.1:{relay.port}/kota/MB-001/main RTSP" in "".join(relay.requests)
            assert "Authorization" not in "".join(relay.requests)
            settings.LIVE_RELAY = ""
            await browser.leave()
            await until(lambda: "TEARDOWN" in relay.asked)

    at_the_hub(visit)


@pytest.mark.parametrize("how", ["duty ends", "signed out", "camera retired", "agreement ends"])
def test_a_permission_that_ends_while_watching_ends_the_picture(city, how):
    cookies, key = cookies_of(city.who.operator)

    def take_away() -> None:
        if how == "duty ends":
            Duty.objects.filter(person__user=city.who.operator).update(to_on=date.today() - timedelta(days=3))
        elif how == "camera retired":
            target = Camera.objects.get().target
            target.retired_on = date.today()
            target.save()
        elif how == "agreement ends":
            lending.revoke(Agreement.objects.get(), why="selesai", by=city.who.supervisor, at=clock.now())
        else:
            from django.contrib.sessions.models import Session

            Session.objects.all().delete()

    def lend() -> None:
        partner = city.dishub
        Target.objects.update(owner=partner)
        Duty.objects.filter(person__user__in=[city.who.operator, city.who.supervisor]).update(opd=city.diskominfo)
        lending.make(
            number="PKS/1/CONTOH", partner=partner, codes=["MB-001"], purposes=["patrol"], hours=[],
            starts_on=date.today() - timedelta(days=3), ends_on=date.today() + timedelta(days=3), counts=True,
            by=city.who.supervisor, at=clock.now(),
        )  # fmt: skip

    async def visit(app: Any, hub: Hub) -> None:
        async with double.camera(fps=20) as camera:
            row = await registered(camera.url)
            if how == "agreement ends":
                await sync_to_async(lend)()
            browser = Browser(app, cookies)
            browser.say({"ticket": await ask(city.who.operator, row, key)})
            await until(lambda: browser.pictures)
            await sync_to_async(take_away)()
            await until(lambda: browser.closed, 5)
            assert browser.words[-1]["cause"] == "revoked"
            assert (await row_of()).ended_by == "revoked"

    at_the_hub(visit)


def test_while_rights_cannot_be_asked_watching_goes_on_for_a_while_and_not_for_ever(city, monkeypatch):
    cookies, key = cookies_of(city.who.operator)

    async def fails(guests: Any) -> Any:
        raise DatabaseError("gone")

    async def visit(app: Any, hub: Hub) -> None:
        async with double.camera(fps=20) as camera:
            browser = Browser(app, cookies)
            browser.say({"ticket": await ask(city.who.operator, await registered(camera.url), key)})
            await until(lambda: browser.pictures)
            monkeypatch.setattr(hub.gate, "may_stay", fails)
            before = browser.pictures
            await until(lambda: browser.pictures > before + 10)
            assert browser.closed is None
            monkeypatch.setattr(service, "UNSURE_S", 0.1)
            await until(lambda: browser.closed, 5)
            assert browser.words[-1]["cause"] == "database"

    at_the_hub(visit)


def test_a_killed_hub_leaves_rows_the_next_one_closes(city):
    camera = make.make_camera()
    ago = clock.now() - timedelta(minutes=9)
    WatchSession.objects.create(
        camera=camera, person=city.who.operator, role="operator", hat="x", place="wall", was_protected=False,
        asked_at=ago, opened_at=ago, last_seen_at=ago + timedelta(seconds=90), times=1,
    )  # fmt: skip

    async def visit(app: Any, hub: Hub) -> None:
        row = await row_of()
        assert (row.ended_by, row.watched_s) == ("hub_lost", 90)

    at_the_hub(visit)


def test_the_health_check_looks_through_the_hub_and_the_camera_is_not_opened_twice(city, monkeypatch):
    cookies, key = cookies_of(city.who.operator)

    async def visit(app: Any, hub: Hub) -> None:
        async with double.camera(fps=20) as camera:
            row = await registered(camera.url)
            monkeypatch.setattr(hub_client, "_asked", lambda path: http(app, path))
            monkeypatch.setattr(hub_client, "_silent_until", 0.0)
            assert await hub_client.last_key(row.pk) is None
            browser = Browser(app, cookies)
            browser.say({"ticket": await ask(city.who.operator, row, key)})
            await until(lambda: browser.pictures > 25)
            assert await hub_client.last_key(row.pk, "rtsp://127.0.0.1/lain") is None
            stages: list[Any] = []
            async with hub_client.looking_at(
                row.pk, camera.url, "", "", resolve=None, may_log_in=True, limits=None, stages=stages,  # type: ignore[arg-type]
            ) as session:  # fmt: skip
                first = await session.keyframe(5)
                second = await session.keyframe(5)
                assert first.size == (640, 360) and first.sha != second.sha and len(first.sha) == 16
                assert session.pace.gop_s == pytest.approx(0.5, abs=0.1)
                assert session.pace.mean_p_bytes
            assert camera.connections == 1 and stages[0].ok

    async def http(app: Any, path: str) -> bytes:
        path, _, query = path.partition("?")
        said: list[Any] = []

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        headers = [(b"x-satukota-live", inner_token().encode())]
        scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": headers}
        await app(scope, None, send)
        return said[1]["body"] if said[0]["status"] == 200 else b""

    at_the_hub(visit)


def test_stills_the_hub_shows_serve_the_health_check_as_any_key_picture(monkeypatch, settings):
    settings.SAMPLE = True

    async def stills(camera_id: int, url: str = "") -> hub_client.HubKey:
        return hub_client.HubKey("jpeg", b"x", b"x", (640, 360), 1.0, [0.0, 0.1, 0.2])

    async def go() -> None:
        async with double.camera(codec="jpeg") as camera:
            stages: list[Any] = []
            async with hub_client.looking_at(
                1, camera.url, "", "", resolve=rtsp.resolve_anywhere, may_log_in=True, limits=None, stages=stages
            ) as session:
                assert (await session.keyframe(1)).codec == "jpeg"
                assert session.pace.mean_p_bytes is None  # none of them is told from another
            assert camera.connections == 0

    monkeypatch.setattr(hub_client, "last_key", stills)
    asyncio.run(go())


def test_without_the_inner_token_the_hub_says_nothing(city):
    async def visit(app: Any, hub: Hub) -> None:
        for path in ("/kunci/1", "/keadaan", "/lain", "/kunci/" + "9" * 40):
            said: list[Any] = []

            async def send(message: dict[str, Any], said: list[Any] = said) -> None:
                said.append(message)

            await app({"type": "http", "path": path, "headers": [(b"x-satukota-live", b"x")]}, None, send)
            assert said[0]["status"] == 404

    at_the_hub(visit)
