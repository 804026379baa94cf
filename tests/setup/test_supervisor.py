"""The supervisor keeps its processes alive, says what died, and leaves nothing behind, however it ends."""

import asyncio
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from satukota.project import supervisor
from satukota.project.processes import LOUD_AFTER, Job, LogFile, Supervised, Watchman

ROOT = Path(__file__).resolve().parents[2]
# A whole city in two small servers and one process that only sleeps: what is under test is the supervisor.
SMALL_CITY = """
import sys
from satukota.project import supervisor
from satukota.project.processes import Job

SERVER = '''
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"sehat")
http.server.HTTPServer(("127.0.0.1", int(os.environ[sys.argv[1]])), Page).serve_forever()
'''
STUBBORN = '''
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
'''

SAYS_ITS_END = '''
import signal, sys, time
def end(*_):
    print("ended at", time.monotonic(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
while True:
    time.sleep(1)
'''

class SmallCity(supervisor.House):
    def jobs(self):
        python = sys.executable
        first = [Job("web", (python, "-c", SERVER, "SATUKOTA_PORT")),
                 Job("feed", (python, "-c", SERVER, "SATUKOTA_FEED_PORT"))]
        first.append(Job("field", (python, "-c", SAYS_ITS_END), ends_last=True))
        return first, [Job("watch", (python, "-c", STUBBORN))]

    async def _sample_logins(self):
        return "operator / contoh"

supervisor.House = SmallCity
sys.exit(supervisor.main([]))
"""


def free_port() -> int:
    """A port whose neighbour is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def members_of(session_mark: str) -> list[int]:
    """Process ids that carry `session_mark` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if session_mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def last_word(pid: int) -> str:
    """The last word of the command line; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").rsplit("\0", 1)[-1]
    except OSError:
        return ""


def until(claim: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)


def surroundings(var: Path) -> dict[str, str]:
    env = {**os.environ, "SATUKOTA_VAR": str(var), "PYTHONPATH": str(ROOT / "src"), "SATUKOTA_LANG": "id"}
    for name in ("SATUKOTA_PORT", "SATUKOTA_FIELD_PORT", "SATUKOTA_CATCHER_PORT"):
        env[name] = str(free_port())
    env.pop("SATUKOTA_FEED_PORT", None)
    return env


class City:
    """A small city in a process of its own, its output in a file."""

    def __init__(self, var: Path, port: int, said_at: Path | None = None) -> None:
        self.var, self.port = var, port
        self.said_at = said_at or var / "said"
        env = surroundings(var) | {"SATUKOTA_PORT": str(port)}
        with self.said_at.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SMALL_CITY], env=env, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.said_at.read_text(encoding="utf-8")

    def leftovers(self) -> list[int]:
        return members_of(f"SATUKOTA_VAR={self.var}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., City]]:
    started: list[City] = []

    def begin(port: int | None = None, said_at: Path | None = None) -> City:
        city = City(tmp_path, port or free_port(), said_at)
        started.append(city)
        return city

    yield begin
    for city in started:
        for pid in city.leftovers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        city.process.wait()


def test_ctrl_c_ends_everything_within_five_seconds_with_exit_code_zero(start):
    city = start()
    until(lambda: "operator / contoh" in city.said)
    assert f"http://127.0.0.1:{city.port}" in city.said
    until(lambda: (city.var / "log" / "settle.log").exists())
    time.sleep(2)  # the sample city has settled
    until(lambda: len(city.leftovers()) == 7, 60)  # supervisor, watchman, web, feed, field, watch and its child
    began = time.monotonic()
    city.process.send_signal(signal.SIGINT)
    assert city.process.wait(10) == 0
    assert time.monotonic() - began < 6  # the stubborn one is killed after four
    said_last = (city.var / "log" / "field.log").read_text().split("ended at ")[1]
    assert float(said_last) - began > 3.9  # what others watch ends after them
    assert city.leftovers() == []


@pytest.fixture
def makefile(tmp_path: Path) -> Path:
    """A recipe that starts the small city the way the real one starts the real city."""
    (tmp_path / "small_city.py").write_text(SMALL_CITY)
    path = tmp_path / "Makefile"
    path.write_text(f"SHELL := /bin/bash\nrun:\n\t@exec {sys.executable} {tmp_path}/small_city.py\n")
    return path


def test_ctrl_c_in_the_terminal_of_make_ends_with_exit_code_zero(makefile, tmp_path):
    env = surroundings(tmp_path)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("make", ["make", "-f", str(makefile), "run"], env)
    said = b""
    while b"operator / contoh" not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    with suppress(OSError):  # the terminal closes with its last process
        while chunk := os.read(terminal, 4096):
            said += chunk
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said.decode()
    assert "Tidak ada yang tertinggal" in said.decode()
    assert members_of(f"SATUKOTA_VAR={tmp_path}") == []


def test_an_interrupt_that_reaches_make_alone_ends_the_city_too(makefile, tmp_path):
    make = subprocess.Popen(
        ["make", "-f", str(makefile), "run"], env=surroundings(tmp_path), stdout=subprocess.PIPE, start_new_session=True
    )
    said = b""
    while b"operator / contoh" not in said:
        said += make.stdout.read1(4096)
    make.send_signal(signal.SIGINT)
    assert make.wait(15) == -signal.SIGINT
    assert members_of(f"SATUKOTA_VAR={tmp_path}") == []


def test_a_dead_part_is_said_in_one_line_and_started_again(start):
    city = start()
    until(lambda: "operator / contoh" in city.said)
    before = set(city.leftovers())
    feed = next(pid for pid in before if last_word(pid) == "SATUKOTA_FEED_PORT")
    os.kill(feed, signal.SIGKILL)
    until(lambda: "“feed” berhenti (kode -9)" in city.said)
    until(lambda: set(city.leftovers()) - before)
    assert city.said.count("“feed” berhenti") == 1


def test_an_output_that_takes_no_line_ends_no_city(start):
    """As when it goes to a file on the disk that is full or has become read-only."""
    city = start(said_at=Path("/dev/full"))

    def feeds() -> set[int]:
        return {pid for pid in city.leftovers() if last_word(pid) == "SATUKOTA_FEED_PORT"}

    until(feeds)
    (feed,) = feeds()
    os.kill(feed, signal.SIGKILL)
    until(lambda: feeds() - {feed})
    assert city.process.poll() is None


def test_kill_nine_leaves_no_part_running_and_the_next_start_is_not_refused(start):
    city = start()
    until(lambda: "operator / contoh" in city.said)
    city.process.kill()
    city.process.wait()
    until(lambda: city.leftovers() == [])  # the stubborn one, which ignores SIGTERM, and its child included
    again = start(city.port)
    until(lambda: again.said.count("operator / contoh") == 2)


def test_a_watchman_that_was_killed_is_replaced_and_told_everything(tmp_path):
    watchman = Watchman()
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    watchman.knows(child.pid)
    watchman._process.kill()
    watchman._process.wait()
    watchman.knows(12_345_678)
    watchman.forgets(12_345_678)
    watchman._process.stdin.close()  # as the kernel does when the supervisor is killed
    assert child.wait(15) == -signal.SIGKILL
    watchman._process.wait(15)


def test_a_second_one_on_the_same_folder_is_refused_with_a_sentence(start):
    city = start()
    until(lambda: "operator / contoh" in city.said)
    second = start()
    assert second.process.wait(20) == 1
    assert f"sudah berjalan pada {city.var} (proses {city.process.pid})" in second.said
    assert "Traceback" not in second.said
    assert city.process.poll() is None


def test_a_taken_port_is_said_with_the_way_on(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        city = start(other.getsockname()[1])
        assert city.process.wait(20) == 1
    assert "sudah dipakai program lain" in city.said
    assert "make run" in city.said


def test_a_job_that_keeps_dying_is_started_ever_more_slowly(tmp_path, monkeypatch):
    monkeypatch.setattr("satukota.project.processes.FIRST_PAUSE_S", 0.01)
    told: list[tuple[str, int, float, int]] = []

    async def watch_it_die() -> None:
        part = Supervised(
            Job("jobs", (sys.executable, "-c", "print('selamat tinggal'); raise SystemExit(3)")),
            log=LogFile(tmp_path / "jobs.log"),
            env=dict(os.environ),
            tell=lambda *words: told.append(words),
        )
        keeping = asyncio.ensure_future(part.keep_alive())
        while len(told) < 4:
            await asyncio.sleep(0.01)
        await part.stop()
        await keeping
        part.log.close()

    asyncio.run(watch_it_die())
    assert [pause for _, _, pause, _ in told[:4]] == pytest.approx([0.01, 0.02, 0.04, 0.08])
    assert {(name, code) for name, code, _, _ in told} == {("jobs", 3)}
    assert [deaths for *_, deaths in told[:4]] == [1, 2, 3, 4]
    lines = (tmp_path / "jobs.log").read_text().splitlines()
    assert len(lines) >= 4
    assert all(line.endswith(" jobs selamat tinggal") for line in lines)


def test_a_part_that_does_not_stay_alive_is_said_loudly_with_its_last_words(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATUKOTA_VAR", str(tmp_path))
    monkeypatch.setenv("SATUKOTA_LANG", "id")
    house = supervisor.House()
    log = LogFile(tmp_path / "log" / "watch.log")
    house.parts.append(Supervised(Job("watch", ("false",)), log=log, env={}, tell=house._tell_death))
    log.write(b"tidak ada kabel")
    for deaths in range(1, LOUD_AFTER + 1):
        house._tell_death("watch", 3, 1.0, deaths)
    said = capsys.readouterr().out
    log.close()
    assert said.count("TIDAK BERTAHAN HIDUP") == 1 and f"{LOUD_AFTER} kali" in said and "tidak ada kabel" in said


def test_a_log_is_put_aside_before_it_grows_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("satukota.project.processes.LOG_BYTES", 1_000)
    log = LogFile(tmp_path / "web.log")
    for number in range(100):
        log.write(f"baris {number}".encode())
    log.close()
    assert (tmp_path / "web.log").stat().st_size <= 1_100
    assert (tmp_path / "web.log.1").stat().st_size <= 1_100
    assert "baris 99" in (tmp_path / "web.log.1").read_text() + (tmp_path / "web.log").read_text()


def test_a_log_that_takes_no_line_any_more_hurts_nobody(tmp_path):
    log = LogFile(tmp_path / "web.log")
    log.close()  # what is left of it where putting it aside failed
    log.write(b"baris")
    full = LogFile(Path("/dev/full"))
    full.write(b"baris")
