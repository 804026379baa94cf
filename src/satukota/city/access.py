"""The one access layer: every page, API operation and export asks here. A wrong OPD looks like a missing thing.

A person acts under one duty at a time, the hat worn: it alone decides what they see and may do. `gates` asks this for
whole views; actions ask again, because not every act comes from a view.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import Missing, NotAllowed, UserError

from .models import Duty, Kelurahan, Person, Place
from .roles import PERMISSIONS, ROLES, Reach

Thing = TypeVar("Thing", bound=Model)


@dataclass(frozen=True)
class Scope:
    """How far a permission reaches for one person. None stands for no limit; an empty set reaches nothing."""

    opd_ids: frozenset[int] | None
    area_ids: frozenset[int] | None = None  # kelurahan
    fiscal_year: int | None = None  # for things that belong to a budget year

    @property
    def everywhere(self) -> bool:
        return self.opd_ids is None and self.area_ids is None

    def covers(self, opd_id: int | None, area_id: int | None = None) -> bool:
        """A thing without an area is outside every area."""
        in_opd = self.opd_ids is None or opd_id in self.opd_ids
        return in_opd and (self.area_ids is None or area_id in self.area_ids)

    def __bool__(self) -> bool:
        return self.opd_ids != frozenset() and self.area_ids != frozenset()


NOWHERE, NO_LIMIT = Scope(frozenset()), Scope(None)


def duties_of(user: Any) -> list[Duty]:
    """Duties the person holds today, definitive ones first; one query, remembered on the user for the request."""
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return []
    held = getattr(user, "_duties_held", None)
    if held is None:
        today = clock.local(clock.now()).date()
        current = Q(from_on__lte=today) & (Q(to_on=None) | Q(to_on__gte=today))
        rows = Duty.objects.filter(current, person__user=user)
        held = list(
            rows.select_related("opd", "person", "kelurahan", "kecamatan").order_by(
                "acting", "-on_call", "from_on", "pk"
            )
        )
        user._duties_held = held
    return held


def hat_of(user: Any) -> Duty | None:
    """The duty the person acts under: the one chosen for this session while it is held, else the first held."""
    held = duties_of(user)
    chosen = getattr(user, "hat_id", None)
    return next((duty for duty in held if duty.pk == chosen), held[0] if held else None)


def scope(user: Any, permission: str) -> Scope:
    """Where `user` may do `permission`. An unknown permission is a programming error, not a refusal."""
    if permission not in PERMISSIONS:
        raise KeyError(f"no role allows {permission!r}: is it spelled as in city.roles?")
    hat = hat_of(user)
    role = ROLES.get(hat.role) if hat else None
    if hat is None or role is None or permission not in role.allows:
        return NOWHERE
    opds = frozenset({hat.opd_id}) if role.reach is Reach.OPD else None
    return Scope(opds, _areas_of(hat, role.reach), hat.fiscal_year)


def _areas_of(hat: Duty, reach: Reach) -> frozenset[int] | None:
    """Kelurahan the duty is limited to. A neighbourhood (RT) counts as its kelurahan: no thing knows its RT yet."""
    if hasattr(hat, "_area_ids"):  # remembered with the hat
        return hat._area_ids
    areas: frozenset[int] | None = None
    if hat.kelurahan_id:
        areas = frozenset({hat.kelurahan_id})
    elif hat.kecamatan_id:
        areas = frozenset(Kelurahan.objects.filter(kecamatan=hat.kecamatan_id).values_list("pk", flat=True))
    elif reach is Reach.AREA:
        areas = frozenset({hat.opd.kelurahan_id} - {None})
    hat._area_ids = areas
    return areas


def may(user: Any, permission: str, opd_id: int | None = None, area_id: int | None = None) -> bool:
    """Without an OPD: anywhere at all. With one: there, and in that kelurahan when the duty is limited to an area."""
    reach = scope(user, permission)
    return bool(reach) if opd_id is None else reach.covers(opd_id, area_id)


def may_call(user: Any) -> bool:
    """Who handles incidents or keeps the register sees whole telephone numbers."""
    return may(user, "incidents.handle") or may(user, "registers.edit")


def may_on(user: Any, permission: str, thing: Any) -> bool:
    """On a thing that has `owner` and `kelurahan`."""
    return scope(user, permission).covers(thing.owner_id, thing.kelurahan_id)


def require(user: Any, permission: str, opd_id: int | None = None, area_id: int | None = None) -> None:
    """Raises NotAllowed, which every page answers as 404."""
    if not may(user, permission, opd_id, area_id):
        raise not_found()


def not_found() -> NotAllowed:
    return NotAllowed(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))


def require_everywhere(user: Any, permission: str) -> None:
    """For acts that concern the whole city. Raises NotAllowed."""
    if not scope(user, permission).everywhere:
        raise not_found()


def not_the_maker(user: Any, maker: Any) -> None:
    """Nobody approves what they made themselves, under whatever hat. `maker`: an account, a Person, or None.

    Persons are compared, never duties. Raises UserError. A machine (None) is nobody.
    """
    made_by = maker.user_id if isinstance(maker, Person) else getattr(maker, "pk", None)
    if user is not None and made_by is not None and made_by == user.pk:
        raise UserError(
            _("Ini menyangkut Anda sendiri; pembuat dan pemberi persetujuan harus dua orang."),
            fix=_("Minta orang lain yang berwenang. Berganti tugas tidak mengubahnya."),
            code="pembuat_menyetujui",
        )


@cache
def _area_path(model: Any, owner: str) -> str:
    """Where a model keeps its kelurahan, beside its owner: target__owner → target__kelurahan. Empty: it has none."""
    *through, _last = owner.split("__")
    if owner == "pk":
        return ""
    try:
        for name in through:
            model = model._meta.get_field(name).related_model
        model._meta.get_field("kelurahan")
    except FieldDoesNotExist:
        return ""
    return "__".join([*through, "kelurahan"])


def within(reach: Scope, model: type[Model], owner: str) -> Q:
    """The condition on rows of `model` that are in reach; `owner` names the field holding the OPD.

    A thing without an area is judged by its OPD alone, and is out of reach of a duty that has only an area; an OPD
    itself is in reach of everyone who may name it.
    """
    if not reach:
        return Q(pk__in=())
    area, inside = _area_path(model, owner), Q()  # type: ignore[arg-type]
    if reach.opd_ids is not None:
        inside &= Q(**{f"{owner}__in": reach.opd_ids})
    if reach.area_ids is not None and area:
        inside &= Q(**{f"{area}__in": reach.area_ids})
    elif reach.area_ids is not None and reach.opd_ids is None and owner != "pk":
        return Q(pk__in=())
    return inside


def visible(
    things: QuerySet[Thing], user: Any, permission: str, *, owner: str = "owner", year: str = ""
) -> QuerySet[Thing]:
    """The rows of `things` the person may see; `owner` and `year` name the fields of the OPD and the budget year."""
    reach = scope(user, permission)
    if not reach.everywhere:
        things = things.filter(within(reach, things.model, owner))
    return things.filter(**{year: reach.fiscal_year}) if year and reach.fiscal_year is not None else things


def one(things: QuerySet[Thing], user: Any, permission: str, *, owner: str = "owner", **lookup: Any) -> Any:
    """The one row, or the same Missing for a wrong OPD and for no such thing."""
    return existing(visible(things, user, permission, owner=owner), **lookup)


def existing(things: QuerySet[Thing], **lookup: Any) -> Any:
    """The one row, whoever asks; Missing when there is none."""
    is_text_possible = not any(isinstance(value, str) and "\0" in value for value in lookup.values())
    found = things.filter(**lookup).first() if is_text_possible else None
    if found is None:
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))
    return found


def to_edit(
    things: QuerySet[Thing], by: Any, permission: str = "registers.edit", *, owner: str = "owner", **lookup: Any
) -> Any:
    """The one row `by` may change, else Missing. `by` None is the machine: a command on the server.

    Who serves an area only does not change what belongs to no area, such as the OPD itself.
    """
    if by is None:
        return existing(things, **lookup)
    if scope(by, permission).area_ids is not None and not _area_path(things.model, owner):
        things = things.none()
    return one(things, by, permission, owner=owner, **lookup)


def place_to_edit(by: Any, places: QuerySet[Place], **lookup: Any) -> Place:
    """A place belongs to nobody: who edits registers edits all of them, within the area of the duty. Else Missing."""
    reach = NO_LIMIT if by is None else scope(by, "registers.edit")
    if reach.area_ids is not None:
        places = places.filter(kelurahan__in=reach.area_ids)
    return existing(places if reach else places.none(), **lookup)


def require_area(by: Any, permission: str, area_id: int | None) -> None:
    """A thing put down or moved there stays within the area of the duty. Raises UserError. `by` None: the machine."""
    reach = NO_LIMIT if by is None else scope(by, permission)
    if reach.area_ids is not None and area_id not in reach.area_ids:
        raise UserError(_("Letak itu di luar wilayah tugas Anda."), fix=_("Pilih letak di dalam wilayah tugas."))


def person_to_edit(by: Any, person_id: int, permission: str = "people.edit") -> Person:
    """A person with a duty, past or present, at an OPD within reach of `by`, or without any duty yet. Else Missing."""
    person = existing(Person.objects.all(), pk=person_id)
    if by is None:
        return person
    require(by, permission)
    reach = scope(by, permission)
    held = list(person.duties.values_list("opd_id", "kelurahan_id"))
    if held and not any(reach.covers(*where) for where in held):
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Periksa alamatnya atau kembali ke awal."))
    return person
