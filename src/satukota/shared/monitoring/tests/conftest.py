import pytest

from satukota.base import clock
from satukota.shared.monitoring import registry, runner

from .make import NOON, out_of_loop


class Inline:
    """Database work in the test's own thread, so that it sees the test's transaction."""

    def __init__(self, _name: str = "") -> None:
        pass

    async def __call__(self, work, *args, **kwargs):
        with out_of_loop():
            return work(*args, **kwargs)

    def close(self) -> None:
        pass


@pytest.fixture
def inline(monkeypatch, settings):
    """The runner works in the test's own thread and may dial 127.0.0.1."""
    monkeypatch.setattr(runner, "DatabaseThread", Inline)
    settings.SAMPLE = True
    return Inline()


@pytest.fixture
def clock_at(monkeypatch):
    """Sets the clock; without a moment it stands at NOON."""

    def at(moment=NOON):
        monkeypatch.setattr(clock, "now", lambda: moment)

    return at


@pytest.fixture
def heard(monkeypatch):
    """Status changes the listeners are told of, instead of the real listeners."""
    changes = []
    monkeypatch.setattr(registry, "_listeners", [changes.extend])
    return changes


@pytest.fixture
def probe(monkeypatch):
    """Registers a probe for the length of the test."""

    def put(probe):
        monkeypatch.setitem(registry._probes, probe.kind, probe)
        return probe

    return put
