"""Making a paper that can be verified: PDF, code, QR, signature, a row in the register."""

import hashlib
import io
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import segno
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.audit import form
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence

from .making import day_in_words, make_pdf
from .models import SignedDocument
from .signing import Identity, identity, sign_pdf, usable

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is read as another
CODE_LENGTH = 12  # 59 bits: a code cannot be guessed


@transaction.atomic
def issue(
    template: str, data: Mapping[str, Any], *, kind: str, title: str, by: Any, at: datetime, number: str = "",
    content_sha256: str = "", replaces: SignedDocument | None = None,
) -> SignedDocument:  # fmt: skip
    """Make, sign, keep and register one paper; the file is `evidence.content_of(document.file)`.

    `content_sha256` is the hash of the figures on it, when the caller has one to recompute; else that of `data`.
    The template gets `data` and the keys `title`, `number`, `day`, `sample`, `proof`. Raises what `make_pdf` raises,
    UserError when the signing certificate cannot be used.
    """
    who = _signer()
    code = "".join(secrets.choice(LETTERS) for _each in range(CODE_LENGTH))
    told = content_sha256 or hashlib.sha256(form.canonical(form.storable(data))).hexdigest()
    paper = paper_data(data, title=title, number=number, at=at) | {"proof": _proof(code, told, who)}
    content = sign_pdf(make_pdf(template, paper, at=at), by=who, reason=title[:200])
    file = evidence.keep(
        content, media_type="application/pdf", kind="signed_document", source=code, taken_at=at, delete_on=None
    )
    document = SignedDocument.objects.create(
        code=code, kind=kind, title=title[:200], number=number, content_sha256=told, sha256=file.sha256, file=file,
        signer=who.name[:120], fingerprint=who.fingerprint, is_self_made=who.is_self_made, signed_at=at, signed_by=by,
    )  # fmt: skip
    if replaces is not None:
        SignedDocument.objects.filter(pk=replaces.pk).update(withdrawn_at=at, replaced_by=document)
    audit.record("documents.signed", on=document, by=by, at=at, after={"sha256": file.sha256, "kind": kind})
    return document


def _signer() -> Identity:
    try:
        return usable(identity())
    except ValueError as problem:
        raise UserError(
            _("Surat belum dapat ditandatangani: sertifikatnya tidak dapat dipakai atau sudah berakhir."),
            fix=_("Minta pengelola memeriksa SATUKOTA_SIGNING_FILE, lalu ulangi."),
            code="sertifikat_tanda_tangan",
        ) from problem


def paper_data(data: Mapping[str, Any], *, title: str, at: datetime, number: str = "") -> dict[str, Any]:
    """The data every paper has, signed or not; `proof` None: a paper nobody signed."""
    plain = json.loads(json.dumps(data, ensure_ascii=False, allow_nan=False))
    return plain | {
        "title": title, "number": number, "day": day_in_words(at), "sample": bool(settings.SAMPLE), "proof": None,
    }  # fmt: skip


def link_of(code: str) -> str:
    """Where anyone can ask about a paper; printed on it and in its QR."""
    return f"{settings.SITE_URL}/surat/{code}"


def qr_svg(text: str) -> str:
    """A QR (error correction M, 15 %) as SVG, one unit a module, without a border."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, omitsize=True)
    return out.getvalue().decode()


def _proof(code: str, content_sha256: str, who: Identity) -> dict[str, Any]:
    link = link_of(code)
    return {
        "code": code, "link": link, "sha256": content_sha256, "signer": who.name, "fingerprint": who.fingerprint,
        "self_made": who.is_self_made, "qr": qr_svg(f"{link}#{content_sha256}"),
    }  # fmt: skip
