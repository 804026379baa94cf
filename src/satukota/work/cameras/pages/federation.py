"""Other installations of Satukota: joined and closed by hand, what we lend them, and who of theirs looked."""

from __future__ import annotations

from django import forms
from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.page_frame.choosing import Choose
from satukota.base.signed_requests import fingerprint_of
from satukota.city import access
from satukota.city.gates import needs
from satukota.city.models import Opd

from ..federation import joining, keys, loans, receiving
from ..hours import hours_text
from ..lending import terms
from ..live.purposes import PURPOSES
from ..models import Agreement, Loan, Peer, PeerLook
from .lending import TermsForm, area_names, purpose_names

LOOKS_SHOWN = 50


class AddressForm(forms.Form):
    address = forms.CharField(
        max_length=300, label=gettext_lazy("Alamat instalasi mitra"),
        help_text=gettext_lazy("Seperti yang diberikan pengelolanya, misalnya https://satukota.contoh.go.id"),
    )  # fmt: skip


class JoinForm(AddressForm):
    fingerprint = forms.CharField(
        max_length=40, label=gettext_lazy("Sidik jari kuncinya"),
        help_text=gettext_lazy("Ketik yang dibacakan pengelola di sana lewat telepon atau surat, bukan dari kartu."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "ABCD-EFGH-IJKL-MNOP"}),
    )  # fmt: skip
    prefix = forms.CharField(
        max_length=8, label=gettext_lazy("Kode singkat"),
        help_text=gettext_lazy("Mengawali kode kameranya di sini, misalnya PLB."),
    )  # fmt: skip
    opd = Choose(Opd.objects.filter(kind=Opd.Kind.LAIN), label=gettext_lazy("Mitra dalam register"))

    def clean_prefix(self) -> str:
        return str(self.cleaned_data["prefix"]).strip().upper()


class LoanForm(TermsForm):
    field_order = ("number", "codes", "purposes", "hours", "areas", "starts_on", "ends_on", "counts")


def _crumbs() -> list[tuple[str, str]]:
    return [
        (_("Kamera"), reverse("cameras:list")), (_("Mitra"), reverse("cameras:agreements")),
        (_("Instalasi mitra"), reverse("cameras:peers")),
    ]  # fmt: skip


def _peer(pk: int) -> Peer:
    return access.existing(Peer.objects.select_related("opd", "joined_by", "closed_by"), pk=pk)


def _loan(pk: int) -> Loan:
    return access.existing(Loan.objects.select_related("peer__opd", "revoked_by"), pk=pk)


@require_GET
@needs("peers.view")
def peers(request: HttpRequest) -> HttpResponse:
    key = keys.current(clock.now())
    told = {
        "rows": Peer.objects.select_related("opd").order_by("closed_at", "name"), "name": joining.own_name(),
        "fingerprint": fingerprint_of(key.public), "made_at": key.made_at,
        "may_manage": access.may(request.user, "peers.manage"), "crumbs": _crumbs()[:2],
    }  # fmt: skip
    return render(request, "cameras/peers.html", told)


@require_http_methods(["GET", "POST"])
@needs("peers.manage")
def peer_add(request: HttpRequest) -> HttpResponse:
    """First the address; then, with what stands there, the fingerprint."""
    is_second = "fingerprint" in request.POST
    form = (JoinForm if is_second else AddressForm)(request.POST or None)
    card, problem = None, None
    if form.is_valid():
        try:
            card = joining.look_at(form.cleaned_data["address"], clock.now())
            if is_second:
                said = {name: value for name, value in form.cleaned_data.items() if name != "address"}
                made = joining.join(card, **said, by=request.user, at=clock.now())
                return redirect("cameras:peer", made.pk)
            form = JoinForm(initial={"address": card.address})
        except UserError as refused:
            problem = refused
    told = {
        "form": form, "card": card, "problem": problem, "crumbs": _crumbs(), "is_second": is_second or card,
        "own": fingerprint_of(keys.current(clock.now()).public),
    }  # fmt: skip
    return render(request, "cameras/peer_add.html", told, status=422 if problem or form.errors else 200)


@require_GET
@needs("peers.view")
def peer(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _peer(pk))


def _page(request: HttpRequest, found: Peer, problem: UserError | None = None) -> HttpResponse:
    now = clock.now()
    standing = set(terms.in_force(now, Loan).filter(peer=found).values_list("pk", flat=True))
    lent = Loan.objects.filter(peer=found).prefetch_related("cameras__target")
    told = {
        "peer": found, "problem": problem, "fingerprint": fingerprint_of(found.public_key),
        "loans": [(one, one.pk in standing) for one in lent],
        "agreements": Agreement.objects.filter(peer=found).prefetch_related("cameras__target"),
        "standing": set(terms.in_force(now).filter(peer=found).values_list("pk", flat=True)),
        "looks": _looks(PeerLook.objects.filter(peer=found)),
        "may_manage": access.may(request.user, "peers.manage"),
        "may_lend": access.may(request.user, "agreements.manage"), "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "cameras/peer.html", told, status=problem.status if problem else 200)


def _looks(rows: QuerySet[PeerLook]) -> list[tuple[PeerLook, str]]:
    newest = rows.select_related("camera__target").order_by("-opened_at")[:LOOKS_SHOWN]
    return [(one, str(PURPOSES[one.purpose].name) if one.purpose in PURPOSES else one.purpose) for one in newest]


@require_POST
@needs("peers.manage")
def peer_sync(request: HttpRequest, pk: int) -> HttpResponse:
    found = _peer(pk)
    try:
        receiving.sync(found, clock.now())
    except UserError as refused:
        return _page(request, _peer(pk), refused)
    notices.success(request, _("Keadaan terbaru sudah diambil."))
    return redirect("cameras:peer", found.pk)


@require_POST
@needs("peers.manage")
def peer_close(request: HttpRequest, pk: int) -> HttpResponse:
    found = _peer(pk)
    try:
        joining.close(found, why=request.POST.get("why", "")[:300], by=request.user, at=clock.now())
    except UserError as refused:
        return _page(request, found, refused)
    notices.success(request, _("Hubungan ditutup; pinjaman di kedua arah berakhir."))
    return redirect("cameras:peer", found.pk)


@require_POST
@needs("peers.manage")
def own_key_rotate(request: HttpRequest) -> HttpResponse:
    keys.rotate(by=request.user, at=clock.now())
    notices.success(request, _("Kunci diganti. Instalasi mitra mengikutinya dengan tanda tangan kunci lama."))
    return redirect("cameras:peers")


@require_http_methods(["GET", "POST"])
@needs("agreements.manage")
def loan_add(request: HttpRequest, pk: int) -> HttpResponse:
    found, problem = _peer(pk), None
    form = LoanForm(request.POST or None)
    if form.is_valid():
        try:
            made = loans.make(peer=found, **form.cleaned_data, by=request.user, at=clock.now())
            return redirect("cameras:loan", made.pk)
        except UserError as refused:
            problem = refused
    crumbs = [*_crumbs(), (found.name, reverse("cameras:peer", args=[found.pk]))]
    told = {"form": form, "peer": found, "problem": problem, "crumbs": crumbs}
    return render(request, "cameras/loan_add.html", told, status=422 if problem or form.errors else 200)


@require_GET
@needs("peers.view")
def loan(request: HttpRequest, pk: int) -> HttpResponse:
    return _loan_page(request, _loan(pk))


def _loan_page(request: HttpRequest, found: Loan, problem: UserError | None = None) -> HttpResponse:
    now = clock.now()
    told = {
        "loan": found, "problem": problem, "is_open": bool(terms.allowed_now([found], now)),
        "stands": terms.in_force(now, Loan).filter(pk=found.pk).exists(), "hours": hours_text(found.hours),
        "purposes": purpose_names(found.purposes), "areas": area_names(found.areas),
        "cameras": [camera.target for camera in found.cameras.select_related("target")],
        "looks": _looks(_under(found)),
        "may_revoke": access.may(request.user, "agreements.manage"),
        "crumbs": [*_crumbs(), (found.peer.name, reverse("cameras:peer", args=[found.peer_id]))],
    }  # fmt: skip
    return render(request, "cameras/loan.html", told, status=problem.status if problem else 200)


def _under(found: Loan) -> QuerySet[PeerLook]:
    """Looks while it stood; the same camera may be lent again by another."""
    rows = PeerLook.objects.filter(peer=found.peer_id, camera__loans=found, opened_at__gte=found.made_at)
    return rows.filter(opened_at__lte=found.revoked_at) if found.revoked_at else rows


@require_POST
@needs("agreements.manage")
def loan_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    found = _loan(pk)
    try:
        loans.revoke(found, why=request.POST.get("why", "")[:300], by=request.user, at=clock.now())
    except UserError as refused:
        return _loan_page(request, found, refused)
    notices.success(request, _("Perjanjian diakhiri. Gambar yang sedang dikirim berhenti dalam satu-dua detik."))
    return redirect("cameras:loan", found.pk)
