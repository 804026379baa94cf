"""The desk of the sample command centre and its shifts, so that the pages live."""

from datetime import datetime

from django.utils.translation import gettext as _

from satukota.city.models import Person
from satukota.shared.shifts import actions
from satukota.shared.shifts.models import Rota

OPERATORS, SUPERVISORS = ("operator", "operator2"), ("supervisor",)
WEEKS = 4


def add(opd_id: int, at: datetime) -> int:
    """Plan the desk of the sample operators four weeks ahead; how many shifts are new. A desk people made stays."""
    row = Rota.objects.order_by("pk").first() or _desk(opd_id, at)
    return actions.plan_ahead(row.pk, weeks=WEEKS, by=None, at=at)


def _desk(opd_id: int, at: datetime) -> Rota:
    people = dict(Person.objects.filter(user__username__in=OPERATORS + SUPERVISORS).values_list("user__username", "pk"))
    return actions.add_rota(
        opd_id=opd_id, name=_("Meja pusat komando (contoh)"), pattern=Rota.Pattern.TWO_12, per_shift=1, alarm_budget=6,
        operators=[people[name] for name in OPERATORS], supervisors=[people[name] for name in SUPERVISORS],
        by=None, at=at,
    )  # fmt: skip
