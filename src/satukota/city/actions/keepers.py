"""Who lets people in: one active account that may must always be left, else nobody gets in any more.

Whoever takes a right away locks the keepers' rows first and looks again behind the lock, so that two of them cannot
take it from each other at one moment.
"""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.errors import UserError

from .. import queries
from ..models import Duty, Person
from ..roles import ROLES

KEEPS_THE_HOUSE = "accounts.invite"


def lock(at: datetime) -> set[int]:
    """Users who may let people in at `at`, locked until the transaction ends."""
    found = [user.pk for user in queries.people_with(KEEPS_THE_HOUSE, None, at)]
    list(User.objects.select_for_update().filter(pk__in=found).order_by("pk").values_list("pk"))
    return left(at)


def left(at: datetime) -> set[int]:
    return {user.pk for user in queries.people_with(KEEPS_THE_HOUSE, None, at)}


def keeps(duty: Duty) -> bool:
    return duty.role in ROLES and KEEPS_THE_HOUSE in ROLES[duty.role].allows


def day_after(on: date, at: datetime) -> datetime:
    """A moment of the first day without a duty whose last day is `on`; of tomorrow, when that is past."""
    return at + timedelta(days=max(0, (on - clock.local(at).date()).days) + 1)


def refuse_last(person: Person) -> UserError:
    return UserError(
        _("%(person)s satu-satunya yang masih dapat mengelola akun.") % {"person": person},
        fix=_("Beri tugas pengelola kepada orang lain dahulu."),
    )
