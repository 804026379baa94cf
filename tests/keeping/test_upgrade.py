"""From 0.1.0 to now: the rows, the secrets and the audit chain of that release come along whole."""

# ruff: noqa: E501  (rows of an old release, one a line)

import pytest

pytestmark = pytest.mark.slow

# The schema and the writing habits of 0.1.0, frozen here: bare Fernet tokens, plain phones, the first form of the log.
FILL = """
import hashlib, json
from datetime import date, datetime, UTC
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

OLD = ("accounts", "audit", "evidence", "feed", "base_messages", "city", "monitoring", "incidents", "cameras")
executor = MigrationExecutor(connection)
targets = [(app, "0001_first") for app in OLD]
executor.migrate(targets)
apps = MigrationExecutor(connection).loader.project_state(targets).apps
model = apps.get_model
at = datetime(2026, 11, 1, 8, tzinfo=UTC)
user = model("accounts", "User").objects.create(username="contoh", password="!", is_sample=True)
kecamatan = model("city", "Kecamatan").objects.create(code="64.74.01", name="Contoh")
kelurahan = model("city", "Kelurahan").objects.create(code="64.74.01.1001", name="Contoh", kecamatan=kecamatan, lon=117.5, lat=0.1)
opd = model("city", "Opd").objects.create(code="contoh", name="Dinas Contoh", short_name="Contoh", kind="dinas", valid_from=date(2026, 1, 1))
for n in range(700):  # more than one batch of the sealing migration
    model("city", "Person").objects.create(name=f"Contoh {n}", phone=f"0800-{n:03d}-0000" if n % 7 else "")
model("city", "Duty").objects.create(person_id=model("city", "Person").objects.first().pk, role="operator", opd=opd, from_on=date(2026, 1, 1))
model("city", "Contract").objects.create(number="1/CONTOH", vendor="PT Contoh", opd=opd, subject="Kamera", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), vendor_contact="Budi Contoh 0800-111-2222")
token = Fernet(settings.SEAL_KEYS_FILE.read_text().split()[0]).encrypt(b"sandi-contoh").decode()
target = model("monitoring", "Target").objects.create(kind="camera", code="MB-001", name="Jalan Contoh", owner=opd, state="up")
model("cameras", "Camera").objects.create(target=target, username="contoh", password_sealed=token)
model("monitoring", "Reading").objects.create(target=target, at=at, verdict="up", measures={"fps": 10.0})
model("incidents", "Incident").objects.create(number="INS-2026-000001", title="Contoh", kind="camera", severity=2, owner=opd, root=target, opened_at=at)
model("base_messages", "Message").objects.create(recipient=user, channel="screen", kind="x", about="y", subject="s", body="b", created_at=at, sent_at=at)
model("feed", "FeedEntry").objects.create(at=at, topic="t", subject="s", payload={"a": 1})
SEALED = ("number", "at", "act", "actor_id", "actor_name", "hat", "on_kind", "on_id", "on_label", "opd_code", "why", "before", "after", "previous_hash")
previous = "0" * 64
for number in range(1, 6):
    row = model("audit", "AuditEntry")(number=number, at=at, act="contoh", actor_id=user.pk, actor_name="contoh", hat="", on_kind="", on_id="", on_label="", opd_code="", why="", before=None, after={"n": number}, previous_hash=previous)
    content = {name: getattr(row, name) for name in SEALED} | {"at": at.isoformat()}
    row.hash = previous = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    row.save()
model("audit", "AuditHead").objects.create(pk=1, last_number=5, last_hash=previous)
"""
CHECK = """
from django.utils import timezone
from satukota.base.accounts.models import User
from satukota.base.audit import actions as audit
from satukota.base.audit.actions import first_broken
from satukota.base.secrets import rotating
from satukota.base.secrets.hashing import keyed_hash
from satukota.city.models import Contract, Duty, Person
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import Reading
from satukota.work.cameras.models import Camera
people = list(Person.objects.order_by("pk"))
assert [p.phone.open() for p in people] == [f"0800-{n:03d}-0000" if n % 7 else "" for n in range(700)]
assert Person.objects.get(phone_hash=keyed_hash("phone", "0800-005-0000")).name == "Contoh 5"
assert Contract.objects.get().vendor_contact.open() == "Budi Contoh 0800-111-2222"
assert Camera.objects.get().password_sealed.open() == "sandi-contoh"
assert (Duty.objects.count(), Incident.objects.count(), Reading.objects.get().measures) == (1, 1, {"fps": 10.0})
assert first_broken() is None
audit.record("contoh.sesudah", by=User.objects.get(), at=timezone.now())
assert first_broken() is None
assert rotating.resume().lost == 0 and rotating.uses()[-1].key is not None
assert Camera.objects.get().password_sealed.open() == "sandi-contoh"
print("whole")
"""


def test_a_city_of_0_1_0_comes_to_this_version_whole_and_the_sealing_can_be_undone(empty):
    empty.python(FILL)
    empty.run("manage", "migrate", "-v0")
    assert empty.python(CHECK) == "whole\n"
