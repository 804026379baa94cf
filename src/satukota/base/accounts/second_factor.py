"""Who still owes a second factor. One question, asked by the pages' middleware and by the live feed."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings

SESSION_KEY = "second_factor"  # user id whose second factor this session has shown or made
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_owed(user: Any, session: Any) -> bool:
    """Whether the signed-in `user` may not go on before they have a second factor. At most one statement.

    Sample people are exempt in the sample city; that they come from this machine is asked at sign-in and per request.
    A person who has a factor was asked for it at sign-in (allauth's login stages), or made it in this session.
    """
    if settings.MFA != "required" or (user.is_sample and settings.SAMPLE):
        return False
    if session.get(SESSION_KEY) == user.pk:
        return False
    return not Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def vouch(session: Any, user: Any) -> None:
    """Remember in the session that `user` has shown a second factor, here or at a trusted single sign-on."""
    session[SESSION_KEY] = user.pk
