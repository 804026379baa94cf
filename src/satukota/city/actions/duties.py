"""Duties given, ended and substituted. A duty gives rights, so who may give which is decided here."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError

from .. import access
from ..models import Duty, Kecamatan, Kelurahan, Opd, Person
from ..roles import LEADING, ROLES, Reach
from . import keepers
from .storing import store


@dataclass(frozen=True)
class Where:
    """What a duty is limited to: one kecamatan, or one kelurahan, or a neighbourhood in it; and a budget year."""

    kecamatan_id: int | None = None
    kelurahan_id: int | None = None
    rt: str = ""
    fiscal_year: int | None = None


WHOLE = Where()


@transaction.atomic
def assign_duty(
    *, person_id: int, role: str, opd_id: int, acting: str, decree: str, on_call: bool, from_on: date,
    to_on: date | None, by: Any, at: datetime, where: Where = WHOLE, substitutes_id: int | None = None,
) -> Duty:  # fmt: skip
    """Give a person a duty at an OPD. Raises UserError, AlreadyDone, Missing.

    A role that heads an OPD or reaches beyond one is given only by who keeps the people of the whole city; nobody gives
    one to themself.
    """
    opd = access.to_edit(Opd.objects.select_for_update(), by, "people.edit", owner="pk", pk=opd_id)
    person = Person.objects.filter(pk=person_id).first()
    if person is None:
        raise UserError(_("Orang itu tidak ada dalam register."), fix=_("Daftarkan orangnya dahulu."))
    _refuse_role(role, person, by)
    _refuse_days(opd, acting, decree, from_on, to_on)
    duty = Duty(
        person=person, role=role, opd=opd, acting=acting, decree=decree.strip(), on_call=on_call, from_on=from_on,
        to_on=to_on, substitutes=_substituted(substitutes_id, opd, role, acting, person), fiscal_year=where.fiscal_year,
    )  # fmt: skip
    _set_area(duty, where)
    _refuse_overlap(duty)
    store(duty, "city.duty_assigned", by=by, at=at, opd_code=opd.code)
    return duty


@transaction.atomic
def substitute_duty(
    duty_id: int, *, person_id: int, acting: str, decree: str, from_on: date, to_on: date | None, by: Any, at: datetime
) -> Duty:
    """Somebody acts for the holder of a duty, with the same role, area and year. Raises UserError, AlreadyDone."""
    held = access.to_edit(Duty.objects.select_related("opd"), by, "people.edit", owner="opd", pk=duty_id)
    if not acting:
        raise UserError(_("Sifat jabatan belum dipilih."), fix=_("Pilih Plt., Plh., atau Pj."))
    where = Where(held.kecamatan_id, held.kelurahan_id, held.rt, held.fiscal_year)
    return assign_duty(
        person_id=person_id, role=held.role, opd_id=held.opd_id, acting=acting, decree=decree, on_call=held.on_call,
        from_on=from_on, to_on=to_on, by=by, at=at, where=where, substitutes_id=held.pk,
    )  # fmt: skip


@transaction.atomic
def end_duty(duty_id: int, *, on: date, why: str, by: Any, at: datetime) -> Duty:
    """The duty's last day. Raises UserError, AlreadyDone; UserError, too, when nobody could let people in any more."""
    duty = access.to_edit(Duty.objects.select_related("opd", "person"), by, "people.edit", owner="opd", pk=duty_id)
    if duty.to_on and duty.to_on <= on:
        raise AlreadyDone(_("Tugas ini sudah berakhir pada %(day)s.") % {"day": duty.to_on})
    if on < duty.from_on:
        raise UserError(_("Hari terakhir mendahului hari pertama (%(day)s).") % {"day": duty.from_on},
                        fix=_("Pilih tanggal sesudahnya."))  # fmt: skip
    if not why.strip():
        raise UserError(_("Alasan belum diisi."), fix=_("Tulis mengapa tugas ini berakhir."))
    was = duty.to_on
    _end(duty, on, at)
    audit.record("city.duty_ended", on=duty, by=by, at=at, opd_code=duty.opd.code, before=was, after=on, why=why)
    return duty


def _end(duty: Duty, on: date, at: datetime) -> None:
    after = keepers.day_after(on, at)
    kept = keepers.lock(at) | keepers.left(after) if keepers.keeps(duty) else set()
    if not Duty.objects.filter(pk=duty.pk, to_on=duty.to_on).update(to_on=on):
        raise AlreadyDone(_("Tugas ini baru saja diakhiri orang lain."), fix=_("Muat ulang halaman."))
    duty.to_on = on
    if duty.person.user_id in kept and not keepers.left(after):
        raise keepers.refuse_last(duty.person)


def _refuse_role(role: str, person: Person, by: Any) -> None:
    if role not in ROLES:
        raise UserError(_("Peran itu tidak dikenal."), fix=_("Pilih peran dari daftar."))
    if by is None:
        return
    access.not_the_maker(by, person)
    known = ROLES[role]
    if (known.leads or known.reach is not Reach.OPD) and not access.scope(by, "people.edit").everywhere:
        raise UserError(
            _("Peran %(role)s memimpin OPD atau berlaku sekota, dan hanya diberikan pengelola register kota.")
            % {"role": known.name},
            fix=_("Minta pengelola register kota."),
        )


def _refuse_days(opd: Opd, acting: str, decree: str, from_on: date, to_on: date | None) -> None:
    if to_on and to_on < from_on:
        raise UserError(_("Hari terakhir mendahului hari pertama."), fix=_("Perbaiki tanggalnya."))
    if from_on < opd.valid_from or (opd.valid_to and (to_on is None or to_on > opd.valid_to)):
        raise UserError(
            _("%(opd)s tidak berlaku pada seluruh masa tugas itu.") % {"opd": opd},
            fix=_("OPD ini berlaku mulai %(day)s%(end)s.")
            % {"day": opd.valid_from, "end": f" – {opd.valid_to}" if opd.valid_to else ""},
        )
    if acting and not decree.strip():
        raise UserError(_("Pejabat pelaksana memerlukan nomor surat perintah."), fix=_("Isi nomor suratnya."))


def _set_area(duty: Duty, where: Where) -> None:
    """Raises UserError for an area that does not exist, or two at once; and for a role of an area that has none."""
    if where.kecamatan_id and where.kelurahan_id:
        raise UserError(_("Pilih kecamatan atau kelurahan, tidak keduanya."), fix=_("Kosongkan salah satunya."))
    duty.kecamatan = Kecamatan.objects.filter(pk=where.kecamatan_id).first() if where.kecamatan_id else None
    duty.kelurahan = Kelurahan.objects.filter(pk=where.kelurahan_id).first() if where.kelurahan_id else None
    if (where.kecamatan_id and not duty.kecamatan) or (where.kelurahan_id and not duty.kelurahan):
        raise UserError(_("Wilayah itu tidak ada dalam register."), fix=_("Pilih dari daftar."))
    duty.rt = f"{int(where.rt):03}" if where.rt.isascii() and where.rt.isdigit() else where.rt.strip()
    if duty.rt and not duty.kelurahan:
        raise UserError(_("RT memerlukan kelurahannya."), fix=_("Pilih kelurahan, atau kosongkan RT."))
    has_area = duty.kelurahan or duty.kecamatan or duty.opd.kelurahan_id
    if ROLES[duty.role].reach is Reach.AREA and not has_area:
        raise UserError(
            _("Peran %(role)s memerlukan wilayah.") % {"role": ROLES[duty.role].name},
            fix=_("Pilih kecamatan atau kelurahannya."),
        )


def _substituted(duty_id: int | None, opd: Opd, role: str, acting: str, person: Person) -> Duty | None:
    if duty_id is None:
        return None
    held = Duty.objects.filter(pk=duty_id, opd=opd, role=role).first()
    if held is None or not acting:
        raise UserError(_("Tugas yang digantikan tidak cocok."), fix=_("Pilih tugas yang sama pada OPD yang sama."))
    if held.person_id == person.pk:
        raise UserError(_("Seseorang tidak menggantikan dirinya sendiri."), fix=_("Pilih orang lain."))
    return held


def _refuse_overlap(duty: Duty) -> None:
    """The same duty twice, or two heads at one time. The locked OPD row keeps two writers apart.

    Beside a definitive head only one stands who acts for that very person; two acting heads at a time never do.
    """
    meets = Q(to_on=None) | Q(to_on__gte=duty.from_on)
    if duty.to_on:
        meets &= Q(from_on__lte=duty.to_on)
    there = Duty.objects.filter(meets, opd=duty.opd).select_related("person")
    same = there.filter(
        person=duty.person, role=duty.role, kecamatan=duty.kecamatan, kelurahan=duty.kelurahan, rt=duty.rt,
        fiscal_year=duty.fiscal_year,
    )  # fmt: skip
    if same.exists():
        raise AlreadyDone(_("%(person)s sudah memegang tugas ini pada masa itu.") % {"person": duty.person})
    if duty.role not in LEADING:
        return
    head = there.filter(role__in=LEADING).exclude(pk=duty.substitutes_id)
    if not duty.acting:
        head = head.filter(acting="")  # whoever acts meanwhile hands over on the day the decree says
    found = head.first()
    if found:
        raise UserError(
            _("%(person)s masih kepala %(opd)s pada masa itu.") % {"person": found.person, "opd": duty.opd},
            fix=_("Akhiri dahulu tugasnya, atau catat sebagai pengganti dari halaman tugasnya."),
        )
