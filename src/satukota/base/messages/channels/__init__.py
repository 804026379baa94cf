"""The ways out of the house. A channel carries one letter to one address, or says why not; the outbox does the rest."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from ..models import Message

PHONE = re.compile(r"\+[1-9]\d{7,14}")  # E.164
COUNTRY = "62"
OUTWARD = ("email", "whatsapp", "sms")  # every channel but the screen


@dataclass(frozen=True)
class Letter:
    """What goes out. `key` is the same at every try: whoever receives twice can tell."""

    key: str
    to: str
    subject: str
    text: str
    link: str  # absolute, or empty


class NotSent(Exception):
    """Not sent, in one Indonesian sentence that names no address and quotes no server.

    `for_good`: trying again cannot help. `is_channel`: nothing goes out this way now, whoever it is for.
    """

    def __init__(
        self, sentence: str, *, for_good: bool = False, is_channel: bool = False, wait_s: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.for_good, self.is_channel, self.wait_s = sentence, for_good, is_channel, wait_s


class Channel(Protocol):
    """`send` returns when the other side has taken the letter over; raises NotSent, and only that."""

    key: str

    def is_set_up(self) -> bool: ...

    def send(self, letter: Letter) -> None: ...


def outward() -> dict[str, Channel]:
    """By key, in the order of OUTWARD, as the settings have them now."""
    from .gateway import GatewayChannel
    from .mail import MailChannel

    found: list[Channel] = [MailChannel()]
    found += [GatewayChannel(key, **settings.MESSAGE_GATEWAYS.get(key, {})) for key in OUTWARD[1:]]
    return {channel.key: channel for channel in found}


PhoneOf = Callable[[Any], str]
_phone_sources: list[PhoneOf] = []


def phones_come_from(source: PhoneOf) -> None:
    """An upper band knows people's numbers: `source(user)` gives one as it was written down, or empty."""
    if source not in _phone_sources:
        _phone_sources.append(source)


def address_of(user: Any, channel: str) -> str:
    """Where the person is reached over the channel; empty when they are not. Asked for at every try, never stored."""
    if channel == Message.Channel.EMAIL:
        return user.email
    for source in _phone_sources:
        if number := as_dialled(source(user)):
            return number
    return ""


def as_dialled(written: str) -> str:
    """0812-3456-789 → +628123456789; empty when it is no telephone number."""
    digits = re.sub(r"\D", "", written)
    if digits.startswith("0") and not written.strip().startswith("+"):
        digits = COUNTRY + digits[1:]
    number = f"+{digits}"
    return number if PHONE.fullmatch(number) else ""
