"""J1 eye: a camera stops working and is noticed, becomes one incident, blinds its place, is repaired, and is told."""

import os
import re
import signal
import time

import pytest
from playwright.sync_api import Page, expect

from .conftest import INTERVAL_S, City, wait_for

pytestmark = pytest.mark.journey
FAULTS = {  # code → what goes wrong, and what a person reads
    "MB-012": ("black", "Gambar hitam"),
    "MB-013": ("frozen", "membeku"),
    "MB-014": ("turned", "arah|Pandangan"),
    "MB-016": ("covered", "tertutup|terhalang"),
    "MB-017": ("refusing", "[Mm]enolak|memutus"),
}
TWO_CHECKS_S = 2.0 * INTERVAL_S + 25.0  # two intervals, and the looks themselves on a busy machine


def state_on_map(page: Page, code: str, state: str, seconds: float = TWO_CHECKS_S) -> None:
    """The map said so by itself, without being loaded again."""
    page.wait_for_function(
        "([code, state]) => document.getElementById('peta').dataset.lastChange === `${code}:${state}`",
        arg=[code, state], timeout=seconds * 1000,
    )  # fmt: skip


def open_map(page: Page) -> None:
    page.goto("/pusat/")
    page.wait_for_selector("#peta[data-ready='1']", timeout=20_000)


def test_cameras_that_do_not_really_work_are_known_within_two_checks(well: City, sign_in):
    operator = sign_in()
    open_map(operator)
    for code, (fault, _words) in FAULTS.items():
        well.field.set(code, fault)
    began, links = time.monotonic(), {}
    for code in FAULTS:
        item = operator.locator("#kini .now-item", has_text=code)
        left_s = max(1.0, TWO_CHECKS_S - (time.monotonic() - began))
        expect(item).to_have_count(1, timeout=left_s * 1000)  # by itself: the page is not loaded again
        links[code] = item.get_by_role("link").get_attribute("href")
    for code, (_fault, words) in FAULTS.items():
        operator.goto(links[code])
        expect(operator.get_by_role("heading", level=1)).to_contain_text(code)
        expect(operator.locator("body")).to_contain_text(re.compile(words))

    operator.get_by_role("button", name="Ambil").first.click()
    expect(operator.locator("main")).to_contain_text("Ditangani")
    for code in FAULTS:
        well.field.set(code, "healthy")
    wait_for(lambda: operator.reload() and "Pulih" in operator.locator("main").inner_text(), 90, "the recovery")
    operator.goto("/pusat/pesan/")
    expect(operator.locator("main")).to_contain_text(re.compile("[Pp]ulih"))


def test_the_map_turns_blind_without_being_loaded_again(well: City, sign_in):
    operator = sign_in()
    open_map(operator)
    well.field.set("MB-020", "black")
    state_on_map(operator, "MB-020", "down")


def test_fourteen_cameras_behind_one_link_are_one_incident(well: City, sign_in):
    operator = sign_in()
    open_map(operator)
    well.field.link("FO-07", up=False)
    wait_for(lambda: well.status()["not_working"] >= 14, 120, "14 cameras known to be down")
    items = operator.locator("#kini .now-item")
    expect(items.filter(has_text="FO-07")).to_have_count(1, timeout=10_000)
    behind = re.compile("|".join(well.cameras_behind("FO-07")))
    alone = items.filter(has_not_text="FO-07").filter(has_text=behind)
    assert alone.count() == 0, alone.all_inner_texts()
    items.filter(has_text="FO-07").get_by_role("link").click()
    expect(operator.locator("main")).to_contain_text("FO-07")
    well.field.link("FO-07", up=True)
    wait_for(lambda: operator.reload() and "Pulih" in operator.locator("main").inner_text(), 120, "all 14 back")


def test_while_our_own_line_is_down_nothing_is_called_down(well: City, sign_in):
    operator = sign_in()
    open_map(operator)
    well.field.do("own_line cut")
    expect(operator.locator("[data-uplink]")).to_have_attribute("data-state", "lost", timeout=60_000)
    time.sleep(1.5 * INTERVAL_S)  # longer than a round: every camera was looked at in vain
    assert well.status()["not_working"] == 0
    expect(operator.locator("#kini .now-item")).to_have_count(0)
    well.field.do("own_line up")
    expect(operator.locator("[data-uplink]")).to_have_attribute("data-state", "ok", timeout=60_000)


def test_the_map_catches_up_after_the_feed_was_killed(well: City, sign_in, console):
    operator = sign_in()
    open_map(operator)
    console.expect("kabar")
    os.kill(well.pid_of("feed"), signal.SIGKILL)
    well.field.set("MB-018", "black")
    state_on_map(operator, "MB-018", "down", seconds=120)


def test_killing_the_runner_loses_nothing(well: City, sign_in):
    os.kill(well.pid_of("watch"), signal.SIGKILL)
    well.field.set("MB-019", "refusing")
    wait_for(lambda: well.status()["not_working"] == 1, 150, "a new runner to notice")
    assert "holds" in well.command("audit", "verify")


def test_the_public_page_tells_how_many_work_without_where_they_are(well: City, new_context, city: City):
    citizen = new_context(base_url=city.address, locale="id-ID", viewport={"width": 360, "height": 740}).new_page()
    citizen.goto("/")
    expect(citizen.locator("main")).to_contain_text("dari 66 kamera berfungsi")
    text = citizen.content()
    assert "rtsp" not in text and "117." not in text and "MB-0" not in text
    sizes = citizen.evaluate("performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0)")
    assert sizes <= 100_000
