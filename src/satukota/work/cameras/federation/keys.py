"""The key of this installation: made at first need, sealed in the database and so in every backup, replaced on demand.

When it is replaced the old key signs one last word: which key follows it. Peers believe that word and no other.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.audit import signing
from satukota.base.audit.form import moment
from satukota.base.errors import UserError
from satukota.base.secrets import Unsealable
from satukota.base.signed_requests import fingerprint_of, is_public_key, public_of
from satukota.city import access

from ..models import OwnKey

WHAT = "satukota key succession"
MOST_STEPS = 50


def current(at: datetime) -> OwnKey:
    found = OwnKey.objects.filter(is_current=True).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return _made(at)
    except IntegrityError:  # another process was first
        return OwnKey.objects.get(is_current=True)


def _made(at: datetime) -> OwnKey:
    secret = random.token_hex(32)
    return OwnKey.objects.create(secret=secret, public=public_of(secret), made_at=at)


def secret_of(key: OwnKey) -> str:
    """Raises UserError when its seal cannot be opened here."""
    try:
        return key.secret.open()
    except Unsealable:
        raise UserError(
            _("Kunci pemasangan ini tidak dapat dibuka."), fix=_("Pulihkan kunci segel, atau ganti kunci pemasangan.")
        ) from None


@transaction.atomic
def rotate(*, by: Any, at: datetime) -> OwnKey:
    """Another key from now on. Raises NotAllowed."""
    access.require(by, "peers.manage")
    old = OwnKey.objects.select_for_update().get(pk=current(at).pk)
    try:
        secret = old.secret.open()
    except Unsealable:
        secret = ""  # nobody can sign the last word: peers must join anew
    OwnKey.objects.filter(pk=old.pk).update(is_current=False)
    new = _made(at)
    old.is_current, old.secret = False, ""
    if secret:
        said = {"what": WHAT, "old": old.public, "new": new.public, "at": moment(at)}
        old.succession = said | {"signature": signing.sign(said, secret)}
    old.save()
    audit.record(
        "federation.key_replaced", by=by, at=at, on=new, before={"fingerprint": fingerprint_of(old.public)},
        after={"fingerprint": fingerprint_of(new.public)},
    )  # fmt: skip
    return new


def successions() -> list[dict[str, Any]]:
    """The last words of our former keys, oldest first."""
    return [key.succession for key in OwnKey.objects.filter(is_current=False).order_by("pk") if key.succession]


def followed(public: str, told: Sequence[Any]) -> str:
    """The key that by good last words follows `public`; itself where none does. What is no good word is passed over."""
    for _step in range(MOST_STEPS):
        following = next((one["new"] for one in told if _is_good(one) and one["old"] == public), "")
        if not following:
            return public
        public = following
    return public


def _is_good(said: Any) -> bool:
    if not isinstance(said, dict) or said.get("what") != WHAT or set(said) != {"what", "old", "new", "at", "signature"}:
        return False
    if not is_public_key(said["old"]) or not is_public_key(said["new"]) or not isinstance(said["at"], str):
        return False
    content = {name: value for name, value in said.items() if name != "signature"}
    return isinstance(said["signature"], str) and signing.is_signed(content, said["signature"], said["old"])
