"""Duties from the pages: given, substituted and ended after a second look; and the hat a person changes to."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from satukota.base import clock
from satukota.base.errors import Missing

from .. import access, actions, forms, hats
from ..gates import for_the_signed_in, needs
from ..models import Duty, Opd
from ..roles import ROLES, Reach
from ..words import duty_words, titled
from . import registers, serving
from .editing import both, fill, opd_to_edit, opd_url, person_url


def duty_to_edit(user: Any, pk: int, permission: str) -> Duty:
    rows = Duty.objects.select_related("opd", "person", "kelurahan", "kecamatan")
    return access.to_edit(rows, user, permission, owner="opd", pk=pk)


def _give(
    *, kecamatan_id: int | None, kelurahan_id: int | None, rt: str, fiscal_year: int | None, **values: Any
) -> Duty:
    where = actions.Where(kecamatan_id, kelurahan_id, rt, fiscal_year)
    return actions.assign_duty(where=where, **values)


def _what_it_does(form: forms.RegisterForm, opd: Opd, role: str) -> list[str]:
    """What changes when this duty is given, before it is."""
    typed = form.cleaned_data
    duty = Duty(person=typed["person_id"], role=role, opd=opd, acting=typed["acting"])
    words = {"person": typed["person_id"], "duty": f"{titled(duty)} · {opd}", "from": typed["from_on"],
             "to": typed["to_on"] or _("diakhiri")}  # fmt: skip
    reach = {
        Reach.CITY: _("Peran ini menjangkau hal milik semua OPD."),
        Reach.OPD: _("Peran ini menjangkau hal milik %(opd)s saja.") % {"opd": opd},
        Reach.AREA: _("Peran ini menjangkau hal yang terletak di wilayahnya, milik OPD mana pun."),
    }
    return [
        _("%(person)s bertugas sebagai %(duty)s, mulai %(from)s sampai %(to)s.") % words,
        reach[ROLES[role].reach],
        _("Berlaku begitu disimpan dan tercatat di log audit atas nama Anda."),
    ]


@both
@needs("people.edit", find=opd_to_edit, by="code")
def add_duty(request: HttpRequest, opd: Opd) -> HttpResponse:
    return fill(
        request, forms.DutyNew, partial(_give, opd_id=opd.pk), title=_("Beri tugas di %(opd)s") % {"opd": opd},
        of=registers.OPD, back=opd_url(opd), initial={"from_on": registers.today()},
        confirm=lambda form: _what_it_does(form, opd, form.cleaned_data["role"]),
    )  # fmt: skip


@both
@needs("people.edit", find=duty_to_edit, by="pk")
def substitute_duty(request: HttpRequest, duty: Duty) -> HttpResponse:
    """Somebody acts for the holder, with a decree."""
    told = {"person": duty.person, "duty": duty_words(duty)}
    return fill(
        request, forms.Substitution, partial(actions.substitute_duty, duty.pk),
        title=_("Pengganti %(person)s, %(duty)s") % told, of=serving.DUTIES, back=person_url(duty.person),
        initial={"from_on": registers.today()}, go=lambda given: person_url(given.person),
        confirm=lambda form: _what_it_does(form, duty.opd, duty.role),
    )  # fmt: skip


@both
@needs("people.edit", find=duty_to_edit, by="pk")
def end_duty(request: HttpRequest, duty: Duty) -> HttpResponse:
    words = {"duty": duty_words(duty), "person": duty.person}
    return fill(
        request, forms.Ending, partial(actions.end_duty, duty.pk), title=_("Akhiri tugas %(person)s") % words,
        of=serving.DUTIES, back=person_url(duty.person), initial={"on": registers.today()},
        danger=_("%(person)s tidak lagi bertugas sebagai %(duty)s sesudah hari itu.") % words,
    )  # fmt: skip


@require_POST
@for_the_signed_in("one of the person's own duties; any other is refused")
def wear(request: HttpRequest) -> HttpResponse:
    """Act under another of one's duties, and go on where one was, or home when that page is not for this hat."""
    asked = request.POST.get("duty", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        raise Missing(_("Tugas itu tidak Anda pegang hari ini."), fix=_("Pilih tugas dari daftar."))
    duty = hats.wear(request, int(asked), clock.now())
    messages.success(request, _("Anda sekarang bertugas sebagai %(duty)s.") % {"duty": duty_words(duty)})
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe and "/ubah" not in back else "command_centre:start")
