"""A person's messages and channels; the queues of the house; what the sample city's catcher caught."""

import re
from datetime import time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.jobs import queries as jobs
from satukota.base.messages import actions as messages
from satukota.base.messages import catcher, outbox, preferences
from satukota.base.messages.channels import OUTWARD, address_of, outward
from satukota.base.messages.models import Message
from satukota.city import access
from satukota.city.gates import for_the_signed_in, needs

PAGE_SIZE = 50
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CAUGHT_SHOWN = 200
MENDS = "maintenance.declare"  # supervisors and engineers: those who may also silence a failure


class ChoiceForm(forms.Form):
    """Channels beside the screen, and quiet hours."""

    email = forms.BooleanField(required=False)
    whatsapp = forms.BooleanField(required=False)
    sms = forms.BooleanField(required=False)
    quiet_from = forms.TimeField(required=False, label=gettext_lazy("Tenang dari"))
    quiet_to = forms.TimeField(required=False, label=gettext_lazy("sampai"))


@require_http_methods(["GET", "POST"])
@for_the_signed_in("messages to oneself")
def messages_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.mark_read(request.user, clock.now())
        return redirect("command_centre:messages")
    return _inbox(request, None)


def _inbox(request: HttpRequest, problem: UserError | None) -> HttpResponse:
    """Four queries: the page, its size, how it went over the other channels, and the person's choice."""
    mine = Message.objects.filter(recipient=request.user, channel=Message.Channel.SCREEN).order_by("-created_at", "-pk")
    page = Paginator(mine, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    page.object_list = rows
    ways = _other_ways(request.user, rows)
    for row in rows:
        row.ways = ways.get((row.kind, row.about), [])
    choice = preferences.preference_of(request.user)
    told = {"page": page, "choice": choice, "ways": _reachable(request.user, choice), "problem": problem}
    return render(request, "command_centre/messages.html", told, status=problem.status if problem else 200)


def _other_ways(user: Any, rows: list[Message]) -> dict[tuple[str, str], list[Message]]:
    found: dict[tuple[str, str], list[Message]] = {}
    others = Message.objects.filter(recipient=user, about__in={row.about for row in rows})
    for row in others.exclude(channel=Message.Channel.SCREEN).order_by("channel") if rows else []:
        found.setdefault((row.kind, row.about), []).append(row)
    return found


def _reachable(user: Any, choice: Any) -> list[dict[str, Any]]:
    ways = outward()
    return [
        {
            "key": key, "label": Message.Channel(key).label, "is_on": getattr(choice, key),
            "is_set_up": ways[key].is_set_up(), "has_address": bool(address_of(user, key)),
        }
        for key in OUTWARD
    ]  # fmt: skip


@require_POST
@for_the_signed_in("one's own channels")
def choose(request: HttpRequest) -> HttpResponse:
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return _inbox(request, UserError(_("Jam tenang tidak terbaca."), fix=_("Tulis seperti 22:00.")))
    hours: dict[str, time | None] = {name: form.cleaned_data[name] for name in ("quiet_from", "quiet_to")}
    on = {name: form.cleaned_data[name] for name in OUTWARD}
    try:
        preferences.choose(request.user, **on, **hours, at=clock.now())
    except UserError as problem:
        return _inbox(request, problem)
    notices.success(request, _("Pilihan saluran disimpan."))
    return redirect("command_centre:messages")


@require_POST
@for_the_signed_in("one's own messages")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message of one's own again after it was given up."""
    outbox.send_again(pk, at=clock.now(), recipient=request.user)
    notices.success(request, _("Pesan dikirim lagi."))
    return redirect("command_centre:messages")


@require_GET
@needs("system.view")
def queues(request: HttpRequest) -> HttpResponse:
    """Messages and jobs of the whole house: how much waits, what was given up. Whose message, never what it says."""
    at = clock.now()
    told = {
        "standing": outbox.standing(at), "failed": list(outbox.failed()[:PAGE_SIZE]), "jobs": jobs.standing(at),
        "failed_jobs": jobs.failed(), "runners": jobs.runners(), "most_tries": outbox.MOST_TRIES,
        "may_mend": access.may(request.user, MENDS),
        "crumbs": [(_("Pesan"), reverse("command_centre:messages"))],
    }  # fmt: skip
    return render(request, "command_centre/queues.html", told)


@require_POST
@needs(MENDS)
def queues_again(request: HttpRequest, kind: str, pk: str) -> HttpResponse:
    """Let a message or a job that was given up wait afresh."""
    if kind == "pesan" and pk.isdecimal() and len(pk) < 19:
        outbox.send_again(int(pk), at=clock.now())
        notices.success(request, _("Pesan dikirim lagi."))
    elif kind == "pekerjaan" and UUID.fullmatch(pk):
        jobs.run_again(pk, clock.now())
        notices.success(request, _("Pekerjaan dijalankan lagi."))
    else:
        raise Http404
    return redirect("command_centre:queues")


@require_GET
@needs("monitoring.view")
def caught(request: HttpRequest) -> HttpResponse:
    """The sample city's letters as their receivers would see them; no such page in a real city."""
    if not settings.SAMPLE:
        raise Http404
    rows = [
        {"at": catcher.moment_of(one), "letter": one, "times": times, "label": Message.Channel(one.channel).label}
        for one, times in catcher.newest_first(settings.CATCHER_DIR, CAUGHT_SHOWN)
    ]
    crumbs = [(_("Pesan"), reverse("command_centre:messages"))]
    return render(request, "command_centre/caught.html", {"rows": rows, "crumbs": crumbs})
