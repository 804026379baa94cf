"""Who may see and change a rota: it belongs to its OPD. A wrong one gets the same answer as none."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from satukota.city import access
from satukota.city.models import Person

from .models import Rota, Shift, Swap

Row = TypeVar("Row", bound=Model)


def _visible(rows: QuerySet[Row], user: Any, permission: str, owner: str) -> QuerySet[Row]:
    """A desk lies in no area: under a duty limited to one there is none."""
    if access.scope(user, permission).area_ids is not None:
        return rows.none()
    return access.visible(rows, user, permission, owner=owner)


def rotas(user: Any, permission: str = "shifts.view") -> QuerySet[Rota]:
    return _visible(Rota.objects.select_related("opd"), user, permission, "opd")


def shifts(user: Any, permission: str = "shifts.view") -> QuerySet[Shift]:
    return _visible(Shift.objects.select_related("rota__opd", "supervisor"), user, permission, "rota__opd")


def rota_for(user: Any, pk: int, permission: str) -> Rota:
    return access.existing(rotas(user, permission), pk=pk)


def shift_for(user: Any, pk: int, permission: str) -> Shift:
    return access.existing(shifts(user, permission), pk=pk)


def swap_for(user: Any, pk: int, permission: str) -> Swap:
    rows = Swap.objects.select_related("shift__rota__opd", "in_return", "asker", "asked")
    return access.existing(_visible(rows, user, permission, "shift__rota__opd"), pk=pk)


def person_of(user: Any) -> Person | None:
    """Who signs: the person behind the account, whatever their hat."""
    return Person.objects.filter(user=user).first()
