"""The audit log for the inspectorate: search, what changed, files, the proof of one row. Looking is written down."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock, exports
from satukota.base.audit import actions as audit
from satukota.base.audit import exporting, queries
from satukota.base.audit.models import AuditEntry
from satukota.city.gates import needs
from satukota.city.models import Opd

from . import audit_words

FORMS = ("csv", "xlsx", "jsonl")
COLUMNS = (
    exports.Column("nomor", "Nomor", "number"), exports.Column("waktu", "Waktu", "at"),
    exports.Column("siapa", "Siapa", "actor_name"), exports.Column("peran", "Peran", "hat"),
    exports.Column("tindakan", "Tindakan", lambda row: audit_words.act_words(row.act)),
    exports.Column("kode_tindakan", "Kode tindakan", "act"), exports.Column("jenis", "Jenis", "on_kind"),
    exports.Column("id", "Id", "on_id"), exports.Column("atas", "Atas", "on_label"),
    exports.Column("opd", "OPD", "opd_code"), exports.Column("keperluan", "Keperluan", "purpose"),
    exports.Column("alasan", "Alasan", "why"),
    exports.Column("sebelum", "Sebelum", lambda row: _as_json(row.before)),
    exports.Column("sesudah", "Sesudah", lambda row: _as_json(row.after)), exports.Column("segel", "Segel", "hash"),
)  # fmt: skip


@require_GET
@needs("audit.view")
def audit_log(request: HttpRequest) -> HttpResponse:
    """Fifty rows, newest first. The filters are the address; this look is a row of its own, so it is never its own
    first row."""
    filters = queries.Filters.of(request.GET)
    page = queries.page(filters, _whole(request.GET.get("before", "")))
    purpose = request.GET.get("keperluan", "").strip()
    audit.viewed("audit.seen", by=request.user, at=clock.now(), purpose=purpose, rows=len(page.rows),
                 chosen=filters.chosen() or None)  # fmt: skip
    words, changes = audit_words.act_words, audit_words.changes
    told = {
        "page": page, "rows": [(row, words(row.act), changes(row.before, row.after)) for row in page.rows],
        "filters": filters, "purpose": purpose, "is_filtered": bool(filters.chosen()),
        "newest": queries.last_number(),
        "acts": sorted(((act, audit_words.act_words(act)) for act in queries.acts()), key=lambda pair: pair[1]),
        "opds": list(Opd.objects.order_by("short_name").values_list("code", "short_name")),
        "kind_words": audit_words.kind_words(filters.kind) if filters.kind else "",
        "crumbs": [(_("Peta"), reverse("command_centre:map"))], "forms": FORMS,
    }  # fmt: skip
    return render(request, "command_centre/audit.html", told)


@require_GET
@needs("audit.view")
def audit_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every row of the filter; as JSON lines each with what its hash is made of."""
    if form not in FORMS:
        raise Http404
    filters = queries.Filters.of(request.GET)
    rows = queries.matching(filters).filter(number__lte=queries.last_number())
    if form != "jsonl":
        return exports.table_response(request, "log-audit", COLUMNS, rows, form)
    exports.write_down(request, "log-audit", form, rows.count())
    lines = exporting.selection_lines(clock.now(), rows.iterator(1000), filters.chosen())
    response = StreamingHttpResponse((line.encode() for line in lines), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="log-audit-{clock.local(clock.now()):%Y%m%d-%H%M}.jsonl"'
    return response


@require_GET
@needs("audit.view")
def audit_proof(request: HttpRequest, number: int) -> HttpResponse:
    """One row with its way to the signed root of its day; `satukota audit verify --file` judges it anywhere."""
    proof = exporting.proof_of(number)
    entry = AuditEntry.objects.get(number=number)
    audit.viewed("audit.proof_taken", by=request.user, at=clock.now(), on=entry, rows=1)
    answer = HttpResponse(json.dumps(proof, ensure_ascii=False) + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="bukti-audit-{number}.json"'
    return answer


def _as_json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 16 else None
