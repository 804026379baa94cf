"""What is kept how long, when the next turn is, and the receipts of what was deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from satukota.base.evidence import actions as evidence
from satukota.base.keeping import retention
from satukota.base.keeping.models import DeletionReceipt
from satukota.city.tests.make import make_city, make_user
from satukota.shared.monitoring.models import Chore

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
URL = "/pusat/kesehatan/masa-simpan/"


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(
        make_user(role, make_city().diskominfo), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def test_every_rule_stands_there_with_its_days_its_ground_and_its_next_turn(settings: Any, tmp_path: Any) -> None:
    settings.FILES_DIR = tmp_path
    client = signed_in("operator")
    page = client.get(URL)
    assert "belum pernah berjalan" in page.content.decode()
    shown = page.content.decode()
    for rule in retention.rules():
        assert str(rule.what) in shown and rule.configured in shown, rule.key
    Chore.objects.create(name="keeping.delete_by_rules", next_at=AT)
    taken_at = AT - timedelta(days=40)
    evidence.keep(b"tua", media_type="image/jpeg", kind="incident_picture", source="MB-001", taken_at=taken_at,
                  delete_on=(taken_at + timedelta(days=30)).date())  # fmt: skip
    rule = next(rule for rule in retention.rules() if rule.key == "evidence.pictures")
    retention.run(rule, AT)
    receipt = DeletionReceipt.objects.get()
    page = client.get(URL)
    line = next(line for line in page.context["lines"] if line.rule.key == rule.key)
    assert (line.last, line.due_at) == (receipt, AT + timedelta(hours=rule.every_h))
    assert f">{receipt.audit_number}</td>" in page.content.decode(), "no link for who may not read the audit log"
    assert f"/pusat/audit/{receipt.audit_number}/bukti" in signed_in("auditor").get(URL).content.decode()


def test_a_failing_deletion_says_so_and_the_page_is_for_who_keeps_the_system() -> None:
    Chore.objects.create(name="keeping.delete_by_rules", next_at=AT, problem="disk penuh")
    client = signed_in("operator")
    assert "disk penuh" in client.get(URL).content.decode()
    assert URL in client.get("/pusat/kesehatan/").content.decode()
    assert signed_in("mayor").get(URL).status_code == 404 and client.post(URL).status_code == 405
