"""Who guesses waits: by account, by address, longer each time, and learns nothing from it."""

import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from allauth.core import context
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from satukota.base import clock
from satukota.base.accounts import lockout
from satukota.base.accounts.adapter import InvitedOnly
from satukota.base.accounts.models import Attempts
from satukota.base.audit.models import AuditEntry

from .make import PASSWORD, make_account, sign_in

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_five_are_free_then_each_failure_doubles_the_wait() -> None:
    key, moment, waits = lockout.account_key("siti"), AT, []
    for _ in range(13):
        assert lockout.claim([key], moment).wait_s == 0
        wait = lockout.claim([key], moment).wait_s
        if not wait:  # the second one counted, too
            continue
        waits.append(wait)
        moment += timedelta(seconds=wait)
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900][: len(waits)] and len(waits) >= 9


def test_going_on_while_waiting_does_not_make_it_longer() -> None:
    key = lockout.account_key("siti")
    for _ in range(5):
        lockout.claim([key], AT)
    before = Attempts.objects.get(key=key).wait_until
    for _ in range(100):
        assert lockout.claim([key], later(1)).wait_s
    assert Attempts.objects.get(key=key).wait_until == before
    assert lockout.claim([key], later(16)).wait_s == 0


def test_a_day_without_failures_is_forgotten() -> None:
    key = lockout.account_key("siti")
    for _ in range(4):
        lockout.claim([key], AT)
    lockout.claim([key], later(2 * 86_400))
    assert Attempts.objects.get(key=key).count == 1


def test_one_address_cannot_try_every_account() -> None:
    address, tried = lockout.address_key("10.0.0.9"), 0
    for number in range(1000):
        tried += lockout.claim([address, lockout.account_key(f"orang{number}")], AT).wait_s == 0
    assert tried == lockout.FREE["address"]


def test_signing_in_now_and_then_does_not_buy_more_guesses() -> None:
    address, guesses = lockout.address_key("10.0.0.9"), 0
    for number in range(200):
        guesses += lockout.claim([address, lockout.account_key(f"orang{number}")], AT).wait_s == 0
        if lockout.claim([address, lockout.account_key("milikku")], AT).wait_s == 0:
            lockout.forgive(lockout.account_key("milikku"), address, AT)
    assert guesses <= lockout.FREE["address"]


@pytest.mark.parametrize("written", ["siti", "SITI", " siti ", "ｓｉｔｉ", "Siti"])
def test_one_name_is_one_key_however_it_is_written(written: str) -> None:
    assert lockout.account_key(written) == lockout.account_key("siti")


def test_the_right_password_waits_too_and_known_and_unknown_names_wait_alike(monkeypatch: Any) -> None:
    make_account("siti")
    monkeypatch.setattr(clock, "now", lambda: AT)
    pages = {}
    for name in ("siti", "bukan-siapa"):
        visitor = Client(REMOTE_ADDR=f"10.0.0.{len(name)}")
        for _ in range(5):
            sign_in(visitor, name, "salah-sekali-ini")
        pages[name] = str(sign_in(visitor, name, PASSWORD).context["form"].errors)
        assert "_auth_user_id" not in visitor.session
    assert pages["siti"] == pages["bukan-siapa"] and "15 detik" in pages["siti"]


def test_after_the_wait_the_person_gets_in_and_starts_anew(client: Client, monkeypatch: Any) -> None:
    make_account("siti")
    for _ in range(5):
        sign_in(client, "siti", "salah-sekali-ini")
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=20))
    assert sign_in(client, "siti").status_code == 302
    assert not Attempts.objects.filter(key=lockout.account_key("siti")).exists()


def test_failures_and_the_lock_are_on_the_audit_log_without_what_was_typed(client: Client) -> None:
    make_account("siti")
    for _ in range(5):
        sign_in(client, "siti", "salah-sekali-ini")
    Client(REMOTE_ADDR="10.0.0.2").post("/akun/login/", {"login": PASSWORD, "password": "x" * 12})
    entries = list(AuditEntry.objects.order_by("number").values_list("act", "on_label", "actor_name"))
    assert [act for act, *_ in entries].count("accounts.sign_in_failed") == 6
    assert [act for act, *_ in entries].count("accounts.locked_out") == 1
    assert PASSWORD not in str(list(AuditEntry.objects.values())) and PASSWORD not in str(
        list(Attempts.objects.values())
    )


@pytest.mark.slow
def test_ten_thousand_wrong_passwords_cost_a_few_hashes_and_little_time(monkeypatch: Any) -> None:
    """The wait comes before the hash: a flood keeps no core busy."""
    user, looked, began = make_account("siti"), [], time.monotonic()
    monkeypatch.setattr(type(user), "check_password", lambda self, raw: bool(looked.append(raw)))
    refused = 0
    for number in range(10_000):
        request = RequestFactory().post("/akun/login/", REMOTE_ADDR="10.0.0.9")
        with context.request_context(request):
            try:
                assert InvitedOnly(request).authenticate(request, username="siti", password=f"tebakan {number}") is None
            except ValidationError:
                refused += 1
    assert len(looked) <= 5 + 2 and refused == 10_000 - len(looked)
    per_try_ms = (time.monotonic() - began) / 10
    assert per_try_ms < 20, per_try_ms  # an Argon2 hash alone takes longer


def test_a_flood_of_sign_ins_is_refused_by_the_page(client: Client) -> None:
    make_account("siti")
    seen = {sign_in(client, "siti", "salah-sekali-ini").status_code for _ in range(40)}
    assert seen == {200, 429}


def test_an_unknown_name_takes_as_long_as_a_known_one(settings: Any) -> None:
    """With the product's own hash: the cost of hashing must show in both, or the clock tells who exists."""
    settings.PASSWORD_HASHERS = ["satukota.base.accounts.hashing.SignInHasher"]
    make_account("siti")
    took: dict[str, list[float]] = {"siti": [], "bukan-siapa": []}
    for turn in range(4):
        for name, times in took.items():
            request = RequestFactory().post("/akun/login/", REMOTE_ADDR=f"10.0.{turn}.{len(name)}")
            with context.request_context(request):
                began = time.process_time()
                InvitedOnly(request).authenticate(request, username=name, password="salah-sekali-ini")
                times.append(time.process_time() - began)
    ratio = median(took["siti"]) / median(took["bukan-siapa"])
    assert 0.5 < ratio < 2, took
