"""When what we stand on is gone for a while (database, disk): 503 with a sentence and when to come back, never a trace.

Answers for the whole house as Django's handler of uncaught errors. Asks nothing of database, disk or session itself.
"""

import errno
import logging
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

RETRY_S = 10
FULL, READ_ONLY, GONE, BUSY = "penyimpanan_penuh", "penyimpanan_terkunci", "basis_data_mati", "basis_data_sibuk"
DISK_FULL_STATES = {"53100"}  # PostgreSQL: disk_full
READ_ONLY_STATES = {"25006"}  # PostgreSQL: read_only_sql_transaction
BUSY_STATES = {"55P03", "57014", "40P01", "40001", "53300"}  # lock, timeout, deadlock, order, too many
SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: GONE,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
}
ERRNOS = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EFBIG: FULL, errno.EROFS: READ_ONLY}


@dataclass(frozen=True)
class Outage:
    code: str
    text: str
    fix: str


def outage_in(problem: BaseException | None) -> Outage | None:
    """What is gone, when that is why `problem` came; None when the mistake is our own."""
    code = next((found for each in _causes(problem) if (found := _code(each))), "")
    return _in_words(code) if code else None


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or problem.__context__


def _code(problem: BaseException) -> str:
    if isinstance(problem, sqlite3.OperationalError):
        return SQLITE.get(getattr(problem, "sqlite_errorcode", 0) & 0xFF, "")
    if isinstance(problem, OSError):
        return ERRNOS.get(problem.errno or 0, "")
    state = getattr(problem, "sqlstate", None)
    if state in DISK_FULL_STATES:
        return FULL
    if state in READ_ONLY_STATES:
        return READ_ONLY
    if state in BUSY_STATES:
        return BUSY
    is_postgres = problem.__class__.__module__.startswith("psycopg")
    if is_postgres and (state is None or state.startswith(("08", "57P"))):
        return GONE if problem.__class__.__name__ in {"OperationalError", "InterfaceError", "AdminShutdown"} else ""
    if isinstance(problem, InterfaceError) and problem.__cause__ is None:
        return GONE
    return ""


def _in_words(code: str) -> Outage:
    kept = _("Yang sudah Anda simpan tidak hilang. ")
    wait = _("Halaman ini mencoba lagi sendiri; yang baru Anda kirim belum tersimpan, kirim lagi sesudahnya.")
    told = {
        FULL: (_("Penyimpanan Satukota penuh."), _("Pengelola perlu mengosongkan ruang. ")),
        READ_ONLY: (_("Penyimpanan Satukota sedang hanya dapat dibaca."), _("Pengelola perlu memeriksa penyimpanan. ")),
        GONE: (_("Basis data Satukota sedang tidak terjangkau."), ""),
        BUSY: (_("Basis data Satukota sedang sangat sibuk."), ""),
    }
    text, who = told[code]
    return Outage(code, text, f"{kept}{who}{wait}")


def answer(request: HttpRequest) -> HttpResponse:
    """handler500: called while the error is being handled."""
    problem = sys.exc_info()[1]
    outage = outage_in(problem)
    if outage is None:
        return HttpResponse(render_to_string("500.html"), status=500)
    log.error("503 %s on %s: %s", outage.code, request.path, type(problem).__name__)
    headers = {"Retry-After": str(RETRY_S), "Cache-Control": "no-store"}
    wants_json = request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")
    if wants_json:
        told = {"error": {"code": outage.code, "text": outage.text, "fix": outage.fix}}
        return JsonResponse(told, status=503, headers=headers)
    is_read = request.method in {"GET", "HEAD"}
    page = render_to_string("503.html", {"outage": outage, "retry_s": RETRY_S if is_read else 0})
    return HttpResponse(page, status=503, headers=headers)
