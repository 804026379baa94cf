"""What holds for every test, in src and in tests alike."""

import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with slow tests first: of several processes none is left alone with the longest file at the end.

    On PostgreSQL only what touches a database: by a fixture, or by processes of its own (those are slow).
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        pure = {item for item in items if item.path not in slow and not _touches_a_database(item)}
        config.hook.pytest_deselected(items=list(pure))
        items[:] = [item for item in items if item not in pure]


def _touches_a_database(item: pytest.Item) -> bool:
    used = {"db", "transactional_db", "django_db_setup", "client", "live_server"} & set(
        getattr(item, "fixturenames", ())
    )
    return bool(used) or any(item.get_closest_marker(name) for name in ("django_db", "journey"))


@pytest.fixture(autouse=True)
def second_factor_setting(request: pytest.FixtureRequest, settings: Any) -> None:
    """Tests sign people in with `force_login`, which shows no second factor; it is asked for where it is the matter.

    The product asks by default. A test marked `second_factor` runs as the product does; so do the journeys, which
    start processes of their own.
    """
    settings.MFA = "required" if request.node.get_closest_marker("second_factor") else "optional"


@pytest.fixture(autouse=True)
def no_rate_limits(request: pytest.FixtureRequest, settings: Any) -> None:
    """All tests come from one address, faster than people; a test marked `rate_limits` sets its own limits."""
    if not request.node.get_closest_marker("rate_limits"):
        settings.RATE_LIMITS = {}


@pytest.fixture(autouse=True)
def nothing_kept_from_the_test_before() -> None:
    """What this process keeps in memory (counted requests, public figures) belongs to one city, and so to one test."""
    caches["memory"].clear()
    ground = sys.modules.get("satukota.shared.ground.queries")  # most tests never import it
    if ground is not None:
        ground.forget()
