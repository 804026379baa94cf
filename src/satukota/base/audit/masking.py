"""No secret reaches the audit log: sealed fields are known by their type, others by what they are called."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from satukota.base.secrets import keyring, masks
from satukota.base.secrets.fields import MASKS, SealedTextField

# Words of a name that make its value a secret, also where no model says so: {"onvif_password": …}
SECRET = re.compile(r"(?:^|_)(?:password|passwd|kata_sandi|secret|rahasia|token|otp|pin|api_key|private_key)(?:_|$)")
BY_NAME: dict[str, Callable[[str], str]] = {"phone": masks.phone, "telepon": masks.phone, "nik": masks.nik}
TOKEN = re.compile(rf"^(?:{re.escape(keyring.MARK)}|gAAAAA)[\w.=-]{{20,}}$")  # a sealed text that came as plain text
LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")


def masked(value: Any, on: models.Model | None = None) -> Any:
    """The value without its secrets: those of sealed fields of `on`, of the names in its `audit_masked`, of BY_NAME."""
    if isinstance(value, Mapping):
        return {key: _hide(str(key), item, on) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item, on) for item in value]
    if isinstance(value, str):
        return masks.HIDDEN if TOKEN.match(value) else LOGIN_IN_URL.sub(f"{masks.HIDDEN}@", value)
    return value


def _hide(name: str, value: Any, on: models.Model | None) -> Any:
    mask = _mask_of(name, on)
    if mask is None or value is None or isinstance(value, bool):
        return masked(value, on)
    return mask(str(value)) if isinstance(value, str | int) else str(value) and masks.HIDDEN


def _mask_of(name: str, on: models.Model | None) -> Callable[[str], str] | None:
    if on is not None:
        try:
            field = on._meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        if isinstance(field, SealedTextField):
            return MASKS[field.mask]
        if name in getattr(on, "audit_masked", ()):
            return masks.hidden
    if SECRET.search(name.lower()):
        return masks.hidden
    return BY_NAME.get(name.lower())
