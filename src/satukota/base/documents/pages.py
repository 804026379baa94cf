"""Public: is the copy in your hand the paper that left this house? A file sent here is hashed and forgotten."""

import hashlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from . import queries
from .models import SignedDocument
from .signing import identity

MOST_BYTES = 20 * 1024 * 1024


@require_http_methods(["GET", "POST"])
def paper(request: HttpRequest, code: str = "") -> HttpResponse:
    """What is known of one paper; with a file (`berkas`), whether it is that paper to the last byte."""
    document = queries.by_code(code) if code else None
    if code and document is None:
        raise Http404
    told: dict[str, Any] = {"document": document, "most_mb": MOST_BYTES // 2**20}
    if request.method == "POST":
        told |= _compared(request, document)
    status = 422 if told.get("problem") else 200
    return render(request, "documents/paper.html", told, status=status)


def _compared(request: HttpRequest, document: SignedDocument | None) -> dict[str, Any]:
    """`is_same` and the hash of what was sent; without a code in the address, also the paper it turned out to be."""
    file = request.FILES.get("berkas")
    if file is None:
        return {"problem": _("Pilih dahulu berkas PDF yang ingin diperiksa.")}
    if (file.size or 0) > MOST_BYTES:
        return {"problem": _("Berkas itu lebih besar daripada surat mana pun yang pernah kami buat.")}
    digest = hashlib.sha256()
    for part in file.chunks():
        digest.update(part)
    found = queries.by_file(digest.hexdigest())
    is_same = found is not None and (document is None or found.pk == document.pk)
    return {"document": document or found, "is_same": is_same, "was_compared": True, "sha256": digest.hexdigest()}


@require_GET
@cache_control(max_age=300)
def certificate(request: HttpRequest) -> HttpResponse:
    """The public certificate papers are signed with now, for those who verify offline."""
    response = HttpResponse(identity().pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="satukota-surat.pem"'
    return response
