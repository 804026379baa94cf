"""What tests stand on: which database, which browser, and a quiet browser console.

Whether a second factor is asked for is in the conftest.py above: it holds for the tests in src, too.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

from scripts.chromium import bring_chromium, known_chromium

# A run started in the background ignores Ctrl-C, and so would every process the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Playwright's sync API runs an event loop in the test's thread; Django would take that for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pytest_report_header() -> list[str]:
    url = os.environ.get("DATABASE_URL", "")
    database = "PostgreSQL" if url.startswith("postgres") else "SQLite"
    return [f"database: {database}", f"chromium: {known_chromium() or 'none yet'}"]


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A Chromium that starts; a journey without one fails, it is never skipped."""
    found = bring_chromium()
    if found is None:
        pytest.fail("No Chromium: the journeys cannot run. Install one, or set SATUKOTA_CHROMIUM.", pytrace=False)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict, chromium_path: Path) -> dict:
    flags = [
        "--no-sandbox",  # root and containers have none; only our own pages on 127.0.0.1 are opened
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    return {**browser_type_launch_args, "executable_path": str(chromium_path), "args": flags}


@dataclass
class Console:
    """What the browser complained of; a journey that leaves a complaint it did not announce fails."""

    complaints: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Say before the act that a complaint matching `pattern` is meant to come (a refused page, a lost line)."""
        self.expected.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", self._catch)

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(pattern.search(text) for pattern in self.expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _catch(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")


@pytest.fixture
def console() -> Iterator[Console]:
    """The journey's browser console; unexpected errors fail the journey when it ends."""
    console = Console()
    yield console
    assert not console.unexpected, "The browser console complained:\n" + "\n".join(console.unexpected)


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext], console: Console) -> Callable[..., BrowserContext]:
    """Every browser context of a journey is watched, the one behind `page` too."""

    def watched(**options: object) -> BrowserContext:
        context = new_context(**options)
        console.watch(context)
        return context

    return watched
