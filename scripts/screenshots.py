"""`make screenshots`: opens the pages of the sample city and writes docs/screenshots/*.png.

Uses the city that runs on SATUKOTA_PORT; when none does, starts one and ends it again.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import known_chromium
from scripts.steps import ROOT, VENV, SetupFailed, ends_with_a_sentence, say

FOLDER = ROOT / "docs" / "screenshots"
START_S = 120.0
SETTLE_S = 45  # after a fresh start: time for two checks of each camera, so that faults are known
LAPTOP, WALL, PHONE = (1440, 900), (1920, 1080), (390, 844)


@dataclass(frozen=True)
class Picture:
    """One file docs/screenshots/NAME.png of `path`; `login` is a sample login, empty for the public."""

    name: str
    path: str
    size: tuple[int, int] = LAPTOP
    login: str = ""


PICTURES = [
    Picture("peta", "/pusat/", login="operator"),
    Picture("dinding", "/pusat/dinding/", WALL, "operator"),
    Picture("insiden", "/pusat/insiden/", login="operator"),
    Picture("kamera", "/pusat/kamera/", login="operator"),
    Picture("kamera-satu", "/pusat/kamera/MB-001/", login="operator"),
    Picture("peta-ponsel", "/pusat/", PHONE, "operator"),
    Picture("status-publik", "/", PHONE),
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the docs anew.")
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(p.name for p in PICTURES)} (default: all)")
    parser.add_argument("--settle", type=int, default=SETTLE_S, help="seconds to wait after starting a city")
    options = parser.parse_args()
    chosen = [picture for picture in PICTURES if not options.names or picture.name in options.names]
    chromium = known_chromium()
    if chromium is None:
        raise SetupFailed("no Chromium is known; make dev brings one.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_city(options.settle) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        for picture in chosen:
            take(browser, address, picture)
        browser.close()


@contextlib.contextmanager
def running_city(settle_s: int) -> Iterator[str]:
    """The address of a city that answers."""
    address = f"http://127.0.0.1:{os.environ.get('SATUKOTA_PORT', '8000')}"
    if is_open(address):
        yield address
        return
    say("· Starting the sample city …")
    city = subprocess.Popen([VENV / "bin" / "satukota", "run"], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START_S
        while not is_open(address):
            if city.poll() is not None or time.monotonic() > deadline:
                raise SetupFailed("the sample city does not start; try `make run`.")
            time.sleep(0.5)
        say(f"  waiting {settle_s} s for its first checks")
        time.sleep(settle_s)
        yield address
    finally:
        city.send_signal(signal.SIGINT)
        city.wait(20)


def is_open(address: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{address}/sehat", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def take(browser: Browser, address: str, picture: Picture) -> None:
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="id-ID",
        timezone_id="Asia/Makassar",
        reduced_motion="reduce",
        device_scale_factor=2 if width < 600 else 1,
    )
    page = context.new_page()
    if picture.login:
        log_in(page, address, picture.login)
    answer = page.goto(address + picture.path)
    if answer is None or not answer.ok:
        say(f"  {picture.name}: {picture.path} answers {answer.status if answer else 'nothing'}; left out")
    else:
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(3000)  # maps and the live feed never fall silent, so there is no event to wait for
        page.screenshot(path=FOLDER / f"{picture.name}.png")
        say(f"  docs/screenshots/{picture.name}.png")
    context.close()


def log_in(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/akun/login/")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", f"contoh-{login}")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/akun/login" not in url)


if __name__ == "__main__":
    sys.exit(ends_with_a_sentence(main))
