"""A paper that leaves the house is kept, registered and can be asked about by anyone who holds it."""

from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from satukota.base.audit.models import AuditEntry
from satukota.base.documents import actions, signing
from satukota.base.documents.models import SignedDocument
from satukota.base.documents.signing import identity
from satukota.base.documents.verifying import verify_pdf
from satukota.base.errors import UserError
from satukota.base.evidence.actions import content_of

from .make import AT, PLAIN, plain_data


@pytest.fixture
def issued(db, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    return actions.issue(PLAIN, plain_data(), kind="uji", title="Surat contoh", number="1/UJI/2026", by=None, at=AT)


def test_a_paper_is_signed_kept_and_written_down(issued):
    told = verify_pdf(content_of(issued.file), identity().pem)
    assert told.holds and told.sha256 == issued.sha256 and issued.is_self_made
    assert AuditEntry.objects.filter(act="documents.signed", on_id=str(issued.pk)).exists()


def test_whoever_holds_the_paper_can_ask_about_it(issued):
    page = Client().get(f"/surat/{issued.code}")
    assert page.status_code == 200 and issued.sha256 in page.content.decode()
    assert "buatan sendiri" in page.content.decode()
    assert Client().get("/surat/tidakadakode").status_code == 404


def test_a_copy_is_compared_to_the_last_byte(issued):
    def sent(content, address):
        return Client().post(address, {"berkas": SimpleUploadedFile("a.pdf", content)}).content.decode()

    whole = content_of(issued.file)
    for address in (f"/surat/{issued.code}", "/surat/"):
        assert "Sama persis" in sent(whole, address)
        assert "Tidak sama" in sent(whole[:-1] + b"!", address)
    assert Client().post("/surat/", {}).status_code == 422


def test_a_paper_that_was_replaced_says_so(issued):
    newer = actions.issue(
        PLAIN, plain_data(text="Baru"), kind="uji", title="Surat baru", by=None, at=AT, replaces=issued
    )
    page = Client().get(f"/surat/{issued.code}").content.decode()
    assert "Diganti" in page and newer.code in page


def test_the_public_certificate_verifies_and_holds_no_key(issued):
    pem = Client().get("/surat/sertifikat.pem").content
    assert b"PRIVATE" not in pem and verify_pdf(content_of(issued.file), pem).holds


def test_an_ended_certificate_signs_nothing_and_says_so(db, settings, monkeypatch):
    settings.SIGNING_OWN_KEY = signing.make_own("lama.go.id")
    monkeypatch.setattr(signing, "datetime", Later)
    with pytest.raises(UserError, match="belum dapat ditandatangani"):
        actions.issue(PLAIN, plain_data(), kind="uji", title="Surat", by=None, at=AT)
    assert not SignedDocument.objects.exists()


class Later(datetime):
    """Eleven years from now."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=4018)
