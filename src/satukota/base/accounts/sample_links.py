"""One sign-in link per sample person: one step for a newcomer, closed to everybody who is not at this machine.

The token is a MAC under the installation's own key, so it differs from one installation to the next and needs no file.
"""

import hmac

from django.conf import settings
from django.utils.crypto import salted_hmac

from .models import User

SALT = "satukota.sample-link"
LENGTH = 40  # hexadecimal digits: 160 bits


def token_of(username: str) -> str:
    return salted_hmac(SALT, username, algorithm="sha256").hexdigest()[:LENGTH]


def link_of(username: str) -> str:
    return f"http://127.0.0.1:{settings.PORT}/akun/contoh/{token_of(username)}"


def person_behind(token: str) -> User | None:
    """The sample person of a token; every token is compared, in constant time."""
    if len(token) != LENGTH or not token.isascii():
        return None
    found = None
    for user in User.objects.filter(is_sample=True, is_active=True):
        if hmac.compare_digest(token_of(user.username), token):
            found = user
    return found
