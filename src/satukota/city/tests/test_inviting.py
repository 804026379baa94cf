"""Who keeps the register invites; others find no such page, and nobody walks into an open account."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import Invitation, User
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.city import actions
from satukota.city.models import Person
from satukota.city.tests.make import make_city, make_user

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_the_link_is_shown_once_and_mailed_under_the_address_of_the_site(settings: Any) -> None:
    city = make_city()
    settings.SITE_URL = "https://satukota.example"
    keeper = signed_in(make_user("register_admin", city.diskominfo))
    person = Person.objects.create(name="Budi Contoh")
    told = {"username": "budi", "email": "budi@kota.example", "sso_subject": ""}
    page = keeper.post(f"/pusat/register/ubah/orang/{person.pk}/undang/", told)
    link = page.context["link"]
    assert link.startswith("https://satukota.example/akun/undangan/") and link in mail.outbox[0].body
    assert "no-store" in page["Cache-Control"] and link.rpartition("/")[2] not in str(Invitation.objects.values())
    person.refresh_from_db()
    assert person.user.username == "budi"
    assert "diundang, berlaku sampai" in keeper.get("/pusat/register/akun/?q=budi").content.decode()
    assert keeper.post(f"/pusat/register/ubah/orang/{person.pk}/undang/", told).status_code == 422
    assert keeper.post(f"/pusat/register/ubah/orang/{person.pk}/cabut-undangan").status_code == 302
    assert Invitation.objects.get().revoked_at


@pytest.mark.parametrize("role", ["operator", "supervisor", "engineer", "auditor", "mayor", "kepala_opd"])
def test_others_find_no_such_page(role: str) -> None:
    city = make_city()
    client, person = signed_in(make_user(role, city.diskominfo)), Person.objects.create(name="Budi Contoh")
    assert client.get("/pusat/register/akun/").status_code == 404
    for act in ("undang/", "undang-lagi", "cabut-undangan"):
        assert client.post(f"/pusat/register/ubah/orang/{person.pk}/{act}", {"username": "budi"}).status_code == 404
    assert not Invitation.objects.exists()


def test_the_link_into_an_open_account_goes_to_its_owner_alone() -> None:
    city = make_city()
    keeper = make_user("register_admin", city.diskominfo)
    owner = User.objects.create(username="wali", email="wali@kota.example")
    person = Person.objects.create(name="Wali Contoh", user=owner)
    page = signed_in(keeper).post(f"/pusat/register/ubah/orang/{person.pk}/undang-lagi")
    assert page.context["link"] == "" and "/akun/undangan/" not in page.content.decode()
    assert mail.outbox[0].to == ["wali@kota.example"]


def test_nobody_invites_themself_a_sample_person_or_somebody_twice() -> None:
    city = make_city()
    keeper, at = make_user("register_admin", city.diskominfo), clock.now()
    with pytest.raises(UserError):
        actions.invite_person_again(keeper.person.pk, by=keeper, at=at)
    sample, plain = Person.objects.create(name="Contoh", is_sample=True), Person.objects.create(name="Budi Contoh")
    blank = {"email": "", "sso_subject": ""}
    with pytest.raises(UserError):
        actions.invite_person(sample.pk, username="contoh", **blank, by=keeper, at=at)
    with pytest.raises(Missing):
        actions.invite_person_again(plain.pk, by=keeper, at=at)
    actions.invite_person(plain.pk, username="budi", **blank, by=keeper, at=at)
    with pytest.raises(AlreadyDone):
        actions.invite_person(plain.pk, username="budi2", **blank, by=keeper, at=at)
