"""Desks, their people and their shifts, weeks ahead."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing, UserError
from satukota.city import access as city
from satukota.city.models import Opd, Person
from satukota.rules import rota as rule
from satukota.rules.rota import Span

from .. import access
from ..models import Leave, Rota, RotaMember, Shift, Sitting

WEEKS_MOST = 13
Seat = RotaMember.Seat


@transaction.atomic
def add_rota(
    *, opd_id: int, name: str, pattern: str, per_shift: int, alarm_budget: float, operators: Sequence[int],
    supervisors: Sequence[int], by: Any, at: datetime,
) -> Rota:  # fmt: skip
    """`operators` and `supervisors` are ids of people, operators in the order of their turns. Raises UserError."""
    opd = city.existing(Opd.objects.all(), pk=opd_id)
    if by is not None and not city.scope(by, "shifts.plan").covers(opd_id):
        raise city.not_found()
    if Rota.objects.filter(name=name).exists():
        raise UserError(_("Jadwal bernama “%s” sudah ada.") % name, fix=_("Pilih nama lain."))
    row = Rota(opd=opd)
    return _store(row, name, pattern, per_shift, alarm_budget, operators, supervisors, by, at, None)


@transaction.atomic
def edit_rota(
    rota_id: int, *, name: str, pattern: str, per_shift: int, alarm_budget: float, operators: Sequence[int],
    supervisors: Sequence[int], by: Any, at: datetime,
) -> Rota:  # fmt: skip
    """Shifts that are planned stay as they are; the change counts for those planned from now on."""
    row = access.rota_for(by, rota_id, "shifts.plan")
    if Rota.objects.filter(name=name).exclude(pk=row.pk).exists():
        raise UserError(_("Jadwal bernama “%s” sudah ada.") % name, fix=_("Pilih nama lain."))
    return _store(row, name, pattern, per_shift, alarm_budget, operators, supervisors, by, at, _facts(row))


def _store(
    row: Rota, name: str, pattern: str, per_shift: int, budget: float, operators: Sequence[int],
    supervisors: Sequence[int], by: Any, at: datetime, before: Any,
) -> Rota:  # fmt: skip
    if pattern not in rule.PATTERNS or not 1 <= per_shift <= 50 or not 0 < budget <= 1000:
        raise UserError(_("Isian jadwal ini tidak masuk akal."), fix=_("Periksa pola, jumlah petugas, dan anggaran."))
    if len(set(operators)) < per_shift:
        raise UserError(
            _("Setiap giliran memerlukan %(need)d operator, yang dipilih hanya %(n)d.")
            % {"need": per_shift, "n": len(set(operators))},
            fix=_("Pilih operator lain atau kurangi jumlah per giliran."),
        )
    row.name, row.pattern, row.per_shift, row.alarm_budget = name, pattern, per_shift, budget
    row.save()
    row.members.all().delete()
    seats = [(pk, Seat.OPERATOR) for pk in operators] + [(pk, Seat.SUPERVISOR) for pk in supervisors]
    RotaMember.objects.bulk_create(RotaMember(rota=row, person_id=pk, seat=seat) for pk, seat in dict.fromkeys(seats))
    act = "shifts.rota_edited" if before else "shifts.rota_added"
    audit.record(act, on=row, by=by, at=at, opd_code=row.opd.code, before=before, after=_facts(row))
    return row


def _facts(row: Rota) -> dict[str, Any]:
    members = list(row.members.select_related("person"))
    return {
        "name": row.name, "pattern": row.pattern, "per_shift": row.per_shift, "alarm_budget": row.alarm_budget,
        "operators": [str(one.person) for one in members if one.seat == Seat.OPERATOR],
        "supervisors": [str(one.person) for one in members if one.seat == Seat.SUPERVISOR],
    }  # fmt: skip


@transaction.atomic
def plan_ahead(rota_id: int, *, weeks: int, by: Any, at: datetime) -> int:
    """Shifts from the pattern up to `weeks` from today; how many are new. What is planned stays: safe to repeat.

    Raises UserError for more than WEEKS_MOST weeks.
    """
    if not 1 <= weeks <= WEEKS_MOST:
        raise UserError(_("Susun 1 sampai %d minggu ke depan.") % WEEKS_MOST, fix=_("Misalnya 4."))
    row = city.existing(Rota.objects.all(), pk=rota_id) if by is None else access.rota_for(by, rota_id, "shifts.plan")
    Rota.objects.select_for_update().get(pk=row.pk)  # two planners at once: the second adds nothing
    spans = _missing_spans(row, weeks, at)
    if not spans:
        return 0
    seats = _seats(row, spans)
    supervisors = list(row.members.filter(seat=Seat.SUPERVISOR).values_list("person", flat=True))
    shifts = Shift.objects.bulk_create(
        Shift(rota=row, starts_at=span.start, ends_at=span.end, supervisor_id=_of_day(supervisors, span))
        for span in spans
    )
    Sitting.objects.bulk_create(
        Sitting(shift=shift, person_id=person) for shift, people in zip(shifts, seats, strict=True) for person in people
    )
    after = {"from": spans[0].start.isoformat(), "until": spans[-1].end.isoformat(), "shifts": len(shifts)}
    audit.record("shifts.planned", on=row, by=by, at=at, opd_code=row.opd.code, after=after)
    return len(shifts)


def _missing_spans(row: Rota, weeks: int, at: datetime) -> list[Span]:
    """Spans of the pattern from the one that runs now, after whatever is planned."""
    today, zone = clock.local(at).date(), clock.local_zone()
    planned_to = row.shifts.aggregate(end=Max("ends_at"))["end"] or at
    spans = []
    for n in range(-1, weeks * 7):
        for hour, hours in rule.PATTERNS[row.pattern]:
            start = datetime.combine(today + timedelta(days=n), time(hour), zone).astimezone(at.tzinfo)
            span = Span(start, start + timedelta(hours=hours))
            if span.end > at and (span.start >= planned_to or (planned_to == at and span.start <= at)):
                spans.append(span)
    return spans


def _seats(row: Rota, spans: list[Span]) -> list[list[int]]:
    people = list(row.members.filter(seat=Seat.OPERATOR).values_list("person", flat=True))
    sat = Sitting.objects.filter(person__in=people).values("person").annotate(end=Max("shift__ends_at"))
    away = _away(people, spans)
    return rule.turns(
        spans, people, row.per_shift, lambda one, span: any(span.start < end and start < span.end
                                                            for start, end in away.get(one, [])),
        {row["person"]: row["end"] for row in sat},
    )  # fmt: skip


def _away(people: list[int], spans: list[Span]) -> dict[int, list[tuple[datetime, datetime]]]:
    """Leave of these people as moments: from the first midnight to the one after the last day."""
    zone = clock.local_zone()
    last, first = (clock.local(moment).date() for moment in (spans[-1].end, spans[0].start))
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for leave in Leave.objects.filter(person__in=people, from_on__lte=last, to_on__gte=first):
        start = datetime.combine(leave.from_on, time(), zone)
        end = datetime.combine(leave.to_on + timedelta(days=1), time(), zone)
        found.setdefault(leave.person_id, []).append((start, end))
    return found


def _of_day(supervisors: list[int], span: Span) -> int | None:
    """Supervisors take turns by day: they answer for a shift, they need not sit in it."""
    return supervisors[clock.local(span.start).date().toordinal() % len(supervisors)] if supervisors else None


@transaction.atomic
def seat(shift_id: int, *, people: Sequence[int], why: str, by: Any, at: datetime) -> Shift:
    """The supervisor says who sits in a shift that has not ended. Raises UserError; too short a rest is only shown."""
    shift = access.shift_for(by, shift_id, "shifts.plan")
    if shift.ends_at <= at:
        raise UserError(_("Giliran ini sudah selesai."), fix=_("Yang sudah lewat tidak diubah."))
    wanted = set(people)
    if not wanted:
        raise UserError(_("Giliran tanpa petugas tidak dapat disimpan."), fix=_("Pilih sedikitnya satu orang."))
    known = set(shift.rota.members.values_list("person", flat=True))
    before = set(shift.sittings.values_list("person", flat=True))
    if not wanted <= known | before:
        raise Missing(_("Orang ini bukan anggota jadwal."), fix=_("Tambahkan dahulu sebagai anggota."))
    shift.sittings.exclude(person__in=wanted).delete()
    Sitting.objects.bulk_create(Sitting(shift=shift, person_id=pk) for pk in sorted(wanted - before))
    names = dict(Person.objects.filter(pk__in=wanted | before).values_list("pk", "name"))
    audit.record(
        "shifts.seated", on=shift, by=by, at=at, opd_code=shift.rota.opd.code, why=why,
        before=sorted(names[pk] for pk in before), after=sorted(names[pk] for pk in wanted),
    )  # fmt: skip
    return shift


@transaction.atomic
def note_leave(*, person_id: int, from_on: date, to_on: date, reason: str, by: Any, at: datetime) -> Leave:
    """Leave of a member of a desk within reach. Shifts planned already keep the name and are marked. UserError."""
    if not access.rotas(by, "shifts.plan").filter(members__person=person_id).exists():
        raise city.not_found()
    if not from_on <= to_on <= from_on + timedelta(days=366):
        raise UserError(_("Hari terakhir cuti mendahului yang pertama, atau lebih dari setahun sesudahnya."),
                        fix=_("Periksa kedua tanggalnya."))  # fmt: skip
    row = Leave.objects.create(person_id=person_id, from_on=from_on, to_on=to_on, reason=reason)
    after = {"from_on": from_on.isoformat(), "to_on": to_on.isoformat()}
    audit.record("shifts.leave_noted", on=row, by=by, at=at, after=after, why=reason)
    return row
