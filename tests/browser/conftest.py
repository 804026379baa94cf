"""A settled sample city behind a real web process and a real feed, without watcher and field: nothing moves in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.journeys.conftest import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Town:
    address: str
    sessions: dict[str, str]  # session key by login
    known: dict[str, Any]  # numbers and ids the addresses of pages need


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


def answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    var = tmp_path_factory.mktemp("tenang")
    shutil.copytree(ROOT / "var" / "static-vendor", var / "static-vendor")
    web, feed, live = free_ports(3)  # nobody listens at the last: no other city's pictures are asked for
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SATUKOTA_", "DATABASE_URL"))},
        "SATUKOTA_VAR": str(var), "SATUKOTA_PORT": str(web), "SATUKOTA_FEED_PORT": str(feed), "SATUKOTA_SAMPLE": "1",
        "SATUKOTA_LIVE_PORT": str(live),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
    }  # fmt: skip
    for words in (["manage", "migrate", "-v", "0"], ["sample", "load"]):
        subprocess.run([sys.executable, "-m", "satukota.cli", *words], env=env, check=True, timeout=180)
    said = subprocess.run([sys.executable, "-m", "tests.browser.settled"], env=env, cwd=ROOT, check=True, timeout=180,
                          stdout=subprocess.PIPE, text=True).stdout  # fmt: skip
    known = json.loads(said.splitlines()[-1])
    parts = [
        subprocess.Popen([sys.executable, "-m", "satukota.cli", part], env=env, start_new_session=True)
        for part in ("web", "feed")
    ]
    try:
        wait_for(lambda: answers(web) and answers(feed), 60, "web and feed to answer")
        yield Town(f"http://127.0.0.1:{web}", known.pop("sessions"), known)
    finally:
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait(15)


@pytest.fixture
def enter(town: Town, new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """A page of the town for a login, or for a visitor."""

    def page_for(who: str = "", **options: Any) -> Page:
        context = new_context(base_url=town.address, locale="id-ID", timezone_id="Asia/Makassar", **options)
        if who:
            context.add_cookies([{"name": "sessionid", "value": town.sessions[who], "url": town.address}])
        return context.new_page()

    return page_for
