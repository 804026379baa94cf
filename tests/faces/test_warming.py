"""A web process loads what a first page would wait for, by itself, and never falls over it."""

import pytest

from satukota.project import warming
from satukota.shared.coverage import board, views
from satukota.shared.coverage.tests.make import measured
from satukota.shared.coverage.tests.make import town as make_town

pytestmark = pytest.mark.django_db


def test_views_are_there_before_the_first_page_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    with make_town() as town:
        town.camera("A", 0)
        measured()
        views._kept.clear()
        board.forget()
        monkeypatch.setattr("django.db.connection.close", lambda: None)  # the test's own transaction
        assert warming.warm() is True and views._kept[False, ""][1][0].geometry


def test_what_cannot_be_loaded_is_only_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    monkeypatch.setattr("satukota.shared.coverage.views.views", lambda: 1 / 0)
    assert warming.warm() is False and "loaded beforehand" in caplog.text
