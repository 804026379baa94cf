"""Accounts of the people in the register: who has one, who is invited, and the link that is shown once."""

import logging
from functools import partial
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.accounts.models import Invitation
from satukota.base.errors import Missing
from satukota.base.page_frame.filling import refusals_on

from .. import access, actions
from ..forms import EndingToday, PersonInvited
from ..gates import needs
from ..models import Duty, Person
from .editing import both, fill

PER_PAGE = 50
log = logging.getLogger(__name__)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Register"), reverse("city:home")), (_("Akun"), reverse("city:accounts"))]


@require_GET
@needs("accounts.invite")
def accounts(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")[:80].replace("\0", "")
    page = Paginator(_people(request.user, text), PER_PAGE).get_page(request.GET.get("page"))
    told = {"page": page, "text": text, "now": clock.now(), "crumbs": _crumbs()[:1]}
    return render(request, "city/accounts.html", told)


def _people(user: Any, text: str) -> QuerySet[Person]:
    """People with an account whom `user` may invite, with the invitation still open; two statements."""
    waiting = Invitation.objects.filter(used_at=None, revoked_at=None)
    people = Person.objects.filter(user__isnull=False).select_related("user")
    people = people.prefetch_related(Prefetch("user__invitations", waiting, to_attr="waiting"))
    reach = access.scope(user, "accounts.invite")
    if not reach.everywhere:
        people = people.filter(
            duties__in=access.visible(Duty.objects.all(), user, "accounts.invite", owner="opd")
        ).distinct()
    if text:
        people = people.filter(Q(name__icontains=text) | Q(user__username__icontains=text))
    return people.order_by("name", "pk")


@require_http_methods(["GET", "POST"])
@needs("accounts.invite")
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    person = access.person_to_edit(request.user, pk, "accounts.invite")
    form = PersonInvited(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            return _show(request, actions.invite_person(pk, **form.values(), by=request.user, at=clock.now()))
    title = _("Undang %(person)s") % {"person": person}
    told = {"form": form, "title": title, "back": reverse("city:person", args=[pk]), "crumbs": _crumbs()}
    return render(request, "city/edit.html", told, status=422 if form.errors else 200)


@require_POST
@needs("accounts.invite")
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, actions.invite_person_again(pk, by=request.user, at=clock.now()))


@require_POST
@needs("accounts.invite")
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    actions.revoke_invitation(pk, by=request.user, at=clock.now())
    messages.success(request, _("Undangan dicabut; tautannya tidak berlaku lagi."))
    return redirect("city:accounts")


def account_to_close(user: Any, pk: int, permission: str) -> Person:
    """A person with an account, whom `user` may invite. Else Missing."""
    person = access.person_to_edit(user, pk, permission)
    if person.user_id is None:
        raise Missing(_("%(person)s belum punya akun.") % {"person": person}, fix=_("Undang dahulu."))
    return person


@both
@needs("accounts.invite", find=account_to_close, by="pk")
def close(request: HttpRequest, row: Person) -> HttpResponse:
    danger = _("%(person)s dikeluarkan dari semua perangkat dan tidak dapat masuk lagi. Tugas dan riwayatnya tetap.")
    return _with_reason(request, row, actions.close_account, _("Tutup akun %(person)s"), danger)


@both
@needs("accounts.invite", find=account_to_close, by="pk")
def reopen(request: HttpRequest, row: Person) -> HttpResponse:
    danger = _("%(person)s dapat masuk lagi dengan kata sandi dan faktor kedua yang lama.")
    return _with_reason(request, row, actions.reopen_account, _("Buka kembali akun %(person)s"), danger)


@both
@needs("accounts.invite", find=account_to_close, by="pk")
def end_sessions(request: HttpRequest, row: Person) -> HttpResponse:
    danger = _("%(person)s dikeluarkan dari semua perangkat; akunnya tetap terbuka dan ia dapat masuk lagi.")
    return _with_reason(request, row, actions.end_sessions, _("Keluarkan %(person)s dari semua perangkat"), danger)


def _with_reason(request: HttpRequest, row: Person, act: Any, title: str, danger: str) -> HttpResponse:
    here = (_("Akun"), reverse("city:accounts"))
    return fill(request, EndingToday, partial(act, row.pk), title=title % {"person": row}, of=here, back=here[1],
                danger=danger % {"person": row})  # fmt: skip


def _show(request: HttpRequest, invited: actions.Invited) -> HttpResponse:
    """The only moment the link is known: shown once, sent when there is an address."""
    link = settings.SITE_URL + reverse("accounts:open_link", args=[invited.token])
    email = invited.invitation.user.email
    told = {
        "invited": invited, "link": link if invited.may_show else "", "email": email,
        "sent": bool(email) and _sent(email, link, invited), "crumbs": _crumbs(),
    }  # fmt: skip
    response = render(request, "city/invited.html", told)
    add_never_cache_headers(response)
    return response


def _sent(email: str, link: str, invited: actions.Invited) -> bool:
    """Whether the mail server took it. The link never enters the outbox: there it would stay readable."""
    text = _(
        "%(person)s,\n\nAnda diundang memakai Satukota. Tautan ini dipakai satu kali dan berlaku tiga hari:\n\n"
        "%(link)s\n\nBila Anda tidak menunggunya, abaikan surat ini dan beri tahu Diskominfo."
    ) % {"person": invited.person.name, "link": link}
    try:
        send_mail(_("Undangan Satukota"), text, None, [email])
    except (OSError, SMTPException) as problem:
        log.warning("invitation could not be mailed: %s", type(problem).__name__)
        return False
    return True
