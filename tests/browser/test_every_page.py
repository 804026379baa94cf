"""Every page can be used by everyone: WCAG 2.2 AA as far as axe sees it, both themes, nothing sideways on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from . import addresses
from .conftest import Town

pytestmark = pytest.mark.journey
PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = "options => axe.run(document, {resultTypes: ['violations'], ...options}).then(found => found.violations)"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_every_page_has_an_example_or_an_excuse():
    assert addresses.unknown_pages() == []


def complaints(page: Page, where: str, options: dict[str, Any]) -> list[str]:
    return [
        f"{where}: {found['id']} ({found['help']}): {node['html'][:160]}"
        for found in page.evaluate(RUN, options)
        for node in found["nodes"][:3]
    ]


def look_at(page: Page, path: str) -> list[str]:
    """What is wrong with one page: everything at laptop width, colours in the dark, width and targets on a phone."""
    page.set_viewport_size(LAPTOP)
    answer = page.goto(path)
    if answer is None or "text/html" not in answer.headers.get("content-type", ""):
        return []  # for machines, and known by its type
    if page.locator("#peta").count():
        page.wait_for_selector("#peta[data-ready='1']", timeout=60_000)
    if "kamera=" in path:
        page.wait_for_selector("#laci:not([hidden])")
    page.evaluate(Axe().axe_script)
    wrong = complaints(page, path, {"runOnly": WCAG})
    if page.evaluate("'bsTheme' in document.documentElement.dataset"):  # public pages have one theme
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        wrong += complaints(page, f"{path} in the dark", {"runOnly": {"type": "rule", "values": ["color-contrast"]}})
    page.set_viewport_size(PHONE)
    if (over := page.evaluate(SIDEWAYS)) > 0:
        wrong.append(f"{path} scrolls sideways by {over} px on a phone")
    phone_rules = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}}
    return wrong + complaints(page, f"{path} on a phone", phone_rules | {"rules": {"target-size": {"enabled": True}}})


def test_every_page_can_be_used_by_everyone(town: Town, enter: Callable[..., Page], console):
    console.expect("tidak-ada/|TIDAK-ADA/")  # two pages that are not there
    console.expect("favicon.ico")  # asked for by the browser beside an answer that is no HTML
    console.expect("/langsung.*ERR_CONNECTION_REFUSED")  # live pictures come from a process of their own, not run here
    wrong, opened = [], dict[str, Page]()
    for login, path in addresses.pages(town.known):
        if login not in opened:
            opened[login] = enter(login, reduced_motion="reduce")  # no colour caught halfway
        wrong += look_at(opened[login], path)
    assert not wrong, "\n".join(wrong)
