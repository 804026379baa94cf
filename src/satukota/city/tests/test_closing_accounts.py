"""An account is closed and opened again by who keeps the accounts, never by its owner, and never the last keeper's."""

from typing import Any

import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import Invitation
from satukota.base.accounts.tests.make import PASSWORD, make_account, sign_in
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.base.feed import stream
from satukota.city import actions
from satukota.city.models import Person
from satukota.city.tests.make import City, make_city, make_duty, make_person, make_user

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def city() -> City:
    return make_city()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def make_siti(city: City) -> Person:
    return make_duty(make_person("Siti Contoh", user=make_account()), "operator", city.diskominfo).person


def path(person: Person, act: str = "tutup") -> str:
    return f"/pusat/register/ubah/orang/{person.pk}/akun/{act}/"


def test_a_closed_account_is_out_everywhere_at_once_and_does_not_get_in_again(city: City) -> None:
    siti, keeper = make_siti(city), signed_in(make_user("city_admin", city.diskominfo))
    phone = Client()
    sign_in(phone)
    cookie = f"sessionid={phone.session.session_key}"
    assert stream.visitor_of(cookie)[0] == siti.user
    asked = keeper.get(path(siti)).content.decode()
    assert "dikeluarkan dari semua perangkat" in asked and siti.user.is_active
    assert keeper.post(path(siti), {"why": ""}).status_code == 422
    assert keeper.post(path(siti), {"why": "Pindah tugas"}).status_code == 302
    assert phone.get("/akun/").status_code == 302 and stream.visitor_of(cookie)[0] is None
    assert "_auth_user_id" not in phone.session
    visitor = Client()
    sign_in(visitor)
    assert "_auth_user_id" not in visitor.session
    row = AuditEntry.objects.get(act="accounts.closed")
    assert (row.on_id, row.why, row.before, row.after) == (str(siti.user_id), "Pindah tugas", True, False)
    assert AuditEntry.objects.filter(act="accounts.session_ended", why="Pindah tugas").exists()
    assert "ditutup" in keeper.get("/pusat/register/akun/?q=siti").content.decode()


def test_it_opens_again_with_the_old_password(city: City) -> None:
    siti, keeper = make_siti(city), make_user("register_admin", city.diskominfo)
    actions.close_account(siti.pk, why="Cuti panjang", by=keeper, at=clock.now())
    with pytest.raises(AlreadyDone):
        actions.close_account(siti.pk, why="Lagi", by=keeper, at=clock.now())
    assert signed_in(keeper).post(path(siti, "buka"), {"why": "Kembali"}).status_code == 302
    visitor = Client()
    sign_in(visitor, password=PASSWORD)
    assert "_auth_user_id" in visitor.session
    assert AuditEntry.objects.get(act="accounts.reopened").why == "Kembali"
    with pytest.raises(AlreadyDone):
        actions.reopen_account(siti.pk, why="Lagi", by=keeper, at=clock.now())


def test_closing_revokes_an_open_invitation_and_what_was_never_opened_is_not_reopened(city: City) -> None:
    keeper, person = make_user("city_admin", city.diskominfo), make_person("Budi Contoh")
    actions.invite_person(person.pk, username="budi", email="", sso_subject="", by=keeper, at=clock.now())
    with pytest.raises(UserError, match="belum pernah dibuka"):
        actions.reopen_account(person.pk, why="Coba", by=keeper, at=clock.now())
    siti = make_siti(city)
    actions.invite_person_again(siti.pk, by=keeper, at=clock.now())
    actions.close_account(siti.pk, why="Pindah", by=keeper, at=clock.now())
    assert Invitation.objects.get(user=siti.user).revoked_at


def test_nobody_closes_their_own_account_nor_the_last_keepers(city: City) -> None:
    first, second = (make_user(role, city.diskominfo) for role in ("city_admin", "register_admin"))
    with pytest.raises(UserError, match="sendiri"):
        actions.close_account(first.person.pk, why="Bosan", by=first, at=clock.now())
    actions.close_account(second.person.pk, why="Pindah", by=first, at=clock.now())
    with pytest.raises(UserError, match="satu-satunya"):
        actions.close_account(first.person.pk, why="Dari baris perintah", by=None, at=clock.now())
    first.refresh_from_db()
    assert first.is_active


def test_others_cannot_and_a_person_without_an_account_has_none_to_close(city: City) -> None:
    siti = make_siti(city)
    for role in ("operator", "kepala_opd", "auditor", "mayor"):
        client = signed_in(make_user(role, city.dishub))
        for act in ("tutup", "buka", "keluarkan"):
            assert client.post(path(siti, act), {"why": "Iseng"}).status_code == 404
    siti.user.refresh_from_db()
    assert siti.user.is_active
    keeper = make_user("city_admin", city.diskominfo)
    with pytest.raises(Missing):
        actions.close_account(make_person("Tanpa Akun").pk, why="x", by=keeper, at=clock.now())


def test_a_keeper_signs_somebody_out_without_closing_the_account(city: City) -> None:
    siti, keeper = make_siti(city), signed_in(make_user("city_admin", city.diskominfo))
    phone = Client()
    sign_in(phone)
    assert keeper.post(path(siti, "keluarkan"), {"why": "Ponselnya hilang"}).status_code == 302
    assert phone.get("/akun/").status_code == 302
    sign_in(phone)
    assert phone.get("/akun/").status_code == 200
