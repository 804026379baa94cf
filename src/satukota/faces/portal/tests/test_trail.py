"""The seals of the audit log, for everyone: they prove, and say nothing."""

import pytest

from satukota.base.audit import offline, signing
from satukota.base.audit.models import DaySeal
from satukota.base.audit.tests.make import days

pytestmark = pytest.mark.django_db
PATHS = ["/jejak/", "/jejak.json", "/jejak.txt"]


def test_before_the_first_day_ended_the_page_says_so(client):
    assert "Belum ada hari yang disegel" in client.get("/jejak/").content.decode()
    assert client.get("/jejak.txt").content == b"" and client.get("/jejak.json").json()["seals"] == []


def test_each_day_is_a_line_with_its_root(client, monkeypatch):
    days(monkeypatch, 3, rows=2)
    roots = list(DaySeal.objects.order_by("day").values_list("root", flat=True))
    lines = client.get("/jejak.txt").content.decode().splitlines()
    assert lines == [f"2026-11-22 1-2 {roots[0]}", f"2026-11-23 3-4 {roots[1]}"]
    page = client.get("/jejak/").content.decode()
    assert all(line in page for line in lines)


def test_machines_get_what_they_need_to_check_the_signature(client, monkeypatch):
    days(monkeypatch, 2)
    seal = client.get("/jejak.json").json()["seals"][0]
    signature = seal.pop("signature")
    assert signing.is_signed(seal, signature, seal["public_key"])
    assert offline.public_line(seal["day"], seal["first_number"], seal["last_number"], seal["root"])


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_the_content_leaves(client, monkeypatch, path):
    days(monkeypatch, 2)
    said = client.get(path).content.decode()
    assert "test.act" not in said and "uji" not in said


@pytest.mark.parametrize("before", ["", "x", "-1", "99999999999999999999", "1"])
def test_a_strange_cursor_is_harmless(client, monkeypatch, before):
    days(monkeypatch, 2)
    for path in PATHS:
        assert client.get(path, {"before": before}).status_code == 200
