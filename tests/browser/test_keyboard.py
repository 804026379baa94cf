"""Everything can be reached and worked by keyboard, and the map shows the camera somebody asked for."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey
FOCUS = "document.activeElement"


def open_map(page: Page, query: str = "") -> None:
    page.goto(f"/pusat/{query}")
    page.wait_for_selector("#peta[data-ready='1']", timeout=60_000)


def test_the_first_tab_leads_past_the_frame_and_focus_is_seen(enter: Callable[..., Page]):
    page = enter("operator")
    page.goto("/pusat/kamera/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate(f"{FOCUS}.id") == "isi"
    page.keyboard.press("Tab")
    assert page.evaluate(f"getComputedStyle({FOCUS}).outlineStyle") == "solid"
    assert page.evaluate(f"document.getElementById('isi').contains({FOCUS})")


def test_a_list_is_walked_and_opened_without_a_mouse(enter: Callable[..., Page]):
    page = enter("operator")
    page.goto("/pusat/kamera/")
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    code = page.locator("[data-rows] [data-row]").nth(1).locator("a").first.inner_text()
    assert page.evaluate(f"{FOCUS}.innerText") == code
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/pusat/kamera/{code}/")


def test_search_help_and_menus_open_and_close_by_key(enter: Callable[..., Page]):
    page = enter("operator")
    page.goto("/pusat/insiden/")
    page.keyboard.press("/")
    assert page.evaluate(f"{FOCUS}.name") == "q"
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#bantuan")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#bantuan")).to_be_hidden()
    for menu in (".inc-choose", ".who"):
        page.locator(f"{menu} summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"{menu}[open]")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator(f"{menu}[open]")).to_have_count(0)
        assert page.evaluate(f"{FOCUS}.tagName") == "SUMMARY"


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["laptop", "phone"])
def test_the_map_shows_the_camera_asked_for_beside_its_panel(enter: Callable[..., Page], size: tuple[int, int]):
    """Seen on the picture itself: without a GPU, an opaque scroller over the canvas left the map blank."""
    page = enter("operator", viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    open_map(page, "?kamera=MB-012")
    expect(page.locator("#laci h2")).to_contain_text("MB-012")
    page.wait_for_selector("#peta[data-in-sight='MB-012']")
    room, panel = page.locator("#peta").bounding_box(), page.locator("#laci").bounding_box()
    assert room and panel
    free = {"x": room["x"], "y": room["y"], "width": room["width"], "height": panel["y"] - room["y"]}
    assert free["height"] > 150
    picture = cv2.imdecode(np.frombuffer(page.screenshot(clip=free), np.uint8), cv2.IMREAD_COLOR)
    ring = np.all(np.abs(picture.astype(int) - np.array([0x8C, 0x7A, 0x1F])) < 12, axis=2)  # --accent, blue green red
    rows, columns = np.nonzero(ring)
    assert len(rows) > 60, "no ring around the chosen camera"
    assert abs(columns.mean() - free["width"] / 2) < 40 and abs(rows.mean() - free["height"] / 2) < 40
    page.keyboard.press("Escape")
    expect(page.locator("#laci")).to_be_hidden()


def test_nothing_moves_for_people_who_ask_for_stillness(enter: Callable[..., Page]):
    page = enter("operator", reduced_motion="reduce")
    page.goto("/pusat/kamera/")
    moving = """[...document.querySelectorAll('*')].filter(each => {
        const css = getComputedStyle(each);
        return css.animationName !== 'none' || css.transitionDuration.split(',').some(span => parseFloat(span) > 0);
    }).map(each => each.outerHTML.slice(0, 80))"""
    assert page.evaluate(moving) == []
