"""Every address the code knows, asked as nobody would: without a form token, with hostile words in path and query."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client

from satukota.base.accounts.models import User
from satukota.city.models import Duty, Opd, Person
from tests.architecture import test_access_matrix as matrix
from tests.architecture.access_city import SINCE, City, make

SRC = Path(__file__).resolve().parents[2] / "src" / "satukota"
# Names a query may have: read with get or getlist in the code, or a field of a form.
READ_BY_HAND = re.compile(r"""\.get(?:list)?\(["']([\w-]+)["']""")
FORM_FIELD = re.compile(r"^    (\w+) = forms\.\w+\(|^    (\w+): \w+.* = forms\.", re.MULTILINE)
HOSTILE = {
    "NUL": "a\0b",
    "half a letter": b"\xed\xa0\x80",  # a lone surrogate, no UTF-8
    "no number": "²",
    "beyond every integer": "9" * 400,
    "no date": "2026-02-31T99:99",
    "SQL": "1' OR '1'='1' -- ",
}
IN_PATHS = {
    "NUL": "%00", "a way out": "..%2f..%2f..%2fetc%2fpasswd", "a way out, twice coded": "%252e%252e%252f",
    "half a letter": "%ed%a0%80", "long": "9" * 4000, "SQL": quote("1' OR '1'='1"), "backslashes": "..%5c..%5cwindows",
}  # fmt: skip


@pytest.fixture
def city(db: None, settings: Any, tmp_path: Path) -> Iterator[City]:
    settings.FILES_DIR = tmp_path
    logging.disable(logging.ERROR)
    yield make()
    logging.disable(logging.NOTSET)


def signed_in(role: str, **options: Any) -> Client:
    user = User.objects.create(username=f"uji-{role}-{User.objects.count()}", first_name="Uji", last_name="Contoh")
    person = Person.objects.create(name="Uji Contoh", user=user)
    Duty.objects.create(person=person, role=role, opd=Opd.objects.get(code="diskominfo"), from_on=SINCE,
                        acting="plt", decree="1/CONTOH")  # fmt: skip
    client = Client(raise_request_exception=False, **options)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def every_url(city: City) -> Iterator[str]:
    for one in matrix.every():
        for _thing, _act, url in matrix._addresses(one, city):
            yield url


def query_names() -> list[str]:
    text = "\n".join(path.read_text("utf-8") for path in SRC.rglob("*.py") if "tests" not in path.parts)
    found = set(READ_BY_HAND.findall(text)) | {name for pair in FORM_FIELD.findall(text) for name in pair if name}
    return sorted(found)


def asked(client: Client, method: str, url: str, **extra: Any) -> Any:
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        answer = client.generic(method, url, **extra)
        transaction.set_rollback(True)
    client.cookies.clear()  # one of the addresses signs out
    client.cookies.load(cookies)
    return answer


def is_refused(url: str, status: int) -> bool:
    """Other installations sign their requests or what they hold; a browser's cookies count for nothing there."""
    return status in (403, 405) or (url.startswith("/api/v1/federation/") and 400 <= status < 500)


def test_no_form_is_taken_without_its_token(city: City):
    client = signed_in("city_admin", enforce_csrf_checks=True)
    urls = sorted(set(every_url(city)))
    taken = [url for url in urls if not is_refused(url, asked(client, "POST", url).status_code)]
    assert len(urls) > 100
    assert taken == []


def test_neither_another_origin_nor_another_token_helps(city: City):
    client = signed_in("city_admin", enforce_csrf_checks=True)
    client.get("/pusat/")
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else "a" * 64
    form = {"content_type": "application/x-www-form-urlencoded"}
    url = "/bahasa/setlang/"
    for body, extra in (
        (b"csrfmiddlewaretoken=" + b"b" * 64, {}),
        (f"csrfmiddlewaretoken={token}".encode(), {"HTTP_ORIGIN": "https://jahat.invalid"}),
        (f"csrfmiddlewaretoken={token}".encode(), {"HTTP_ORIGIN": "null"}),
    ):
        assert asked(client, "POST", url, data=body, **form, **extra).status_code == 403


@pytest.mark.slow
def test_no_hostile_query_breaks_a_page(city: City):
    """Every name a query may have carries the same nonsense; each page is asked by the first of two who may open it."""
    names = query_names()
    assert {"q", "page", "sort", "opd"} <= set(names)
    everyone = [signed_in(role) for role in ("city_admin", "supervisor")]
    broken = []
    for url in sorted(set(every_url(city))):
        may = (client for client in everyone if asked(client, "GET", url).status_code < 400)
        client = next(may, everyone[0])
        for what, value in HOSTILE.items():
            query = "&".join(f"{name}={quote(value)}" for name in names)
            status = asked(client, "GET", url, QUERY_STRING=query).status_code
            if status >= 500:
                broken.append(f"{url} with {what}: {status}")
    assert broken == []


@pytest.mark.slow
def test_no_hostile_part_of_an_address_breaks_a_page_or_leads_out(city: City):
    client = signed_in("city_admin")
    wrong = []
    for one in matrix.every():
        for what, value in IN_PATHS.items():
            for part in one.takes:
                url = next(_with(one, city, part, value))
                answer = asked(client, "GET", url)
                if answer.status_code >= 500 or b"root:" in b"".join(answer):
                    wrong.append(f"{url} ({what}): {answer.status_code}")
    assert wrong == []


def _with(one: Any, city: City, part: str, value: str) -> Iterator[str]:
    """The address with `value` in the place of `part`, the rest as it should be."""
    for _thing, act, _url in matrix._addresses(one, city):
        known = {name: city.shared.get(one.name, 1) for name in one.takes}
        yield matrix._fill(one.path, known | matrix.WORDS | {"act": act} | {part: value})


@pytest.mark.parametrize(
    "host", ["jahat.invalid", "127.0.0.1.jahat.invalid", "127.0.0.1:8000@jahat.invalid", "", "a/b"]
)
def test_another_host_name_is_refused(db: None, host: str):
    assert Client(raise_request_exception=False).get("/akun/login/", HTTP_HOST=host).status_code == 400


def test_a_forwarded_host_name_is_not_believed(client: Client, db: None):
    page = client.get("/", HTTP_X_FORWARDED_HOST="jahat.invalid", HTTP_FORWARDED="host=jahat.invalid")
    assert page.status_code == 200 and b"jahat.invalid" not in page.content
    reset = client.post("/akun/password/reset/", {"email": "x@contoh.invalid"}, HTTP_X_FORWARDED_HOST="jahat.invalid")
    assert "jahat.invalid" not in reset.headers.get("Location", "")


def test_no_page_lets_itself_be_framed(city: City):
    """Clickjacking: every page says so, refusals and files included."""
    client = signed_in("city_admin")
    bare = []
    for url in sorted(set(every_url(city))):
        headers = asked(client, "GET", url).headers
        if "frame-ancestors 'none'" not in headers.get("Content-Security-Policy", ""):
            bare.append(url)
    assert bare == []


def test_static_files_lead_to_no_other_file(client: Client, db: None):
    for path in ("../settings.py", "..%2f..%2fsettings.py", "satukota/../../project/settings.py", "%2e%2e/secret.key"):
        answer = client.get(f"/static/{path}")
        assert answer.status_code == 404, path


@pytest.mark.parametrize(
    "elsewhere",
    ["https://jahat.invalid/", "//jahat.invalid", "\\\\jahat.invalid", "/\\jahat.invalid", "javascript:alert(1)"]
    + ["https:jahat.invalid", "\thttps://jahat.invalid"],
)
def test_a_change_of_language_sends_nobody_to_another_house(client: Client, db: None, elsewhere: str):
    answer = client.post("/bahasa/setlang/", {"language": "en", "next": elsewhere}, HTTP_REFERER=elsewhere)
    assert answer.status_code == 302 and answer.headers["Location"] == "/"


def test_wherever_next_is_read_it_is_judged():
    """A redirect to an address from the request stands only beside the check that it is ours."""
    bare = []
    for path in SRC.rglob("*.py"):
        text = path.read_text("utf-8")
        if re.search(r"""(GET|POST)(\.get\(|\[)["'](next|kembali|back)["']""", text) and "has_allowed_host" not in text:
            bare.append(str(path.relative_to(SRC)))
    assert bare == []


def test_cookies_are_for_https_alone_where_there_is_https():
    """Flags by setting; HttpOnly of the session is tested where sessions are."""
    assert django_settings.SESSION_COOKIE_HTTPONLY and django_settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert django_settings.CSRF_COOKIE_SAMESITE == "Lax"
    told = subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); from django.conf import settings as s; "
         "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_NAME, "
         "s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN, s.CSRF_COOKIE_DOMAIN)"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC.parent), "SATUKOTA_HTTPS": "1",
             "SATUKOTA_VAR": str(django_settings.VAR), "DJANGO_SETTINGS_MODULE": "satukota.project.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    prefixed = ["__Host-sessionid", "__Host-csrftoken", "/", "None", "None"]  # RFC 6265bis 4.1.3.2
    assert told.stdout.split() == ["True", "True", "31536000", *prefixed]
