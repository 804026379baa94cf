"""Turns a UserError that nobody caught into a page, a fragment or JSON with the same sentence."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from satukota.base.errors import UserError


def as_json(problem: UserError) -> dict[str, dict[str, str]]:
    """The one JSON shape of every error of ours."""
    return {"error": {"code": problem.code, "text": problem.text, "fix": problem.fix}}


class UserErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, UserError):
            return None
        if request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse(as_json(problem), status=problem.status)
        part = "frame/_problem.html" if request.headers.get("HX-Request") else "frame/problem.html"
        return render(request, part, {"problem": problem}, status=problem.status)
