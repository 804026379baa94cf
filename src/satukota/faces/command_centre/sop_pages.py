"""SOPs: in force, one version, and the next version written by those who may."""

from typing import Any

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.city import access
from satukota.city.gates import needs
from satukota.city.roles import ROLES
from satukota.shared.incidents import actions, queries, words
from satukota.shared.incidents.actions.steps import STEPS_MOST
from satukota.shared.incidents.models import Sop
from satukota.shared.monitoring import registry

BLANK_ROWS = 5


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Insiden"), reverse("command_centre:incidents")), ("SOP", reverse("command_centre:sops"))]


@require_GET
@needs("incidents.view")
def sops(request: HttpRequest) -> HttpResponse:
    rows = [(sop, _fits(sop)) for sop in queries.sops_in_force(clock.now())]
    told = {"rows": rows, "may_edit": access.may(request.user, "sop.edit"), "crumbs": _crumbs()[:1]}
    return render(request, "command_centre/incidents/sops.html", told)


@require_GET
@needs("incidents.view")
def sop(request: HttpRequest, pk: int) -> HttpResponse:
    found = Sop.objects.select_related("written_by").filter(pk=pk).first()
    if found is None:
        raise Missing(_("SOP ini tidak ditemukan."), fix=_("Kembali ke daftar SOP."))
    told = {
        "sop": found, "fits": _fits(found), "steps": [step | {"role_name": _role(step)} for step in found.steps],
        "versions": list(Sop.objects.filter(kind=found.kind, cause=found.cause).order_by("-version")),
        "may_edit": access.may(request.user, "sop.edit"), "crumbs": _crumbs(),
    }  # fmt: skip
    return render(request, "command_centre/incidents/sop.html", told)


@require_http_methods(["GET", "POST"])
@needs("sop.edit")
def sop_write(request: HttpRequest) -> HttpResponse:
    """The next version for ?kind=&cause=, starting from the one in force."""
    asked = request.POST if request.method == "POST" else request.GET
    kind, cause = asked.get("kind", "")[:20], asked.get("cause", "")[:40]
    last = Sop.objects.filter(kind=kind, cause=cause).order_by("-version").first()
    told: dict[str, Any] = {"title": last.title if last else "", "legal_basis": last.legal_basis if last else ""}
    steps = list(last.steps) if last else []
    problem = None
    if request.method == "POST":
        told = {"title": asked.get("title", ""), "legal_basis": asked.get("legal_basis", "")}
        try:
            steps = _typed_steps(request)
            if kind and kind not in registry.kinds() and last is None:
                raise UserError(_("Jenis perangkat tidak dikenal."), fix=_("Pilih dari daftar."))
            new = actions.write_sop(kind=kind, cause=cause, steps=steps, by=request.user, at=clock.now(), **told)
            notices.success(request, _("Versi %d berlaku mulai sekarang.") % new.version)
            return redirect("command_centre:sop", new.pk)
        except UserError as found:
            problem = found
    told |= {
        "kind": kind, "cause": cause, "problem": problem, "last": last, "rows": _rows(steps), "crumbs": _crumbs(),
        "kinds": [("", _("Semua jenis"))] + [(key, words.kind_words(key)) for key in registry.kinds()],
        "roles": [(role.key, role.name) for role in ROLES.values()],
    }  # fmt: skip
    return render(request, "command_centre/incidents/sop_write.html", told, status=422 if problem else 200)


def _typed_steps(request: HttpRequest) -> list[dict[str, Any]]:
    """Rows with a text, in the order typed. Raises UserError for minutes that are no number."""
    typed = zip(
        request.POST.getlist("text"), request.POST.getlist("role"), request.POST.getlist("minutes"), strict=False
    )
    steps: list[dict[str, Any]] = []
    for text, role, minutes in typed:
        if not text.strip():
            continue
        if minutes and not (minutes.isdecimal() and len(minutes) < 7):
            raise UserError(_("Menit pada “%s” bukan angka.") % text[:40], fix=_("Isi angka, atau kosongkan."))
        steps.append({"text": text, "role": role, "minutes": int(minutes or 0)})
    return steps


def _rows(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    blanks = max(0, min(BLANK_ROWS, STEPS_MOST - len(steps)))
    return [*steps, *({"text": "", "role": "", "minutes": ""} for _blank in range(blanks))]


def _fits(sop: Sop) -> str:
    if not sop.kind:
        return _("Semua jenis, semua sebab")
    kind = words.kind_words(sop.kind)
    return f"{kind}: {words.cause_words(sop.kind, sop.cause)}" if sop.cause else _("%s, semua sebab") % kind


def _role(step: dict[str, Any]) -> str:
    role = ROLES.get(step.get("role", ""))
    return str(role.name) if role else ""
