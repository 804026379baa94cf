"""What the registers know: where a point lies, who is on duty, who should be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from satukota.base import clock
from satukota.base.accounts.models import User

from .areas import AreaIndex, dissolved
from .models import Duty, Kelurahan, Kota, Opd, Person
from .roles import LEADING, ROLES, Reach

_areas: tuple[tuple[tuple[int, str], ...], AreaIndex[Kelurahan]] | None = None


def kota() -> Kota | None:
    return Kota.objects.first()


def kelurahan_of(lon: float, lat: float) -> Kelurahan | None:
    """The kelurahan a point lies in, by imported or schematic area; None in the sea or elsewhere. One small query."""
    return area_index().at(lon, lat)


def kelurahan_of_many(points: Sequence[tuple[float, float]]) -> list[Kelurahan | None]:
    """The same for many (lon, lat) at once; one small query for all of them."""
    return area_index().at_many(points)


def area_index() -> AreaIndex[Kelurahan]:
    """Areas in code order, kept in this process until an import gives any of them another source."""
    global _areas
    version = tuple(Kelurahan.objects.exclude(area=None).order_by("code").values_list("pk", "area_source"))
    if _areas is None or _areas[0] != version:
        rows = Kelurahan.objects.exclude(area=None).select_related("kecamatan").order_by("code")
        _areas = version, AreaIndex([(row, row.area) for row in rows])
    return _areas[1]


def outlines() -> dict[str, Any]:
    """Shapes of each kecamatan and of the city by code, dissolved from the kelurahan. Two queries."""
    rows = list(Kelurahan.objects.exclude(area=None).values_list("kecamatan__code", "area"))
    code = Kota.objects.values_list("code", flat=True).first() or ""
    return dissolved(rows) | dissolved([(code, area) for _kecamatan, area in rows])


def on_day(day: date) -> Q:
    """Duties that run on that day."""
    return Q(from_on__lte=day) & (Q(to_on=None) | Q(to_on__gte=day))


def current_duties(at: datetime) -> QuerySet[Duty]:
    return Duty.objects.filter(on_day(clock.local(at).date())).select_related("person", "opd", "kelurahan", "kecamatan")


def duty_officer(opd_id: int, at: datetime) -> Person | None:
    """Whom an incident of the OPD goes to: on call first (longest serving), else its head. One query.

    Before a head goes whoever acts for them these days.
    """
    head = Q(role__in=LEADING)
    order = Case(
        When(on_call=True, then=Value(0)), When(substitutes__isnull=False, then=Value(1)), default=Value(2),
        output_field=IntegerField(),
    )  # fmt: skip
    duty = (
        current_duties(at).filter(Q(on_call=True) | head, opd_id=opd_id)
        .order_by(order, "from_on", "pk").first()
    )  # fmt: skip
    return duty.person if duty else None


def people_with(
    permission: str, opd_id: int | None, at: datetime | None = None, *, area_id: int | None = None
) -> list[User]:
    """Accounts to tell: active people one of whose duties, worn or not, allows `permission` there. One query.

    `area_id`, the kelurahan: duties limited to an area count only for what lies in it.
    """
    allowing = [role for role in ROLES.values() if permission in role.allows]
    city, opd, area = ([role.key for role in allowing if role.reach is reach] for reach in Reach)
    unlimited = Q(kecamatan=None, kelurahan=None)
    named = Q(kelurahan=area_id) | Q(kecamatan__kelurahan=area_id) if area_id is not None else Q(pk__in=())
    at_home = Q(role__in=area, opd__kelurahan=area_id) & unlimited if area_id is not None else Q(pk__in=())
    owners = Q(role__in=city) | Q(role__in=opd, opd_id=opd_id) if opd_id is not None else Q(role__in=city)
    reach = (owners & (unlimited | named)) | (Q(role__in=area) & named) | at_home
    held = current_duties(at or clock.now()).filter(reach, person__user__is_active=True)
    return list(User.objects.filter(pk__in=held.values("person__user")).order_by("username"))


def opds_on(day: date) -> QuerySet[Opd]:
    return Opd.objects.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)


def counts(rows: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each of the named querysets has. One query for all."""
    each = [
        qs.order_by()
        .annotate(named=Value(name))
        .values("named")
        .annotate(number=Count("pk"))
        .values_list("named", "number")
        for name, qs in rows.items()
    ]
    return {name: 0 for name in rows} | dict(each[0].union(*each[1:], all=True))


def heads_of(opd_ids: Sequence[int], at: datetime) -> dict[int, Duty]:
    """Who heads each OPD that day, in one query: who acts for an absent head, else the definitive, else who acts."""
    heads = current_duties(at).filter(opd__in=opd_ids, role__in=LEADING)
    heads = heads.order_by(F("substitutes").asc(nulls_first=True), "-acting", "from_on")  # the last one stays
    return {duty.opd_id: duty for duty in heads}


def watched_by(*fields: str) -> dict[Any, int]:
    """How many things in service name each row of a register in one of their `fields`. One query.

    The things belong to an upper band; they are counted through the OPD that owns them.
    """
    each = [
        Opd.objects.filter(**{"targets__retired_on": None, f"targets__{field}__isnull": False})
        .order_by().values_list(f"targets__{field}").annotate(Count("targets"))
        for field in fields
    ]  # fmt: skip
    return dict(each[0].union(*each[1:], all=True))


@dataclass(frozen=True)
class Watched:
    """One thing in service, as a register shows it."""

    code: str
    name: str
    kind: str
    state: str
    owner: str


WATCHED_COLUMNS = ("targets__code", "targets__name", "targets__kind", "targets__state", "short_name")


def watched_under(field: str, value: object, owners: QuerySet[Opd], most: int = 200) -> list[Watched]:
    """Things in service whose `field` is `value` and that belong to one of `owners`, by code. One query."""
    rows = owners.filter(**{f"targets__{field}": value, "targets__retired_on": None}).order_by("targets__code")
    return [Watched(*row) for row in rows.values_list(*WATCHED_COLUMNS)[:most]]


def states_of(codes: Sequence[str]) -> dict[str, str]:
    """What is believed now of the watched things with these codes. One query."""
    return dict(Opd.objects.filter(targets__code__in=codes).values_list("targets__code", "targets__state"))
