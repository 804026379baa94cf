"""The pages: figures that open to their evidence, forms that act, files, and nothing of another OPD."""

from datetime import date
from io import BytesIO

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.documents.signing import identity
from satukota.base.documents.verifying import verify_pdf
from satukota.city.models import Opd
from satukota.work.vendor_ledger.models import Dispute, PenaltyRule, Statement, Terms

from .make import DAY, NOW, START, closed, disputed, fails, make_ledger, make_user, prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(settings, tmp_path, monkeypatch):
    settings.FILES_DIR = tmp_path
    monkeypatch.setattr(clock, "now", lambda: NOW)
    made = make_ledger()
    fails(made.cameras[0], START + 5 * DAY, START + 8 * DAY)
    return made


def signed_in(user):
    client = Client(headers={"accept-language": "id"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def page(user, address, status=200):
    """`user`: an account, or a client that is signed in already."""
    answer = (user if isinstance(user, Client) else signed_in(user)).get(address)
    assert answer.status_code == status, (address, answer.status_code)
    content = b"".join(answer) if answer.streaming else answer.content
    return content.decode(errors="replace")


def test_contracts_and_months_lead_to_the_outage(ledger):
    pk = ledger.contract.pk
    listed = page(ledger.engineer, "/pusat/vendor/")
    assert "Rawat kamera" in listed and f"/pusat/vendor/{pk}/2026-10/" in listed and "berjalan" in listed
    told = page(ledger.engineer, f"/pusat/vendor/{pk}/2026-10/")
    assert "Rp730.000" in told and "95,161 %" in told and "/pusat/kamera/MB-001/" in told
    assert "2 langkah (tiap 24 jam yang dimulai) × 0,001 × Rp365.000.000" in told and "belum diverifikasi" in told


def test_a_month_goes_from_draft_to_letter_and_is_verified(ledger):
    pk = ledger.contract.pk
    address = f"/pusat/vendor/{pk}/2026-10/"
    assert signed_in(ledger.engineer).post(f"{address}buat").status_code == 302
    draft = Statement.objects.get()
    sent = {"letter_number": "5/UJI", "sha256": draft.sha256}
    refused = signed_in(ledger.engineer).post(f"/pusat/vendor/hitungan/{draft.pk}/tutup", sent)
    assert refused.status_code == 422 and "dua orang" in refused.content.decode()
    assert signed_in(ledger.kpa).post(f"/pusat/vendor/hitungan/{draft.pk}/tutup", sent).status_code == 302
    answer = signed_in(ledger.engineer).get(f"/pusat/vendor/hitungan/{draft.pk}/surat.pdf")
    assert verify_pdf(answer.content, identity().pem).holds
    assert AuditEntry.objects.filter(act="ledger.letter_taken").exists()
    told = page(ledger.engineer, address)
    assert "5/UJI" not in told and draft.sha256 in told and "ditutup" in told.lower()


def test_a_dispute_goes_through_its_forms(ledger):
    done = closed(ledger)
    form = {"outage": "0", "claim": "Listrik padam", "claimant": "Budi Contoh", "letter_number": "",
            "claimed_on": "2026-11-01"}  # fmt: skip
    client = signed_in(ledger.engineer)
    assert client.post(f"/pusat/vendor/hitungan/{done.pk}/keberatan", form).status_code == 302
    twice = client.post(f"/pusat/vendor/hitungan/{done.pk}/keberatan", form)
    assert twice.status_code == 422 and "sudah tercatat" in twice.content.decode()
    row = Dispute.objects.get()
    assert client.post(f"/pusat/vendor/keberatan/{row.pk}/jawab", {"answer": "Benar"}).status_code == 302
    decided = {"decision": "granted", "reason": "Terbukti"}
    assert client.post(f"/pusat/vendor/keberatan/{row.pk}/putus", decided).status_code == 422
    assert signed_in(ledger.kpa).post(f"/pusat/vendor/keberatan/{row.pk}/putus", decided).status_code == 302
    told = page(ledger.engineer, f"/pusat/vendor/{ledger.contract.pk}/2026-10/")
    assert "Listrik padam" in told and "Diterima" in told
    assert client.post(f"/pusat/vendor/hitungan/{done.pk}/koreksi", {"reason": "Diterima"}).status_code == 302
    assert Statement.objects.get(version=2).total_rp == 0


def test_every_outage_is_in_the_file(ledger):
    fails(ledger.cameras[1], START + 9 * DAY, START + 10 * DAY)
    answer = signed_in(ledger.kpa).get(f"/pusat/vendor/{ledger.contract.pk}/2026-10/gangguan.xlsx")
    rows = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer))).get_sheet_by_index(0).to_python()
    assert len(rows) == 3 and rows[1][0] == "MB-001" and rows[1][16] == 730_000 and ">" in rows[1][17]
    assert signed_in(ledger.kpa).get(f"/pusat/vendor/{ledger.contract.pk}/2026-10/gangguan.exe").status_code == 404


def test_the_working_paper_of_a_running_month_is_not_signed(ledger):
    answer = signed_in(ledger.kpa).get(f"/pusat/vendor/{ledger.contract.pk}/2026-11/rancangan.pdf")
    assert answer.content.startswith(b"%PDF-") and b"/ByteRange" not in answer.content


def test_months_that_cannot_be_shown_say_why(ledger):
    pk = ledger.contract.pk
    assert "belum tiba" in page(ledger.engineer, f"/pusat/vendor/{pk}/2026-12/")
    assert "tidak berlaku" in page(ledger.engineer, f"/pusat/vendor/{pk}/2025-12/")
    for address in ("bukan-bulan/", "2026-13/", "2026-10/?versi=9", "2026-10/?versi=x"):
        page(ledger.engineer, f"/pusat/vendor/{pk}/{address}", 404)
    Terms.objects.all().delete()
    assert "belum diisi" in page(ledger.engineer, f"/pusat/vendor/{pk}/2026-10/")
    assert "syarat belum diisi" in page(ledger.engineer, "/pusat/vendor/")
    page(ledger.engineer, f"/pusat/vendor/{pk}/2026-10/rancangan.pdf", 404)


def test_altered_rows_are_seen_on_the_page(ledger):
    draft = prepared(ledger)
    Statement.objects.filter(pk=draft.pk).update(figures=draft.figures | {"total_rp": 1})
    assert "catatannya telah diubah" in page(ledger.engineer, f"/pusat/vendor/{ledger.contract.pk}/2026-10/")


def test_another_opd_finds_nothing_and_who_may_not_keep_gets_no_forms(ledger):
    done = closed(ledger)
    disputed(ledger, done)
    dishub = Opd.objects.create(code="dishub", name="x", short_name="x", kind="dinas", valid_from=date(2020, 1, 1))
    stranger, auditor, operator, engineer = (
        signed_in(make_user("kpa", dishub, "lain")), signed_in(make_user("auditor", dishub, "auditor")),
        signed_in(make_user("operator", ledger.opd, "operator")), signed_in(ledger.engineer),
    )  # fmt: skip
    pk, rule, row = ledger.contract.pk, PenaltyRule.objects.first(), Dispute.objects.get()
    shown = [f"{pk}/", f"{pk}/2026-10/", f"hitungan/{done.pk}/surat.pdf", f"{pk}/2026-10/gangguan.csv"]
    kept = [f"{pk}/syarat", f"{pk}/aturan", f"aturan/{rule.pk}/akhiri", f"hitungan/{done.pk}/koreksi",
            f"hitungan/{done.pk}/keberatan", f"keberatan/{row.pk}/jawab", f"keberatan/{row.pk}/putus"]  # fmt: skip
    for address in shown:
        page(stranger, f"/pusat/vendor/{address}", 404)
        page(operator, f"/pusat/vendor/{address}", 404)
        page(auditor, f"/pusat/vendor/{address}")
    page(stranger, f"/pusat/vendor/{pk}/2026-10/rancangan.pdf", 404)
    for address in kept:
        for client in (stranger, operator, auditor):
            page(client, f"/pusat/vendor/{address}", 404)
        page(engineer, f"/pusat/vendor/{address}")
    assert "Rawat kamera" not in page(stranger, "/pusat/vendor/")


def test_terms_and_rules_are_written_and_ended(ledger):
    pk, client = ledger.contract.pk, signed_in(ledger.engineer)
    rule = PenaltyRule.objects.get(kind="late_repair")
    ended = client.post(f"/pusat/vendor/aturan/{rule.pk}/akhiri", {"valid_to": "2026-11-30"})
    form = {"kind": "late_repair", "rate": "0,002", "step": "12", "base": "fixed", "base_rp": "1000000",
            "cap_rp": "", "valid_from": "2026-12-01", "source": "Pasal 9"}  # fmt: skip
    added = client.post(f"/pusat/vendor/{pk}/aturan", form)
    assert (ended.status_code, added.status_code) == (302, 302)
    terms = {"value_rp": "99999999999999999999", "monthly_rp": "", "source": "x"}
    assert client.post(f"/pusat/vendor/{pk}/syarat", terms).status_code == 422
    assert client.post(f"/pusat/vendor/{pk}/syarat", terms | {"value_rp": "5"}).status_code == 302
    assert Terms.objects.get(pk=pk).value_rp == 5 and "0,002" in page(ledger.engineer, f"/pusat/vendor/{pk}/")


def test_hostile_words_are_only_words(ledger):
    done = closed(ledger)
    disputed(ledger, done, claim="<script>alert(1)</script>", claimant="=cmd()|x")
    assert "<script>alert" not in page(ledger.engineer, f"/pusat/vendor/{ledger.contract.pk}/2026-10/")
