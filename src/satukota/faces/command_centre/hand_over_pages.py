"""The hand-over sheet: read, signed by two, listed and printed."""

from typing import Any

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city import access as city
from satukota.city.gates import needs
from satukota.shared.shifts import access, actions, queries, sheet
from satukota.shared.shifts.models import HandOver, Shift

from .shift_pages import crumbs

PAGE_SIZE = 50
MOMENTS = ("opened_at", "last_at", "since", "starts_at", "ends_at", "lost_at", "back_at", "failed_at")


@require_GET
@needs("shifts.view")
def hand_overs(request: HttpRequest) -> HttpResponse:
    page = Paginator(queries.hand_overs(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    late = queries.not_handed_over(request.user, clock.now())
    return render(request, "command_centre/shifts/hand_overs.html", {"page": page, "late": late, "crumbs": crumbs()})


@require_GET
@needs("shifts.view", find=access.shift_for, by="pk")
def hand_over(request: HttpRequest, shift: Shift) -> HttpResponse:
    return _show(request, shift)


@require_POST
@needs("shifts.view", find=access.shift_for, by="pk")
def sign(request: HttpRequest, shift: Shift, act: str) -> HttpResponse:
    """`serah`: who leaves signs; `terima`: who comes does. What was typed stays when it cannot be signed."""
    notes, now = request.POST.get("notes", ""), clock.now()
    try:
        if act == "serah":
            seen = request.POST.get("seen", "")
            actions.sign_out(shift.pk, notes=notes, seen=seen, by=request.user, at=now)
        elif act == "terima":
            actions.sign_in(shift.pk, by=request.user, at=now)
        else:
            raise city.not_found()
    except UserError as problem:
        if problem.status == 404:
            raise
        return _show(request, shift, notes, problem)
    notices.success(request, _("Tanda tangan tercatat."))
    return redirect("command_centre:hand_over", shift.pk)


def _show(request: HttpRequest, shift: Shift, notes: str = "", problem: UserError | None = None) -> HttpResponse:
    now, me = clock.now(), access.person_of(request.user)
    row = HandOver.objects.filter(shift=shift).select_related("signed_out_by", "signed_in_by").first()
    content = row.content if row else sheet.content_of(shift, now)
    after = queries.next_shift(shift)
    queries.warned([one for one in (shift, after) if one])
    at_the_desk = any(_sits(me, one) for one in (shift, after) if one)
    is_part = not at_the_desk and not city.scope(request.user, "incidents.view").everywhere
    told = {
        "shift": shift, "next": after, "row": row, "is_part": is_part,
        "content": _readable(sheet.part_for(request.user, content) if is_part else content), "notes": notes,
        "problem": problem,
        "seen": "" if row else sheet.hash_of(shift, content, ""),
        "is_whole": row is None or sheet.is_whole(shift, row.content, row.notes, row.sha256),
        "may_sign_out": row is None and _sits(me, shift) and now >= shift.ends_at - actions.EARLY,
        "may_sign_in": row is not None and not row.signed_in_at and after is not None and _sits(me, after)
        and me != row.signed_out_by,
        "crumbs": crumbs(),
    }  # fmt: skip
    return render(request, "command_centre/shifts/hand_over.html", told, status=problem.status if problem else 200)


def _sits(me: Any, shift: Shift) -> bool:
    return me is not None and (me in shift.people or me.pk == shift.supervisor_id)


def _readable(content: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The stored facts with moments as moments, so that the page says them in local time."""
    return {
        name: [
            {key: parse_datetime(value) if key in MOMENTS and value else value for key, value in row.items()}
            for row in rows
        ]
        for name, rows in content.items()
    }
