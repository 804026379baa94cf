"""Codes of the second factor wait after failures as passwords do; the rest of the forms is allauth's."""

from typing import Any

from allauth.account.fields import PasswordField, SetPasswordField
from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _

from .adapter import claim_attempt, forgive_attempt


class _Waits(base.BaseAuthenticateForm):
    def clean_code(self) -> str:
        name = f"code of {self.user.pk}"  # apart from the password's count: no user name has a space
        claim_attempt(context.request, name)
        code = super().clean_code()
        forgive_attempt(context.request, name)
        return code


class AuthenticateForm(_Waits, base.AuthenticateForm):
    """At sign-in."""


class ReauthenticateForm(_Waits, base.ReauthenticateForm):
    """Before a change to the account."""


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    """Every key is a passkey: it asks for finger, face or PIN, and signs in alone."""

    name = forms.CharField(label=_("Nama kunci"), required=False, max_length=60)
    passwordless = forms.BooleanField(initial=True, widget=forms.CheckboxInput)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        return super().clean()


class AcceptForm(forms.Form):
    """The first password, typed twice."""

    password1 = SetPasswordField(label=_("Kata sandi baru"))
    password2 = PasswordField(label=_("Ulangi kata sandi"), autocomplete="new-password")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].user = user

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, second = values.get("password1"), values.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("Kedua kata sandi tidak sama."))
        return values
