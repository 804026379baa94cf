"""Accounts, the invitations that open them, and the memory of failed sign-ins."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from satukota.base.secrets.fields import SealedTextField

from .names import USERNAME

_words_of_hat: Callable[["User"], str] | None = None


def name_hats_by(words_of: Callable[["User"], str]) -> None:
    """City says which duty a person acts under, without base knowing what a duty is."""
    global _words_of_hat
    _words_of_hat = words_of


class User(AbstractUser):
    """Who signs in. What they may do comes from the duties of the person behind it (`city.Duty`), never from here."""

    username = models.CharField("nama pengguna", max_length=150, unique=True, validators=[USERNAME])
    is_sample = models.BooleanField(default=False)  # sample people sign in only while SATUKOTA_SAMPLE=1
    show_dark = models.BooleanField(default=False)  # wall mode chosen by the person
    # Who this is at the city's single sign-on ("sub"); stated at invitation or bound at the first sign-in there.
    sso_subject = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        verbose_name = "akun"
        verbose_name_plural = "akun"
        constraints = [
            models.UniqueConstraint(Lower("username"), name="account_name_any_case"),
            models.UniqueConstraint(fields=["sso_subject"], condition=~Q(sso_subject=""), name="account_sso_subject"),
        ]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.get_username()

    @property
    def current_hat(self) -> str:
        """The duty acted under, in words; written on every audit row."""
        return _words_of_hat(self) if _words_of_hat else ""


class Invitation(models.Model):
    """A one-time link with which a person sets the first password, or a new one after losing every way in.

    Only the SHA-256 of the token is kept: who reads the table cannot use the links.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "undangan"
        constraints = [
            models.CheckConstraint(name="invitation_used_or_revoked", condition=Q(used_at=None) | Q(revoked_at=None)),
            # One link at a time: a new one takes the place of the old.
            models.UniqueConstraint(
                fields=["user"], condition=Q(used_at=None, revoked_at=None), name="invitation_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"undangan {self.user}"


class FactorSecret(models.Model):
    """The secret of an authenticator app, or the seed of recovery codes, sealed; allauth's row holds its id."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    secret = SealedTextField()

    class Meta:
        verbose_name = "rahasia faktor kedua"

    def __str__(self) -> str:
        return f"rahasia {self.pk}"


class Attempts(models.Model):
    """Failed sign-ins in a row at one account name or from one address; the next one must wait until `wait_until`."""

    key = models.CharField(max_length=80, unique=True)  # account:<sha256 of the name> or address:<ip>
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    wait_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "percobaan masuk"

    def __str__(self) -> str:
        return f"{self.key[:20]} {self.count}"
