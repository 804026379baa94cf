"""The mechanism's own probes against real sockets, friendly and hostile."""

import asyncio
from types import SimpleNamespace

import pytest

from satukota.base import addresses
from satukota.shared.monitoring import registry
from satukota.shared.monitoring.probes import HttpProbe, TcpProbe
from satukota.shared.monitoring.words import GENERAL

from .make import closed_port, server


@pytest.fixture(autouse=True)
def sample(settings):
    settings.SAMPLE = True


def answering(head: str, body: bytes = b"ok", pause_s: float = 0.0):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + b"\r\n\r\n")
        await asyncio.sleep(pause_s)
        writer.write(body)
        writer.close()

    return handle


def look_at(handle, path: str = "/", probe: HttpProbe | None = None):
    async def look():
        async with server(handle) as port:
            return await (probe or HttpProbe()).look(SimpleNamespace(address=f"http://127.0.0.1:{port}{path}"))

    return asyncio.run(look())


def tcp(address: str, probe: TcpProbe | None = None):
    return asyncio.run((probe or TcpProbe()).look(SimpleNamespace(address=address)))


def test_a_port_that_answers_and_one_that_refuses():
    async def look():
        async with server() as port:
            return await TcpProbe().look(SimpleNamespace(address=f"127.0.0.1:{port}"))

    good = asyncio.run(look())
    assert good.verdict == "up" and [step.step for step in good.trail] == ["dns", "tcp"]
    refused = tcp(f"127.0.0.1:{closed_port()}")
    assert (refused.verdict, refused.cause, refused.unreachable) == ("down", "tcp_refused", True)


def test_a_host_that_never_answers_costs_only_the_time_it_may(monkeypatch):
    async def nowhere(_host, _port):
        await asyncio.sleep(60)

    monkeypatch.setattr(addresses, "resolve", nowhere)
    probe = TcpProbe()
    probe.dial_s = 0.1
    look = tcp("kamera.contoh:80", probe)
    assert (look.verdict, look.cause) == ("down", "tcp_timeout") and look.took_ms < 1000


@pytest.mark.parametrize(
    ("address", "cause"),
    [("", "address_missing"), ("169.254.169.254:80", "address_refused"), ("127.0.0.1:8000", "address_refused"),
     ("a;b:80", "address_refused")],
)  # fmt: skip
def test_what_we_will_not_dial_is_unknown_not_down(settings, address, cause):
    settings.PORT = 8000
    look = tcp(address)
    assert (look.verdict, look.cause, look.unreachable) == ("unknown", cause, False)
    web = asyncio.run(HttpProbe().look(SimpleNamespace(address=f"http://{address}/" if address else "")))
    assert (web.verdict, web.cause) == ("unknown", cause)


@pytest.mark.parametrize(
    ("status", "verdict", "cause"),
    [(200, "up", ""), (204, "up", ""), (404, "down", "http_404"), (503, "down", "http_503")],
)
def test_the_status_decides(status, verdict, cause):
    look = look_at(answering(f"HTTP/1.1 {status} X\r\nConnection: close"))
    assert (look.verdict, look.cause, look.measures["status"]) == (verdict, cause, status)
    assert not look.unreachable


def test_a_name_nobody_knows(monkeypatch):
    import socket

    async def unknown(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(addresses, "resolve", unknown)
    assert asyncio.run(HttpProbe().look(SimpleNamespace(address="http://tidak.ada.contoh/"))).cause == "dns"
    assert tcp("tidak.ada.contoh:80").cause == "dns"


def test_a_redirect_is_followed_but_never_to_ourselves(settings):
    own = closed_port()
    settings.PORT = own
    inside = look_at(answering(f"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:{own}/pusat/\r\nContent-Length: 2"))
    assert (inside.verdict, inside.cause) == ("down", "redirect_refused")
    metadata = look_at(answering("HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 2"))
    assert metadata.cause == "redirect_refused"

    async def there_and_back():
        async with server(answering("HTTP/1.1 200 OK")) as end:
            head = f"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:{end}/baru\r\nContent-Length: 2"
            async with server(answering(head)) as start:
                return await HttpProbe().look(SimpleNamespace(address=f"http://127.0.0.1:{start}/"))

    look = asyncio.run(there_and_back())
    assert look.verdict == "up" and look.measures["redirects"] == 1


def test_a_circle_of_redirects_and_other_schemes():
    assert look_at(answering("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 2")).cause == "too_many_redirects"
    assert look_at(answering("HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 2")).verdict == "down"


def test_garbage_endless_and_silent_servers():
    assert look_at(answering("SSH-2.0-OpenSSH_9")).cause == "http_failed"
    quick = HttpProbe()
    quick.answer_s = 0.3
    assert look_at(answering("HTTP/1.1 200 OK\r\nContent-Length: 9", b"", 5), probe=quick).cause == "tcp_timeout"
    endless = look_at(answering("HTTP/1.1 200 OK", b"x" * 3_000_000))
    assert endless.verdict == "up"


def test_https_without_tls_is_a_failure_of_tls():
    async def plain(_reader, writer):
        writer.write(b"220 mail.contoh ESMTP\r\n")
        await asyncio.sleep(0.1)
        writer.close()

    async def look():
        async with server(plain) as port:
            return await HttpProbe().look(SimpleNamespace(address=f"https://127.0.0.1:{port}/"))

    assert asyncio.run(look()).cause == "tls_failed"


def test_every_cause_of_the_mechanism_has_words():
    for kind in ("tcp", "http", "link", "power"):
        probe = registry.probe_for(kind)
        for cause in (*GENERAL, "http_503"):
            words = probe.words(cause)
            assert str(words.title) and str(words.next_step).endswith(".")
        assert probe.words("black") is None
