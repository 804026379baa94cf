"""The one access layer: every page, API operation and export asks here. A wrong OPD looks like a missing thing."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import Missing, NotAllowed

from .models import Duty, Person
from .roles import PERMISSIONS, ROLES, Reach

Thing = TypeVar("Thing", bound=Model)


@dataclass(frozen=True)
class Scope:
    """How far a permission reaches for one person: everywhere, or the named OPDs (none at all when empty)."""

    everywhere: bool
    opd_ids: frozenset[int]

    def covers(self, opd_id: int | None) -> bool:
        return self.everywhere or (opd_id is not None and opd_id in self.opd_ids)

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.opd_ids)


NOWHERE = Scope(False, frozenset())


def duties_of(user: Any) -> list[Duty]:
    """Duties the person holds today; one query, remembered on the user object for the request."""
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return []
    held = getattr(user, "_duties_held", None)
    if held is None:
        today = clock.local(clock.now()).date()
        current = Q(from_on__lte=today) & (Q(to_on=None) | Q(to_on__gte=today))
        held = list(Duty.objects.filter(current, person__user=user).select_related("opd", "person"))
        user._duties_held = held
        user.current_hat = "; ".join(f"{ROLES[duty.role].name} · {duty.opd}" for duty in held if duty.role in ROLES)
    return held


def scope(user: Any, permission: str) -> Scope:
    """Where `user` may do `permission`. An unknown permission is a programming error, not a refusal."""
    if permission not in PERMISSIONS:
        raise KeyError(f"no role allows {permission!r}: is it spelled as in city.roles?")
    allowing = [duty for duty in duties_of(user) if duty.role in ROLES and permission in ROLES[duty.role].allows]
    if any(ROLES[duty.role].reach is Reach.CITY for duty in allowing):
        return Scope(True, frozenset())
    return Scope(False, frozenset(duty.opd_id for duty in allowing))


def may(user: Any, permission: str, opd_id: int | None = None) -> bool:
    """Without an OPD: anywhere at all. With one: there."""
    reach = scope(user, permission)
    return bool(reach) if opd_id is None else reach.covers(opd_id)


def require(user: Any, permission: str, opd_id: int | None = None) -> None:
    """Raises NotAllowed, which every page answers as 404."""
    if not may(user, permission, opd_id):
        raise _not_found()


def _not_found() -> NotAllowed:
    return NotAllowed(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))


def require_everywhere(user: Any, permission: str) -> None:
    """For acts that concern the whole city. Raises NotAllowed."""
    if not scope(user, permission).everywhere:
        raise _not_found()


def visible(things: QuerySet[Thing], user: Any, permission: str, *, owner: str = "owner") -> QuerySet[Thing]:
    """The rows of `things` the person may see; `owner` names the field holding the OPD."""
    reach = scope(user, permission)
    if reach.everywhere:
        return things
    return things.filter(**{f"{owner}__in": reach.opd_ids}) if reach.opd_ids else things.none()


def one(things: QuerySet[Thing], user: Any, permission: str, *, owner: str = "owner", **lookup: Any) -> Any:
    """The one row, or the same Missing for a wrong OPD and for no such thing."""
    return existing(visible(things, user, permission, owner=owner), **lookup)


def existing(things: QuerySet[Thing], **lookup: Any) -> Any:
    """The one row, whoever asks; Missing when there is none."""
    found = things.filter(**lookup).first()
    if found is None:
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))
    return found


def to_edit(things: QuerySet[Thing], by: Any, *, owner: str = "owner", **lookup: Any) -> Any:
    """The one register row `by` may edit, else Missing. `by` None is the machine: a command on the server."""
    return existing(things, **lookup) if by is None else one(things, by, "registers.edit", owner=owner, **lookup)


def person_to_edit(by: Any, person_id: int) -> Person:
    """A person with a duty, past or present, at an OPD `by` may edit, or without any duty yet. Else Missing."""
    person = existing(Person.objects.all(), pk=person_id)
    if by is None:
        return person
    require(by, "registers.edit")
    opd_ids = set(person.duties.values_list("opd_id", flat=True))
    reach = scope(by, "registers.edit")
    if opd_ids and not any(reach.covers(opd_id) for opd_id in opd_ids):
        raise _not_found()
    return person
