"""Every request gets a number that its answer, its log lines and its error page share; how long it took is counted."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from . import metrics

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")
current: ContextVar[str] = ContextVar("request_id", default="")
log = logging.getLogger("satukota.request")


class RequestIdMiddleware:
    """Stands first. A number given by the proxy before us is kept when it looks like one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        number = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        before = current.set(number)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers[HEADER] = number
            self._note(request, response, time.perf_counter() - began)
        finally:
            current.reset(before)
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, took_s: float) -> None:
        """The view's name, never the path: paths can hold one-time tokens, queries what somebody searched for."""
        match = request.resolver_match
        view = (match.view_name or match.route or "unnamed") if match else "none"
        method = request.method if request.method in {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"} else "other"
        metrics.request_seconds.labels(view, method, f"{response.status_code // 100}xx").observe(took_s)
        user = getattr(request, "_cached_user", None)  # set when somebody asked who it is; asking would be a query
        log.info(
            "answered", extra={"view": view, "method": method, "status": response.status_code,
                               "ms": round(took_s * 1000, 1), "user": getattr(user, "pk", None)},
        )  # fmt: skip


class RequestIdFilter(logging.Filter):
    """Puts the number of the request on every line written while it is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current.get()
        return True
