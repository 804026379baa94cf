"""A link opens an account once, for a while, until revoked; and nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client

from satukota.base import clock
from satukota.base.accounts import invitations, names
from satukota.base.accounts.models import Invitation, User
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, UserError

from .make import PASSWORD, make_account, sign_in

pytestmark = pytest.mark.django_db


def invite(username: str = "budi", **more: Any) -> tuple[Invitation, str]:
    return invitations.invite(username=username, full_name="Budi Contoh", by=None, at=clock.now(), **more)


def open_account(client: Client, token: str, password: str = PASSWORD, again: str = "") -> Any:
    client.get(f"/akun/undangan/{token}")
    return client.post("/akun/undangan/", {"password1": password, "password2": again or password})


@pytest.mark.second_factor
def test_a_link_opens_the_account_and_leads_to_the_second_factor(client: Client) -> None:
    invitation, token = invite()
    assert token not in str(Invitation.objects.values().get()) and not User.objects.get(username="budi").is_active
    assert token not in client.get(f"/akun/undangan/{token}")["Location"]
    open_account(client, token)
    assert client.session["_auth_user_id"] == str(invitation.user_id)
    assert client.get("/pusat/")["Location"] == "/akun/pengaman/"
    assert client.get("/akun/2fa/totp/activate/").status_code == 200  # the password is not asked for again
    entries = AuditEntry.objects.order_by("number").values_list("act", flat=True)
    assert list(entries) == ["accounts.invited", "accounts.invitation_accepted", "accounts.signed_in"]


def test_a_link_works_once(client: Client) -> None:
    _, token = invite()
    other = Client()
    other.get(f"/akun/undangan/{token}")
    open_account(client, token)
    second = other.post("/akun/undangan/", {"password1": "lain-sekali-kata-9", "password2": "lain-sekali-kata-9"})
    assert second.status_code == 422 and "tidak berlaku lagi" in second.content.decode()
    assert User.objects.get(username="budi").check_password(PASSWORD)


def test_forged_revoked_and_late_links_get_the_same_sentence(client: Client, monkeypatch: Any) -> None:
    invitation, token = invite()
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    answers = [client.get(f"/akun/undangan/{forged}").content, client.get("/akun/undangan/").content]
    invitations.revoke(invitation.pk, by=None, at=clock.now())
    answers.append(client.get(f"/akun/undangan/{token}").content)
    _, late = invitations.invite_again(invitation.user, by=None, at=clock.now())
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + invitations.LASTS + timedelta(seconds=1))
    answers.append(client.get(f"/akun/undangan/{late}").content)
    assert all("Undangan ini tidak berlaku lagi." in answer.decode() for answer in answers)
    with pytest.raises(AlreadyDone):
        invitations.revoke(invitation.pk, by=None, at=clock.now())


@pytest.mark.parametrize("token", ["x", "…", "a" * 5000, "../../", "%F0%9F%94%91"])
def test_hostile_tokens_are_only_unknown(client: Client, token: str) -> None:
    assert client.get(f"/akun/undangan/{token}").status_code in {404, 422}


def test_looking_at_the_link_does_not_use_it_up(client: Client) -> None:
    _, token = invite()
    for _ in range(3):
        Client().get(f"/akun/undangan/{token}")
        Client().head(f"/akun/undangan/{token}")
    assert open_account(client, token).status_code == 302


def test_a_new_link_takes_the_place_of_the_old(client: Client) -> None:
    invitation, old = invite()
    _, new = invitations.invite_again(invitation.user, by=None, at=clock.now())
    with pytest.raises(UserError):
        invitations.open_invitation(old, clock.now())
    assert invitations.open_invitation(new, clock.now()).user == invitation.user


@pytest.mark.parametrize(
    "password", ["pendek-9", "password1234", "contohcontoh", "budi contoh", "193847561029", "qwertyuiop12"]
)
def test_weak_passwords_are_refused_and_the_link_stays(client: Client, password: str) -> None:
    _, token = invite()
    assert open_account(client, token, password).status_code == 422
    assert not User.objects.get(username="budi").is_active
    assert open_account(client, token).status_code == 302


def test_the_two_passwords_must_agree(client: Client) -> None:
    _, token = invite()
    assert open_account(client, token, PASSWORD, PASSWORD + "x").status_code == 422


def test_an_action_called_directly_refuses_a_weak_password_too() -> None:
    _, token = invite()
    with pytest.raises(ValidationError):
        invitations.accept(token, password="pendek", at=clock.now())
    assert invitations.open_invitation(token, clock.now())


def test_inviting_again_changes_nothing_until_used_then_clears_every_old_way_in(client: Client) -> None:
    user = make_account("budi")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    elsewhere = Client()
    elsewhere.force_login(user)
    elsewhere.get("/akun/")
    from allauth.usersessions.models import UserSession

    UserSession.objects.create(user=user, session_key=elsewhere.session.session_key, ip="10.0.0.1", user_agent="x")
    _, token = invitations.invite_again(user, by=None, at=clock.now())
    assert Authenticator.objects.filter(user=user).exists() and elsewhere.get("/akun/").status_code == 200
    open_account(client, token, "sampan-kelapa-hujan-4")
    assert not Authenticator.objects.filter(user=user).exists()
    assert elsewhere.get("/akun/").status_code == 302
    assert sign_in(Client(), "budi", PASSWORD).status_code == 200  # the old password is gone


@pytest.mark.parametrize(
    "name", ["оperator", "operatоr", "ｏperator", "0perator", "operat0r", "OPERATOR", "op.erator", "operatôr", "о",
             "a b", "operator\n", "", "x" * 33, "op\u200berator", "oper\u202eator", "<script>"]
)  # fmt: skip
def test_names_that_look_like_another_are_refused(name: str) -> None:
    make_account("operator")
    with pytest.raises(UserError):
        invite(name)
    assert User.objects.count() == 1


def test_look_alikes_of_letters_within_ascii_share_a_skeleton() -> None:
    assert names.skeleton("arnold") == names.skeleton("amold") and names.skeleton("bill1") == names.skeleton("bi111")
    assert names.skeleton("operator") != names.skeleton("operator2")


def test_the_database_itself_refuses_the_same_name_in_other_letters() -> None:
    make_account("operator")
    with pytest.raises(IntegrityError):
        make_account("Operator")


def test_nobody_signs_up_or_adds_addresses_by_themselves(client: Client) -> None:
    for path in ("signup", "signup/", "email/", "confirm-email/", "login/code/confirm/", "3rdparty/",
                 "3rdparty/signup/", "password/set/", "2fa/recovery-codes/download/"):  # fmt: skip
        assert client.get(f"/akun/{path}").status_code == 404, path
        assert client.post(f"/akun/{path}").status_code == 404, path
