"""The living city a journey walks through: every process of the product, and the field simulator, on 127.0.0.1."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page

from satukota_field.control import FieldControl

ROOT = Path(__file__).resolve().parents[2]
INTERVAL_S = 10  # between two checks of one camera; three times as often as by default, so a journey is short
OPEN_S = 420.0  # the simulator paints its streets at the first start


def free_block(first: int, step: int, length: int) -> int:
    """The first of `length` ports on 127.0.0.1 that are all free."""
    for port in range(first, first + 40 * step, step):
        with ExitStack() as held:
            try:
                for number in range(port, port + length):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no {length} free ports from {first} on")


@dataclass
class City:
    """A running installation and the hand on its field."""

    port: int
    var: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    field: FieldControl

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def status(self) -> dict:
        return httpx.get(f"{self.address}/api/v1/status", timeout=10).json()

    def cameras_behind(self, link: str) -> list[str]:
        """Codes of the cameras on one link, as the field is wired."""
        told = tomllib.loads((ROOT / "src" / "satukota_field" / "scenarios" / "bontang.toml").read_text())
        return [row["code"] for row in told["cameras"] if row["link"] == link]

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "satukota.cli", *words], env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def pid_of(self, name: str) -> int:
        """The process of one part ("watch", "feed"), as the supervisor started it."""
        mark = {"watch": "satukota.cli\0watch", "feed": "feed_asgi", "web": "satukota.project.wsgi"}[name]
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile
                words, env = ((folder / part).read_text(errors="replace") for part in ("cmdline", "environ"))
                if mark in words and str(self.var) in env:
                    return int(folder.name)
        raise AssertionError(f"{name} is not running")


def wait_for(what: Callable[[], object], seconds: float, why: str) -> None:
    deadline = time.monotonic() + seconds
    problem: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except Exception as error:
            problem = error
        time.sleep(0.3)
    pytest.fail(f"waited {seconds:.0f} s for: {why} ({problem!r})", pytrace=False)


@pytest.fixture(scope="session")
def city_database() -> Iterator[str]:
    """DATABASE_URL of a database of the city's own, on the server the tests were told to use; empty for SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ""
        return
    name = f"kota_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    base, _, _old = url.rpartition("/")
    query = f"?{_old.partition('?')[2]}" if "?" in _old else ""
    yield f"{base}/{name}{query}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, city_database: str) -> Iterator[City]:
    """One living city for all journeys of the run. Nothing goes wrong in it unless the journey makes it."""
    var = tmp_path_factory.mktemp("kota")
    shutil.copytree(ROOT / "var" / "static-vendor", var / "static-vendor")
    port, field_port = free_block(8100, 10, 2), free_block(19000, 100, 100)
    env = {
        **os.environ, "SATUKOTA_VAR": str(var), "SATUKOTA_PORT": str(port), "SATUKOTA_FEED_PORT": str(port + 1),
        "SATUKOTA_FIELD_PORT": str(field_port),
        "SATUKOTA_SAMPLE": "1", "DATABASE_URL": city_database, "PYTHONPATH": str(ROOT / "src"),
        "SATUKOTA_FIELD_OPTIONS": f"--no-timeline --light day --cache {ROOT / 'var' / 'field'}",
        "LANG": "id_ID.UTF-8",
    }  # fmt: skip
    quick = f"from satukota.shared.monitoring.models import Target; Target.objects.update(interval_s={INTERVAL_S})"
    for words in (["manage", "migrate", "-v", "0"], ["sample", "load"], ["manage", "shell", "-v", "0", "-c", quick]):
        subprocess.run([sys.executable, "-m", "satukota.cli", *words], env=env, check=True, timeout=180)
    process = subprocess.Popen([sys.executable, "-m", "satukota.cli", "run"], env=env, start_new_session=True)
    living = City(port, var, env, process, FieldControl(field_port + 99))
    try:
        wait_for(lambda: living.status()["working"] >= 66, OPEN_S, "66 cameras that work, each with an accepted view")
        yield living
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def well(city: City) -> Iterator[City]:
    """The city with everything working; whatever a journey broke is mended and waited for afterwards."""
    broken: set[str] = set()
    do = city.field.do
    city.field.do = lambda words: (broken.add(words), do(words))[1]  # type: ignore[method-assign]
    yield city
    city.field.do = do  # type: ignore[method-assign]
    for words in broken:
        kind, name, *_ = words.split()
        mended = {"set": f"set {name} healthy", "link": f"link {name} up", "power": f"power {name} up"}
        do(mended.get(kind, "own_line up"))
    do("uplink up")
    wait_for(lambda: city.status()["working"] >= 66, 120, "the city to be well again")


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], city: City) -> Callable[..., Page]:
    def enter(who: str = "operator", **options: object) -> Page:
        page = new_context(base_url=city.address, locale="id-ID", timezone_id="Asia/Makassar", **options).new_page()
        page.goto("/akun/login/")
        page.get_by_label("Nama pengguna").fill(who)
        page.get_by_label("Kata sandi").fill(f"contoh-{who}")
        page.get_by_role("button", name="Masuk").click()
        page.wait_for_url("**/pusat/**")
        return page

    return enter
