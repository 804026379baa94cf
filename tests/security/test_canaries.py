"""Known secrets are planted, the product is used and made to fail, and everything it wrote is searched for them."""

import base64
import csv
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from django.db import connection

from satukota.base import clock
from satukota.base.keeping import archive, backing_up, exporting
from satukota.base.keeping.canonical import cell_of
from satukota.base.messages import outbox
from satukota.base.messages.models import Message
from satukota.city import actions as city_actions
from satukota.city.models import Person
from satukota.work.cameras import queries
from satukota.work.cameras.models import Camera
from satukota.work.cameras.tests.make import City, make_camera, make_city, signed_in

CAMERA, PHONE, NIK = "kenari/kamera+77", "0812-9090-8181", "6474011708900007"
KEY, SMTP, TOKEN = "kenari-kunci-sesi-" + "x7Q" * 12, "kenari-smtp-0001", "kenari-gerbang-0002"
PLAIN = (CAMERA, PHONE, NIK, KEY, SMTP, TOKEN)


def forms_of(secret: str) -> set[str]:
    """The secret as it would be found: plain, in an address, in base64 at any of three places, in JSON."""
    raw = secret.encode()
    coded = {base64.b64encode(b"x" * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)}
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], *coded}


def assert_silent(where: str, text: str, secrets: tuple[str, ...] = PLAIN) -> None:
    for secret in secrets:
        for form in forms_of(secret):
            assert form not in text, f"a canary sings in {where}: {form}"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the product's own handler writes, with its own filters and form."""
    handler = next(each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    heard = io.StringIO()
    before = handler.setStream(heard)
    yield heard
    handler.setStream(before)


@pytest.fixture
def planted(db, settings, tmp_path) -> City:
    settings.SECRET_KEY, settings.EMAIL_HOST_PASSWORD, settings.FILES_DIR = KEY, SMTP, tmp_path
    settings.MESSAGE_GATEWAYS = {"sms": {"url": "http://127.0.0.1:9/sms", "token": TOKEN}}
    city = make_city()
    make_camera("MB-001", username="pemantau", password_sealed=CAMERA)
    someone = city_actions.add_person(name="Kenari Contoh", phone=PHONE, by=None, at=clock.now())
    someone.nik = NIK
    someone.save()
    return city


def test_pages_and_the_api_show_no_secret_to_who_may_only_look(planted, log):
    client = signed_in(planted.who.auditor)
    person = Person.objects.get(name="Kenari Contoh")
    pages = ["/pusat/kamera/", "/pusat/kamera/MB-001/", "/pusat/register/orang/", f"/pusat/register/orang/{person.pk}/",
             "/api/v1/map/cameras", "/pusat/register/orang/csv"]  # fmt: skip
    for page in pages:
        response = client.get(page)
        body = b"".join(response) if response.streaming else response.content
        assert_silent(page, body.decode("utf-8", "replace") + str(response.headers))
    assert_silent("the log", log.getvalue())


def test_an_error_in_a_view_tells_neither_the_page_nor_the_log(planted, log, settings, monkeypatch):
    settings.DEBUG = False

    def fails(*words, **named):
        password = Camera.objects.get().password_sealed.open()
        raise ValueError(f"rtsp://pemantau:{quote(password, safe='')}@127.0.0.1/1 token={TOKEN} {KEY} {SMTP}")

    monkeypatch.setattr(queries, "last_readings", fails)
    client = signed_in(planted.who.engineer)
    client.raise_request_exception = False
    response = client.get("/pusat/kamera/MB-001/")
    assert response.status_code == 500
    assert_silent("the error page", response.content.decode())
    assert "ValueError" in log.getvalue(), "the failure itself must be told"
    assert_silent("the log", log.getvalue())


def test_no_row_of_any_table_holds_one_in_plain(planted, log):
    client = signed_in(planted.who.engineer)
    client.post("/pusat/kamera/MB-001/ubah", {"password": CAMERA, "name": "x"})
    Message.objects.create(recipient=planted.who.engineer, channel="sms", kind="x", about="y", subject="s", body="b",
                           created_at=clock.now())  # fmt: skip
    outbox.send_due(clock.now())
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                assert_silent(table, " ".join(str(cell_of(value)) if value is not None else "" for value in row))
    assert_silent("the log", log.getvalue())


def test_an_export_leaves_the_columns_of_secrets_out(planted):
    for model in backing_up.tables.models_in():
        names = [field.attname for field in exporting.open_columns(model)]
        out = io.StringIO()
        if model._meta.label_lower not in exporting.SECRET_TABLES:
            csv.writer(out).writerows(model._base_manager.values_list(*names))
        assert_silent(f"export of {model._meta.label}", out.getvalue())


def test_a_backup_has_no_readable_part_but_its_head(planted, tmp_path):
    out = io.BytesIO()
    sealed = backing_up.SealedWriter(out, "kata sandi uji kenari", made_at="-")
    inside = archive.ArchiveWriter(sealed)
    for model in backing_up.tables.models_in():
        inside.add_lines(model._meta.label_lower, backing_up.tables.rows_of(model, "default"))
    inside.add_json(archive.KEYS, {"hash": KEY})
    inside.close({})
    sealed.close()
    assert_silent("the backup", out.getvalue().decode("latin-1"), (*PLAIN, "kata sandi uji kenari", "Kenari Contoh"))
