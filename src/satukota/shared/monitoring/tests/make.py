"""A few watched things, and looks at them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from satukota.city.models import Opd
from satukota.shared.monitoring import storing
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.monitoring.registry import Look
from satukota.shared.monitoring.storing import Done, Outcome

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12.00 WITA


def later(seconds: float, since: datetime = NOON) -> datetime:
    return since + timedelta(seconds=seconds)


def make_opd(code: str = "diskominfo") -> Opd:
    opd, _new = Opd.objects.get_or_create(
        code=code, defaults={"name": code, "short_name": code, "kind": "dinas", "valid_from": date(2020, 1, 1)}
    )
    return opd


def make_target(code: str, kind: str = "tcp", **fields: Any) -> Target:
    owner = fields.pop("owner", None) or make_opd()
    return Target.objects.create(code=code, kind=kind, name=f"Contoh {code}", owner=owner, **fields)


def up() -> Look:
    return Look("up")


def down(cause: str = "tcp_timeout", *, unreachable: bool = True, sure: bool = False) -> Look:
    return Look("down", cause, unreachable=unreachable, sure=sure)


def unknown(cause: str = "too_dark") -> Look:
    return Look("unknown", cause)


def stored(look: Look, *targets: Target, at: datetime, uplink_lost: bool = False) -> Outcome:
    """The same look at each target, stored in one batch; the targets are refreshed."""
    batch = [Done(target.pk, "", look, at) for target in targets]
    outcome = storing.store(batch, uplink_lost=uplink_lost, runner="test")
    for target in targets:
        target.refresh_from_db()
    return outcome


def turns(target: Target) -> list[str]:
    """The states a target went through, oldest first."""
    return list(StatusChange.objects.filter(target=target).order_by("at", "pk").values_list("now", flat=True))


@contextmanager
def out_of_loop() -> Iterator[None]:
    """Database work from inside a test's event loop, on the test's own connection: Django ties it to the loop."""
    loop = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    try:
        yield
    finally:
        asyncio.events._set_running_loop(loop)


@asynccontextmanager
async def server(handle: Callable[..., Any] | None = None, port: int = 0) -> AsyncIterator[int]:
    """A TCP server on 127.0.0.1; its port. Without a handler it takes connections and closes them."""

    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listening = await asyncio.start_server(handle or close, "127.0.0.1", port)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def closed_port() -> int:
    """A port nobody listens on."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
