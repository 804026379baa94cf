"""A secret is sealed in the table, closed in memory, found by its hash, and never a text by accident."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection

from satukota.base import secrets
from satukota.base.errors import UserError
from satukota.base.secrets import keyring, masks, rotating
from satukota.base.secrets.hashing import keyed_hash
from satukota.city.models import Person
from satukota.project import env, local_secrets

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
NUMBER = "0812-3456-7889"


@pytest.fixture
def key_file(tmp_path, settings):
    settings.SEAL_KEYS_FILE = tmp_path / "seal.key"
    settings.SEAL_KEYS_FILE.write_text(Fernet.generate_key().decode())  # as 0.1.0 wrote it: one key, no moment
    return settings.SEAL_KEYS_FILE


def stored(column: str = "phone") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM city_person ORDER BY id")
        return [value for (value,) in cursor.fetchall()]


def test_the_table_holds_no_plain_text_and_the_row_shows_a_mask(db, caplog):
    person = Person.objects.create(name="Contoh", phone=NUMBER, nik="6474015708900001")
    assert stored()[0].startswith("s1.") and "6474" not in stored("nik")[0]
    person.refresh_from_db()
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("%s %r %s", person.phone, person.phone, vars(person))
    assert NUMBER not in caplog.text and "0812" not in caplog.text
    assert str(person.phone) == "08••••••••89" and str(person.nik) == "6474••••••••0001"
    assert person.phone.open() == NUMBER and person.phone == NUMBER


def test_an_exact_number_is_found_however_it_is_spelled(db):
    person = Person.objects.create(name="Contoh", phone=NUMBER)
    Person.objects.bulk_create([Person(name="Lain", phone="0812-3456-7880")])
    for spelled in ("081234567889", "+62 812 3456 7889", "62-812-3456-7889"):
        assert Person.objects.get(phone_hash=keyed_hash("phone", spelled)) == person
    assert keyed_hash("phone", "1") != keyed_hash("nik", "1") and keyed_hash("phone", " ") == ""


@pytest.mark.parametrize("lookup", ["phone", "phone__contains", "phone__in", "phone__startswith", "phone__gt"])
def test_a_plain_search_of_a_sealed_column_is_refused_not_silently_empty(db, lookup):
    with pytest.raises(FieldError):
        list(Person.objects.filter(**{lookup: NUMBER}))


def test_rotation_seals_every_row_anew_and_old_rows_without_a_key_name_too(db, key_file):
    first = Person.objects.create(name="A", phone=NUMBER)
    bare = Fernet(keyring.keys()[0].secret).encrypt(b"0899-000-0000").decode()
    Person.objects.create(name="B")
    Person.objects.filter(name="B").update(phone=secrets.Sealed(token=bare))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE city_person SET phone = %s WHERE name = 'B'", [bare])
    old = keyring.keys()[0]
    done = rotating.rotate(AT)
    assert (done.changed, done.lost) == (2, 0)
    assert {keyring.key_of(token) for token in stored()} == {keyring.keys()[0].id} != {old.id}
    assert [person.phone.open() for person in Person.objects.order_by("pk")] == [NUMBER, "0899-000-0000"]
    assert Person.objects.get(phone_hash=keyed_hash("phone", "0899-000-0000")).name == "B"
    assert oct(key_file.stat().st_mode)[-3:] == "600" and first.phone.open() == NUMBER


def test_an_old_key_leaves_only_after_its_rest_and_when_nothing_needs_it(db, key_file):
    Person.objects.create(name="A", phone=NUMBER)
    held = Person.objects.get()  # read before the rotation, written after it
    old = keyring.keys()[0]
    rotating.rotate(AT)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE city_person SET phone = %s", [held.phone.stored])
    assert rotating.retire(AT + timedelta(days=2)) == []
    held.save()
    assert rotating.retire(AT + timedelta(hours=23)) == []
    assert rotating.retire(AT + timedelta(days=2)) == [old]
    assert Person.objects.get().phone.open() == NUMBER


def test_what_somebody_wrote_during_the_rotation_stays_theirs(db, key_file, monkeypatch):
    Person.objects.create(name="A", phone=NUMBER)
    real = rotating._reseal_value

    def after_a_writer(model, field, pk, sealed):
        Person.objects.filter(pk=pk).update(phone="0899-111-1111")
        return real(model, field, pk, sealed)

    monkeypatch.setattr(rotating, "_reseal_value", after_a_writer)
    rotating.rotate(AT)
    assert Person.objects.get().phone.open() == "0899-111-1111"


def test_a_value_of_a_lost_key_is_counted_left_alone_and_never_breaks_a_page(db, key_file):
    Person.objects.create(name="A", phone=NUMBER)
    token = stored()[0]
    key_file.write_text(Fernet.generate_key().decode())
    person = Person.objects.get()
    assert str(person.phone) == masks.HIDDEN
    with pytest.raises(secrets.Unsealable):
        person.phone.open()
    assert rotating.rotate(AT).lost == 1
    person.save()
    assert stored()[0] == token


def test_keys_by_environment_are_not_rotated_from_here(db, settings):
    settings.SEAL_KEYS_FILE, settings.SECRET_KEYS = None, [Fernet.generate_key().decode()]
    assert secrets.unseal(secrets.seal(NUMBER)) == NUMBER
    with pytest.raises(UserError, match="lingkungan"):
        rotating.rotate(AT)


@pytest.mark.parametrize(
    "weak", ["kurang", "a" * 60, "abcdefghijkl" * 5, "ganti-kunci-ini-sebelum-dipakai-1234567890",
             "django-insecure-8d7f6g5h4j3k2l1z0x9c8v7b6n5m"],
)  # fmt: skip
def test_a_weak_secret_stops_the_start_with_a_sentence_that_does_not_say_it(weak, monkeypatch, tmp_path):
    monkeypatch.setenv("UJI_KEY", weak)
    with pytest.raises(env.UnclearSetting) as said:
        local_secrets.given_or_kept("UJI_KEY", tmp_path / "uji.key")
    assert "UJI_KEY" in str(said.value) and weak not in str(said.value)


@pytest.mark.parametrize("bad", ["bukan-kunci", "A" * 43 + "=", ","])
def test_what_is_no_sealing_key_stops_the_start(bad, monkeypatch, tmp_path):
    (tmp_path / "keys").write_text(bad)
    monkeypatch.setenv("UJI_KEYS_FILE", str(tmp_path / "keys"))
    with pytest.raises(env.UnclearSetting) as said:
        local_secrets.seal_keys("UJI_KEYS", tmp_path / "seal.key")
    assert bad not in str(said.value) or bad == ","


@pytest.mark.parametrize("text", ["0812", "", "abc", "08123456789" * 3, "+62 (812) 345"])
def test_a_mask_never_shows_more_than_the_ends(text):
    shown = masks.phone(text)
    assert not shown or masks.DOT in shown
    assert sum(letter.isdigit() for letter in shown) <= 4
