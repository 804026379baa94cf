"""What stands before every view: headers that narrow what a browser may do, and limits on size and number of requests.

Sources: OWASP ASVS 5.0 chapters V3 (web frontend) and V2.4 (anti-automation); RFC 9110 for 411, 413 and 429.
"""

import logging
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django_ratelimit.core import get_usage

from satukota.base.errors import UserError
from satukota.base.page_frame.middleware import as_json

Answer = Callable[[HttpRequest], HttpResponse]
refused = logging.getLogger("satukota.refused")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
PERMISSIONS = (
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), "
    "geolocation=(self), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)


class Unreadable(UserError):
    """Bytes no text has: PostgreSQL refuses them in the middle of a page, so they are refused here."""

    code, status = "alamat_tidak_terbaca", 400


class TooLarge(UserError):
    code, status = "terlalu_besar", 413


class LengthMissing(UserError):
    code, status = "tanpa_panjang", 411


class TooMany(UserError):
    """`retry_s`: when asking again makes sense."""

    code, status = "terlalu_sering", 429

    def __init__(self, text: str, retry_s: int) -> None:
        super().__init__(text, fix=_("Tunggu %d detik, lalu coba lagi.") % retry_s)
        self.retry_s = retry_s


class HeadersMiddleware:
    """Outside WhiteNoise, so static files carry the headers too."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        user = getattr(request, "_cached_user", None)
        if user is not None and user.is_authenticated:  # what one person saw is not kept for the next at the machine
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class LimitsMiddleware:
    """Refuses bodies too large to be meant and askers too many to be people, before anything is read or counted on."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        problem = _address_problem(request) or _text_problem(request) or _size_problem(request)
        return self.get_response(request) if problem is None else _answer(request, problem)


def account_must_wait(request: HttpRequest) -> HttpResponse | None:
    """The refusal when the signed-in account asks too often, from however many addresses; else None and one counted.

    Called as soon as it is known who asks (accounts' middleware), behind the count by address.
    """
    problem = _rate_problem(
        request, "account_", lambda _group, asked: str(asked.user.pk), _("Terlalu banyak permintaan dari akun ini.")
    )
    return None if problem is None else _answer(request, problem)


def _text_problem(request: HttpRequest) -> UserError | None:
    if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
        return Unreadable(_("Alamat ini memuat karakter yang tidak mungkin."), fix=_("Periksa alamatnya."))
    return None


def _size_problem(request: HttpRequest) -> UserError | None:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length:
        if request.method in READS or "HTTP_TRANSFER_ENCODING" not in request.META:
            return None
        return LengthMissing(_("Panjang kiriman tidak disebut."), fix=_("Kirim dengan Content-Length."))
    if not (length.isascii() and length.isdecimal()) or int(length) > settings.MAX_BODY_BYTES:
        megabytes = settings.MAX_BODY_BYTES // 2**20
        return TooLarge(_("Kiriman ini terlalu besar: paling besar %d MB.") % megabytes, fix=_("Bagi berkasnya."))
    return None


def _address_problem(request: HttpRequest) -> UserError | None:
    """It holds before anybody is known. Sign-in has stricter limits of its own (accounts)."""
    return _rate_problem(request, "", _address, _("Terlalu banyak permintaan dari alamat ini."))


def _rate_problem(request: HttpRequest, of: str, key: Callable[[str, HttpRequest], str], text: str) -> TooMany | None:
    """`of`: beginning of the names of the limits. The first refusal of a while is a line of the log, the rest are not:
    else whoever asks without end fills the disk."""
    kind = of + ("reads" if request.method in READS else "writes")
    rate = settings.RATE_LIMITS.get(kind)
    used = get_usage(request, group=kind, key=key, rate=rate, increment=True) if rate else None
    if used is None or not used["should_limit"]:
        return None
    if used["count"] == used["limit"] + 1:
        refused.warning("refused: more than %s %s by %s", rate, kind, key(kind, request), extra={"kind": kind})
    return TooMany(text, retry_s=max(1, used["time_left"]))


def _address(group: str, request: HttpRequest) -> str:
    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:  # behind a socket that names nobody: all are counted as one
        return "unknown"


def _answer(request: HttpRequest, problem: UserError) -> HttpResponse:
    if not isinstance(problem, TooMany):  # at most as many lines as requests are taken from one address
        refused.warning("refused before any page: %s by %s", problem.code, _address("", request))
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse(as_json(problem), status=problem.status)
    else:
        response = HttpResponse(f"{problem.text} {problem.fix}", "text/plain; charset=utf-8", status=problem.status)
    if isinstance(problem, TooMany):
        response.headers["Retry-After"] = str(problem.retry_s)
    return response
