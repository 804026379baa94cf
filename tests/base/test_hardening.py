"""Before any view: headers that narrow the browser, bodies too large to be meant, askers too many to be people."""

import re
from datetime import datetime

import pytest
from django.test import Client

from satukota.base import clock


def test_every_answer_carries_the_narrowing_headers(client: Client, db):
    for path in ("/", "/sehat", "/static/satukota/tokens.css", "/tidak-ada", "/api/v1/status"):
        headers = client.get(path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "camera=()" in headers["Permissions-Policy"], path
        assert "object-src 'none'" in headers["Content-Security-Policy"], path


def test_no_page_allows_inline_script(client: Client, db):
    policy = client.get("/").headers["Content-Security-Policy"]
    scripts = re.search(r"script-src ([^;]+)", policy) or re.search(r"default-src ([^;]+)", policy)
    assert scripts is not None and "unsafe" not in scripts[1] and "*" not in policy
    for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert directive in policy


def test_what_one_person_saw_is_not_kept_for_the_next(client: Client, django_user_model, db):
    client.force_login(django_user_model.objects.create(username="contoh"))
    assert client.get("/pusat/").headers["Cache-Control"] == "private, no-store"
    assert "no-store" not in Client().get("/").headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"CONTENT_LENGTH": str(66 * 2**20)}, 413),
        ({"CONTENT_LENGTH": "9" * 400}, 413),
        ({"CONTENT_LENGTH": "-1"}, 413),
        ({"CONTENT_LENGTH": "²"}, 413),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    ],
)
def test_a_body_of_no_sane_size_is_refused_unread(client: Client, extra, status):
    answer = client.post("/api/v1/status", b"x", content_type="text/plain", **extra)
    assert answer.status_code == status
    assert answer.json()["error"]["text"]


def test_a_refusal_carries_the_headers_of_a_page(client: Client):
    for extra in ({"CONTENT_LENGTH": str(66 * 2**20)}, {"QUERY_STRING": "q=a%00b"}):
        headers = client.post("/", b"x", content_type="text/plain", **extra).headers
        assert "Content-Security-Policy" in headers and headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/?q=a%00b", "/a%00b", "/pusat/cari?q=%00"])
def test_letters_no_text_has_are_refused(client: Client, path):
    assert client.get(path).status_code == 400


@pytest.mark.rate_limits
def test_an_address_that_asks_without_end_is_told_to_wait(client: Client, settings):
    settings.RATE_LIMITS = {"reads": "5/h", "writes": "2/h"}
    mine, other = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
    assert [client.get("/sehat", **mine).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    answer = client.get("/sehat", **mine)
    wait_s = int(answer.headers["Retry-After"])
    assert 0 < wait_s <= 3600 and f"Tunggu {wait_s} detik" in answer.content.decode()
    assert client.get("/sehat", **other).status_code == 200
    assert [client.post("/sehat", **mine).status_code for _ in range(3)][2] == 429


@pytest.mark.rate_limits
def test_an_account_that_asks_without_end_waits_wherever_it_asks_from(client: Client, django_user_model, settings, db):
    """A stolen session behind a thousand addresses is still one account; others at those addresses go on."""
    settings.RATE_LIMITS = {"account_reads": "4/h", "account_writes": "2/h"}
    client.force_login(django_user_model.objects.create(username="contoh"))
    found = [client.get("/", REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(6)]
    assert found == [200] * 4 + [429] * 2
    answer = client.get("/api/v1/status", REMOTE_ADDR="203.0.113.99")
    told = answer.json()["error"]
    assert answer.status_code == 429 and told["code"] == "terlalu_sering" and "akun ini" in told["text"]
    assert 0 < int(answer.headers["Retry-After"]) <= 3600 and "Tunggu" in told["fix"]
    assert client.post("/akun/login/", REMOTE_ADDR="203.0.113.1").status_code != 429
    assert [client.post("/pusat/tampilan", REMOTE_ADDR="203.0.113.1").status_code for _ in range(3)][-1] == 429
    assert client.get("/sehat").status_code == 200 and Client().get("/", REMOTE_ADDR="203.0.113.1").status_code == 200
    colleague = Client()
    colleague.force_login(django_user_model.objects.create(username="rekan"))
    assert colleague.get("/", REMOTE_ADDR="203.0.113.1").status_code == 200


@pytest.mark.rate_limits
def test_a_flood_is_one_line_of_the_log(client: Client, settings, caplog):
    settings.RATE_LIMITS = {"reads": "2/h", "writes": ""}
    with caplog.at_level("WARNING", "satukota.refused"):
        for _ in range(20):
            client.get("/sehat", REMOTE_ADDR="203.0.113.44")
    lines = [row.getMessage() for row in caplog.records if row.name == "satukota.refused"]
    assert lines == ["refused: more than 2/h reads by 203.0.113.44"]


def test_what_is_refused_before_any_page_is_in_the_log_too(client: Client, caplog):
    with caplog.at_level("WARNING", "satukota.refused"):
        client.post("/api/v1/status", b"x", content_type="text/plain", CONTENT_LENGTH=str(66 * 2**20))
        client.get("/?q=a%00b")
    lines = [row.getMessage() for row in caplog.records if row.name == "satukota.refused"]
    assert len(lines) == 2 and "terlalu_besar" in lines[0] and "alamat_tidak_terbaca" in lines[1]


@pytest.mark.rate_limits
def test_a_made_up_forwarding_header_does_not_help(client: Client, settings):
    settings.RATE_LIMITS = {"reads": "3/h", "writes": ""}
    found = [
        client.get("/sehat", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code
        for n in range(5)
    ]
    assert found == [200] * 3 + [429] * 2


def test_security_txt_says_whom_to_tell_and_until_when(client: Client, settings):
    settings.SECURITY_CONTACTS = ["mailto:csirt@contoh.invalid"]
    told = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").content.decode().splitlines())
    assert told["Contact"] == "mailto:csirt@contoh.invalid"
    left = datetime.fromisoformat(told["Expires"]) - clock.now()
    assert 170 < left.days < 365
