"""The mechanism's own probes: a TCP port, a web address, and links and power supplies."""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from django.db.models import Q

from satukota.base import addresses, clock
from satukota.base.addresses import AddressRefused
from satukota.base.errors import UserError

from .models import Target, Verdict
from .parents import Family
from .registry import Look, Probe, Step

UP, DOWN, UNKNOWN = str(Verdict.UP), str(Verdict.DOWN), str(Verdict.UNKNOWN)
FRESH = timedelta(minutes=1)  # children looked at longer ago say nothing about now
FEWEST_CHILDREN = 2
SILENT_SHARE = 0.8


def ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


async def dial(address: str, timeout_s: float) -> Look:
    """Resolve and connect once: the trail, and up or why not."""
    began, trail, loop = time.monotonic(), [], asyncio.get_running_loop()
    try:
        checked = addresses.check_address(address, schemes={"tcp"})
        async with asyncio.timeout(timeout_s):
            ips = await addresses.resolve(checked.host, checked.port)
            trail.append(Step("dns", True, ms_since(began), ips[0]))
            connecting = time.monotonic()
            transport, _protocol = await loop.create_connection(asyncio.Protocol, ips[0], checked.port)
            transport.abort()
        trail.append(Step("tcp", True, ms_since(connecting)))
        return Look(UP, took_ms=ms_since(began), trail=trail)
    except UserError as refused:
        cause, said = ("address_refused" if address else "address_missing"), refused.text
    except socket.gaierror as problem:
        cause, said = "dns", str(problem.strerror)
    except ConnectionRefusedError:
        cause, said = "tcp_refused", ""
    except TimeoutError:
        cause, said = "tcp_timeout", ""
    except OSError as problem:
        cause, said = "tcp_failed", problem.strerror or ""
    trail.append(Step("tcp" if trail else "dns", False, ms_since(began), said))
    ours = cause in ("address_refused", "address_missing")  # nobody was dialled: nothing is known of the other side
    return Look(UNKNOWN if ours else DOWN, cause, took_ms=ms_since(began), trail=trail, unreachable=not ours)


class TcpProbe(Probe):
    """Somebody takes a connection at host:port."""

    kind, timeout_s, dial_s = "tcp", 6.0, 4.0

    async def look(self, brief: Any) -> Look:
        return await dial(brief.address, self.dial_s)


@dataclass(frozen=True)
class Children:
    """What hangs directly on a parent without an address, as far as it was looked at within FRESH."""

    looked: int
    silent: int


class FeederProbe(Probe):
    """A link or power supply: its switch is dialled, twice before it is called down; without one, its children tell.

    Without an address: down when at least FEWEST_CHILDREN children were looked at and SILENT_SHARE of them found
    nobody, up when any answered otherwise. Children that another failed parent explains say nothing.
    """

    timeout_s, dial_s, again_s = 8.0, 2.5, 0.5

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def prepare(self, targets: Sequence[Target], memories: dict[int, bytes]) -> dict[int, Any]:
        """At most two queries."""
        inferred = [target.pk for target in targets if not target.address]
        children = _children(inferred) if inferred else {}
        return {target.pk: target.address or children.get(target.pk, Children(0, 0)) for target in targets}

    async def look(self, brief: Any) -> Look:
        if isinstance(brief, Children):
            return judge_children(brief)
        first = await dial(brief, self.dial_s)
        if first.verdict != DOWN:
            return first
        await asyncio.sleep(self.again_s)
        second = await dial(brief, self.dial_s)
        second.trail[:0] = first.trail
        second.took_ms += first.took_ms
        second.sure = second.verdict == DOWN
        return second


def judge_children(children: Children) -> Look:
    measures: dict[str, float | str | None] = {"looked": children.looked, "silent": children.silent}
    share = children.silent / children.looked if children.looked else 0.0
    said = f"{children.silent}/{children.looked}"
    if children.looked >= FEWEST_CHILDREN and share >= SILENT_SHARE:
        trail = [Step("children", False, 0, said)]
        return Look(DOWN, "children_silent", measures=measures, trail=trail, sure=True, unreachable=True)
    if children.silent < children.looked:
        return Look(UP, measures=measures, trail=[Step("children", True, 0, said)])
    return Look(UNKNOWN, "children_unseen", measures=measures, trail=[Step("children", False, 0, said)])


def _children(parents: Sequence[int]) -> dict[int, Children]:
    """Two queries."""
    family = Family.load()
    wanted, fresh = set(parents), clock.now() - FRESH
    rows = Target.objects.filter(
        Q(link__in=parents) | Q(power__in=parents), retired_on=None, last_reading_at__gte=fresh
    )
    looked: dict[int, list[bool]] = defaultdict(list)
    for link, power, silent in rows.order_by().values_list("link_id", "power_id", "is_unreachable"):
        for parent, other in ((link, power), (power, link)):
            explained = silent and other is not None and family.explains(other, but_not=parent)
            if parent in wanted and not explained:
                looked[parent].append(silent)
    return {pk: Children(len(seen), sum(seen)) for pk, seen in looked.items()}


class Forbidden(Exception):
    """The address, or the one it redirects to, must not be dialled."""

    def __init__(self, url: httpx.URL, said: str) -> None:
        super().__init__(said)
        self.url = url


class GuardedTransport(httpx.AsyncBaseTransport):
    """Dials only addresses that may be dialled, checked anew for every request and so for every redirect."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or addresses.DEFAULT_PORTS[url.scheme]
        try:
            ips = await addresses.resolve(url.host, port)
        except AddressRefused as refused:
            raise Forbidden(url, refused.text) from None
        dialled = httpx.Request(
            request.method, url.copy_with(host=ips[0]), headers=request.headers, stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )  # fmt: skip
        return await self._inner.handle_async_request(dialled)

    async def aclose(self) -> None:
        await self._inner.aclose()


class HttpProbe(Probe):
    """A web address answers 200–399 after its redirects. A fresh connection each time: that is what a visitor needs."""

    kind, timeout_s, answer_s = "http", 12.0, 10.0
    most_bytes = 65_536

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def client(self) -> httpx.AsyncClient:
        """One client for each event loop: made at the first look."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            inner = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
            self._client = httpx.AsyncClient(
                transport=GuardedTransport(inner), timeout=self.answer_s, follow_redirects=True, max_redirects=5,
                trust_env=False, headers={"User-Agent": "Satukota", "Accept": "*/*"},
            )  # fmt: skip
            self._loop = loop
        return self._client

    async def look(self, brief: Any) -> Look:
        began = time.monotonic()
        try:
            url = httpx.URL(str(addresses.check_address(brief.address, schemes={"http", "https"})))
        except UserError as refused:
            cause = "address_refused" if brief.address else "address_missing"
            return self._failed(UNKNOWN, cause, refused.text, began)
        try:
            async with asyncio.timeout(self.answer_s), self.client().stream("GET", url) as answer:
                await self._read_some(answer)
                return self._judge(answer.status_code, len(answer.history), ms_since(began))
        except Forbidden as forbidden:
            if forbidden.url == url:
                return self._failed(UNKNOWN, "address_refused", str(forbidden), began)
            return self._failed(DOWN, "redirect_refused", forbidden.url.host, began, unreachable=False)
        except (TimeoutError, httpx.TimeoutException):
            return self._failed(DOWN, "tcp_timeout", "", began)
        except httpx.TooManyRedirects:
            return self._failed(DOWN, "too_many_redirects", "", began, unreachable=False)
        except socket.gaierror as problem:
            return self._failed(DOWN, "dns", str(problem.strerror), began)
        except httpx.ConnectError as problem:
            return self._connect_failed(problem, began)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, KeyError, ValueError) as problem:
            return self._failed(DOWN, "http_failed", type(problem).__name__, began, unreachable=False)

    async def _read_some(self, answer: httpx.Response) -> None:
        """The beginning must really come; an endless page must not hold us."""
        read = 0
        async for part in answer.aiter_raw():
            read += len(part)
            if read >= self.most_bytes:
                break

    def _judge(self, status: int, hops: int, took_ms: int) -> Look:
        good = 200 <= status < 400
        measures: dict[str, float | str | None] = {"status": status, "redirects": hops}
        trail = [Step("http", good, took_ms, str(status))]
        return Look(UP if good else DOWN, "" if good else f"http_{status}", took_ms, measures, trail)

    def _connect_failed(self, problem: httpx.ConnectError, began: float) -> Look:
        cause: BaseException | None = problem
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return self._failed(DOWN, "tls_failed", str(cause.reason or "")[:80], began, unreachable=False)
            if isinstance(cause, ConnectionRefusedError):
                return self._failed(DOWN, "tcp_refused", "", began)
            cause = cause.__cause__ or cause.__context__
        return self._failed(DOWN, "tcp_failed", "", began)

    def _failed(self, verdict: str, cause: str, said: str, began: float, *, unreachable: bool = True) -> Look:
        took = ms_since(began)
        trail = [Step("http", False, took, said)]
        return Look(verdict, cause, took, trail=trail, unreachable=unreachable and verdict == DOWN)
