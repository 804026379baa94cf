"""A person is invited, opens the account, adds a passkey, and signs in with nothing else. In a real browser.

The field is not needed: the pages stand in a live server of pytest-django, under the name localhost, because passkeys
are bound to names. The passkey lives in Chromium's virtual authenticator (CDP domain WebAuthn); the ceremony between
page, browser and server is the real one.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from satukota.base import clock
from satukota.base.accounts import invitations
from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry

pytestmark = [pytest.mark.journey, pytest.mark.second_factor, pytest.mark.django_db(transaction=True)]
PASSWORD = "jambu-perahu-lentera-7"


@pytest.fixture
def home(live_server: Any, settings: Any) -> str:
    """The live server by its name; it listens on 127.0.0.1 and nowhere else."""
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.FEED_URL = ""
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], home: str, console: Any) -> Iterator[Page]:
    console.expect(r"/kabar\)$")  # the feed is a process of its own, which does not run here
    context = new_context(
        base_url=home, locale="id-ID", timezone_id="Asia/Makassar", viewport={"width": 390, "height": 844}
    )
    yield context.new_page()


@pytest.fixture
def finger(page: Page) -> CDPSession:
    """A phone's own authenticator: keeps passkeys, and a finger is on the sensor."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def open_account(page: Page) -> User:
    invitation, token = invitations.invite(username="siti.aminah", full_name="Siti Contoh", by=None, at=clock.now())
    page.goto(f"/akun/undangan/{token}")
    page.get_by_label("Kata sandi baru").fill(PASSWORD)
    page.get_by_label("Ulangi kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Buka akun").click()
    page.wait_for_url("**/akun/pengaman/")
    return invitation.user


def sign_out(page: Page) -> None:
    page.goto("/akun/logout/")
    page.get_by_role("main").get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/")


def test_invited_enrolled_and_back_with_the_passkey_alone(page: Page, finger: CDPSession) -> None:
    user = open_account(page)
    page.goto("/pusat/register/")
    page.wait_for_url("**/akun/pengaman/")  # no way around
    page.get_by_role("link", name="Pasang kunci sandi").click()
    page.get_by_role("button", name="Pasang").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    expect(page.locator(".codes li")).to_have_count(10)
    page.goto("/akun/")
    expect(page.get_by_text("Kunci sandi 1").first).to_be_visible()
    sign_out(page)

    page.goto("/akun/login/")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    page.wait_for_url("**/pusat/**")
    page.goto("/akun/")
    expect(page.get_by_role("heading", name="Akun saya")).to_be_visible()
    used = AuditEntry.objects.filter(act="accounts.factor_used", actor=user)
    assert used.get().after == "webauthn"


def test_after_the_password_the_passkey_is_the_second_step(page: Page, finger: CDPSession) -> None:
    open_account(page)
    page.get_by_role("link", name="Pasang kunci sandi").click()
    page.get_by_role("button", name="Pasang").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    sign_out(page)
    page.goto("/akun/login/")
    page.get_by_label("Nama pengguna").fill("siti.aminah")
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk", exact=True).click()
    page.wait_for_url("**/2fa/authenticate/")
    page.get_by_role("button", name="Pakai kunci sandi").click()
    page.wait_for_url("**/pusat/**")


def test_a_passkey_of_somebody_else_opens_nothing(page: Page, finger: CDPSession) -> None:
    """The key is real, the account it belonged to has let it go."""
    from allauth.mfa.models import Authenticator

    user = open_account(page)
    page.get_by_role("link", name="Pasang kunci sandi").click()
    page.get_by_role("button", name="Pasang").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    sign_out(page)
    Authenticator.objects.filter(user=user).delete()
    page.goto("/akun/login/")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    expect(page.locator(".notice")).to_be_visible()
    page.goto("/akun/")
    page.wait_for_url("**/akun/login/**")


def test_at_a_bare_address_the_page_says_where_passkeys_work(page: Page, home: str) -> None:
    bare = home.replace("localhost", "127.0.0.1")
    _, token = invitations.invite(username="siti.aminah", full_name="Siti Contoh", by=None, at=clock.now())
    page.goto(f"{bare}/akun/undangan/{token}")
    page.get_by_label("Kata sandi baru").fill(PASSWORD)
    page.get_by_label("Ulangi kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Buka akun").click()
    page.wait_for_url("**/akun/pengaman/")
    expect(page.get_by_role("link", name="Buka http://localhost")).to_be_visible()
