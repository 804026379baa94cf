"""The real web server under bytes no browser sends: it refuses or hangs up, and answers the next person."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
START_S, ANSWER_S = 60, 20
HEAD = b"Host: 127.0.0.1\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a web process as the product starts it, on a free one, with a folder of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("web")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SATUKOTA_", "DATABASE_URL"))}
    mine = {"SATUKOTA_VAR": str(folder), "SATUKOTA_PORT": str(number), "PYTHONPATH": str(ROOT / "src")}
    with open(folder / "web.log", "wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "satukota.cli", "web"], env=kept | mine, cwd=folder, stdout=log, stderr=log
        )
    try:
        wait_until_well(number, web, folder / "web.log")
        yield number
    finally:
        web.terminate()
        try:
            web.wait(10)
        except subprocess.TimeoutExpired:
            web.kill()


def wait_until_well(port: int, web: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and web.poll() is None:
        try:
            if is_well(port):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the web process did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def ask(port: int, sent: bytes) -> bytes:
    """All that comes back until the server hangs up; empty when it hung up without a word."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as line:
        try:
            line.sendall(sent)
            while piece := line.recv(65536):
                got += piece
        except (ConnectionError, BrokenPipeError):
            pass
    return got


def is_well(port: int) -> bool:
    return ask(port, b"GET /sehat HTTP/1.1\r\n" + HEAD + b"\r\n").endswith(b"sehat")


def status(answer: bytes) -> int:
    """0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize("name", ["X-Contoh", "Cookie", "X-Forwarded-For", "Accept-Language"])
def test_a_header_of_a_megabyte_is_refused(port: int, name: str):
    sent = b"GET /sehat HTTP/1.1\r\n" + HEAD + name.encode() + b": " + b"a" * 2**20 + b"\r\n\r\n"
    assert status(ask(port, sent)) in {0, *range(400, 500)}
    assert is_well(port)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /sehat HTTP/1.1\r\n" + HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(20_000)) + b"\r\n",
        b"GET /sehat HTTP/1.1\r\n" + HEAD + b"X-A: a\0b\r\n\r\n",
        b"GET /sehat HTTP/9.9\r\n" + HEAD + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS where none is spoken
        bytes(range(256)) * 100 + b"\r\n\r\n",
    ],
    ids=["address", "number of headers", "NUL", "version", "TLS", "noise"],
)
def test_other_nonsense_is_refused_too(port: int, sent: bytes):
    assert status(ask(port, sent)) in {0, *range(400, 500), 505}
    assert is_well(port)


@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: 4\r\nContent-Length: 40\r\n", b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
     b"Content-Length: +4\r\n", b"Transfer-Encoding: xchunked\r\n"],
)  # fmt: skip
def test_a_second_request_hidden_in_the_first_is_not_answered(port: int, lengths: bytes):
    """Request smuggling: a request that tells two stories about its length is refused, not read by one of them."""
    hidden = b"GET /sehat HTTP/1.1\r\n" + HEAD + b"\r\n"
    answer = ask(port, b"POST /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lengths + b"\r\n0\r\n\r\n" + hidden)
    assert status(answer) in range(400, 500)
    if b"Transfer-Encoding: chunked" not in lengths:  # there the standard says which length counts (RFC 9112, 6.3)
        assert b"sehat" not in answer
    assert is_well(port)


def test_trace_gives_nothing_back(port: int):
    answer = ask(port, b"TRACE /akun/login/ HTTP/1.1\r\n" + HEAD + b"Cookie: sessionid=RAHASIA\r\n\r\n")
    assert b"RAHASIA" not in answer


def test_a_request_that_never_ends_holds_nobody_up(port: int):
    """Slowloris: half a hundred lines that say nothing more, and a person is answered meanwhile."""
    waiting = [socket.create_connection(("127.0.0.1", port), ANSWER_S) for _ in range(50)]
    try:
        for line in waiting:
            line.sendall(b"GET /sehat HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")
        assert is_well(port)
    finally:
        for line in waiting:
            line.close()


def test_the_server_tells_no_version_and_no_framework(port: int):
    answer = ask(port, b"GET /sehat HTTP/1.1\r\n" + HEAD + b"\r\n").split(b"\r\n\r\n")[0].lower()
    for word in (b"granian/", b"python", b"django", b"x-powered-by"):
        assert word not in answer
