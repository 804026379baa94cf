"""One page per thing: what it is, who answers for it, what belongs to it, what changed."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.audit.models import AuditEntry

from .. import access, calendar, queries
from ..gates import needs
from ..models import Contract, Duty, Feeder, Kelurahan, Kota, Opd, Person, Place, Rt
from ..words import ACTS, LABELS, PLACE_KINDS, WATCHED_KINDS, area_words, role_name
from . import contacts, listing, registers, serving, timeline

HISTORY_MAX = 30


@require_GET
@needs("registers.view")
def home(request: HttpRequest) -> HttpResponse:
    current = Opd.objects.filter(valid_to=None)
    counts = queries.counts({
        "opd": current, "orang": Person.objects.all(), "kelurahan": Kelurahan.objects.all(), "rt": Rt.objects.all(),
        "tempat": Place.objects.all(), "jaringan": Feeder.objects.filter(ended_on=None),
        "kontrak": Contract.objects.all(),
        "tugas": Duty.objects.filter(queries.on_day(registers.today())),
        "schematic": Kelurahan.objects.filter(is_schematic=True),
        "unchecked": current.filter(source__icontains=registers.UNCHECKED),
    })  # fmt: skip
    told = {
        "kota": Kota.objects.first(),
        "figures": [(one, counts[one.key]) for one in listing.lists()],
        "schematic": counts["schematic"],
        "year": calendar.year(registers.today().year),
        "unchecked": counts["unchecked"],
    }
    return render(request, "city/home.html", told)


@require_GET
@needs("registers.view")
def opd(request: HttpRequest, code: str) -> HttpResponse:
    row = access.existing(Opd.objects.select_related("parent", "kelurahan"), code=code)
    now = clock.now()
    current, past = _duties(row.duties.select_related("person", "opd", "substitutes__person"), now)
    told = {
        "opd": row,
        "head": queries.heads_of([row.pk], now).get(row.pk),
        "current": current,
        "past": past,
        "children": row.children.order_by("short_name"),
        "owns": queries.counts({"jaringan": row.feeders.filter(ended_on=None), "kontrak": row.contracts.all()}),
        "watched": _by_kind(row),
        "may_staff": access.may(request.user, "people.edit", row.pk),
        "is_unchecked": registers.UNCHECKED in row.source,
    }
    return _render(
        request, "city/opd.html", told, row, registers.OPD, access.may(request.user, "registers.edit", row.pk)
    )


@require_GET
@needs("registers.view")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    row = access.existing(Person.objects.all(), pk=pk)
    now = clock.now()
    current, past = _duties(row.duties.select_related("opd", "person", "substitutes__person"), now)
    reach, held = access.scope(request.user, "people.edit"), current + past
    may_edit = bool(reach) and (not held or any(reach.covers(duty.opd_id, duty.kelurahan_id) for duty in held))
    phone = contacts.seen(row.phone, on=row, by=request.user) if access.may_call(request.user) else str(row.phone)
    for duty in current:
        duty.may_end = reach.covers(duty.opd_id, duty.kelurahan_id)
    told = {
        "person": row, "phone": phone, "current": current, "past": past,
        "may_invite": access.may(request.user, "accounts.invite"),
        "band": timeline.band(held, clock.local(now).date()),
    }  # fmt: skip
    return _render(request, "city/person.html", told, row, serving.PEOPLE, may_edit)


@require_GET
@needs("registers.view")
def kelurahan(request: HttpRequest, code: str) -> HttpResponse:
    row = access.existing(Kelurahan.objects.select_related("kecamatan", "opd"), code=code)
    told = {
        "kelurahan": row,
        "office": Opd.objects.filter(kelurahan=row).first(),
        "places": row.places.order_by("-stake", "name"),
        "watched": _watched(request, "kelurahan", row.pk),
    }
    return _render(request, "city/kelurahan.html", told, row, registers.KELURAHAN, False)


@require_GET
@needs("registers.view")
def place(request: HttpRequest, code: str) -> HttpResponse:
    row = access.existing(Place.objects.select_related("kelurahan"), code=code)
    told = {
        "place": row,
        "kind_words": PLACE_KINDS.get(row.kind, row.kind),
        "watched": _watched(request, "place", row.pk),
    }
    return _render(request, "city/place.html", told, row, registers.PLACES, access.may(request.user, "registers.edit"))


@require_GET
@needs("registers.view")
def feeder(request: HttpRequest, code: str) -> HttpResponse:
    row = access.existing(Feeder.objects.select_related("owner", "upstream", "kelurahan"), code=code)
    told = {
        "feeder": row,
        "state": queries.states_of([row.code]).get(row.code, ""),
        "behind": _watched(request, f"{row.kind}__code", row.code),
        "downstream": row.downstream.filter(ended_on=None).order_by("code"),
    }
    may_edit = access.may_on(request.user, "registers.edit", row)
    return _render(request, "city/feeder.html", told, row, registers.FEEDERS, may_edit)


@require_GET
@needs("registers.view")
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    row = access.existing(Contract.objects.select_related("opd"), pk=pk)
    day = registers.today()
    may_edit = access.may(request.user, "registers.edit", row.opd_id)
    opd_code, contact = row.opd.code, row.vendor_contact
    told = {
        "contract": row,
        "contact": contacts.seen(contact, on=row, by=request.user, opd_code=opd_code) if may_edit else str(contact),
        "is_running": row.starts_on <= day <= row.ends_on,
        "watched": _watched(request, "contract", row.pk),
    }
    return _render(request, "city/contract.html", told, row, registers.CONTRACTS, may_edit)


def _render(
    request: HttpRequest, template: str, told: dict[str, Any], row: Model, of: listing.Listing, may_edit: bool
) -> HttpResponse:
    crumbs = [(_("Register"), reverse("city:home")), (str(of.label), reverse("city:list", args=[of.key]))]
    history = _history(row) if may_edit or access.may(request.user, "audit.view") else []
    return render(request, template, {**told, "crumbs": crumbs, "may_edit": may_edit, "history": history})


def _duties(duties: QuerySet[Duty], at: datetime) -> tuple[list[Duty], list[Duty]]:
    """Those that run or are yet to begin, and those that ended; with the words of the role."""
    today = clock.local(at).date()
    rows = list(duties.select_related("kelurahan", "kecamatan").order_by("-on_call", "from_on", "pk"))
    for row in rows:
        row.role_name, row.area = role_name(row), area_words(row)
        row.is_future = row.from_on > today
    past = [row for row in rows if row.to_on and row.to_on < today]
    return [row for row in rows if row not in past], past


def _watched(request: HttpRequest, field: str, value: object) -> dict[str, Any]:
    """What this person may see of the things below a row, and how many there are in all."""
    owners = access.visible(Opd.objects.all(), request.user, "monitoring.view", owner="pk")
    rows = queries.watched_under(field, value, owners)
    number = Opd.objects.filter(**{f"targets__{field}": value, "targets__retired_on": None}).aggregate(
        number=Count("targets")
    )["number"]
    return {"rows": rows, "number": number, "unseen": number - len(rows)}


def _by_kind(opd: Opd) -> list[dict[str, Any]]:
    """Things in service per kind and state."""
    in_service = opd.targets.filter(retired_on=None)
    rows = in_service.values("kind", "state").annotate(number=Count("pk")).order_by("kind", "state")
    return [row | {"kind_words": WATCHED_KINDS.get(row["kind"], row["kind"])} for row in rows]


def _history(row: Model) -> list[dict[str, Any]]:
    entries = AuditEntry.objects.filter(on_kind=row._meta.label_lower, on_id=str(row.pk)).order_by("-number")
    return [
        {"entry": entry, "words": ACTS.get(entry.act, entry.act), "changes": _changes(entry.before, entry.after)}
        for entry in entries[:HISTORY_MAX]
    ]


def _changes(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    was, now = (side if isinstance(side, dict) else {} for side in (before, after))
    return [(str(LABELS.get(name, name)), was.get(name), now.get(name)) for name in sorted({*was, *now})]
