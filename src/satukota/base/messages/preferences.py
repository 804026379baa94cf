"""What each person chose: channels, and quiet hours that hold back only what can wait."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError

from .channels import address_of, outward
from .models import Message, Preference

Urgency = Message.Urgency


def preference_of(user: Any) -> Preference:
    """The stored choice, or the one everybody starts with (not stored)."""
    return Preference.objects.filter(user=user).first() or Preference(user=user)


def preferences_of(people: Sequence[Any]) -> dict[int, Preference]:
    """By user id. One query."""
    found = Preference.objects.in_bulk([person.pk for person in people])
    return {person.pk: found.get(person.pk) or Preference(user=person) for person in people}


def channels_of(person: Any, choice: Preference, also: Iterable[str] = ()) -> list[str]:
    """The screen, then what is chosen or in `also`, set up, and reaches the person."""
    wanted = {key for key in outward() if getattr(choice, key)} | set(also)
    reached = [key for key, way in outward().items() if key in wanted and way.is_set_up() and address_of(person, key)]
    return [str(Message.Channel.SCREEN), *reached]


def held_until(choice: Preference, urgency: int, at: datetime) -> datetime | None:
    """End of the person's quiet hours when the message is of low urgency and falls into them; else None."""
    if urgency != Urgency.LOW or choice.quiet_from is None or choice.quiet_to is None:
        return None
    here = clock.local(at)
    begins, ends, now = choice.quiet_from, choice.quiet_to, here.time()
    is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    if not is_quiet:
        return None
    end = datetime.combine(here.date(), ends, here.tzinfo)
    return end if end > here else end + timedelta(days=1)


@transaction.atomic
def choose(
    user: Any, *, email: bool, whatsapp: bool, sms: bool, quiet_from: time | None, quiet_to: time | None, at: datetime
) -> Preference:
    """Store a choice; what waits for the end of the old quiet hours follows the new ones. Raises UserError."""
    if (quiet_from is None) != (quiet_to is None):
        raise UserError(_("Jam tenang butuh awal dan akhir."), fix=_("Isi keduanya, atau kosongkan keduanya."))
    if quiet_from is not None and quiet_from == quiet_to:
        raise UserError(_("Awal dan akhir jam tenang sama."), fix=_("Pilih dua jam yang berbeda."))
    chosen = {
        "email": email, "whatsapp": whatsapp, "sms": sms, "quiet_from": quiet_from, "quiet_to": quiet_to,
    }  # fmt: skip
    choice, _is_new = Preference.objects.update_or_create(user=user, defaults=chosen)
    waiting = Message.objects.filter(recipient=user, sent_at=None, failed_at=None, urgency=Urgency.LOW)
    waiting.update(not_before=held_until(choice, Urgency.LOW, at))
    return choice
