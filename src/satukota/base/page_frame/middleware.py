"""Turns a UserError that nobody caught into a page, a fragment or JSON with the same sentence."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from satukota.base.errors import Missing, NotAllowed, UserError

refused = logging.getLogger("satukota.refused")


def as_json(problem: UserError) -> dict[str, dict[str, str]]:
    """The one JSON shape of every error of ours."""
    return {"error": {"code": problem.code, "text": problem.text, "fix": problem.fix}}


def note_refusal(request: HttpRequest, problem: UserError) -> None:
    """Who asked for what they may not have, for whoever looks for probing. The view's name, never the path.

    For a thing out of reach and for one that does not exist the answer is the same, and so is the line.
    """
    user = getattr(request, "_cached_user", None)
    if isinstance(problem, NotAllowed | Missing) and user is not None and user.is_authenticated:
        match = request.resolver_match
        view = (match.view_name or match.route) if match else "none"
        kind = "not allowed" if isinstance(problem, NotAllowed) else "missing or out of reach"
        refused.warning("refused %s to account %s: %s", view, user.pk, kind, extra={"view": view, "user": user.pk})


class UserErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, UserError):
            return None
        note_refusal(request, problem)
        if request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse(as_json(problem), status=problem.status)
        part = "frame/_problem.html" if request.headers.get("HX-Request") else "frame/problem.html"
        return render(request, part, {"problem": problem}, status=problem.status)
