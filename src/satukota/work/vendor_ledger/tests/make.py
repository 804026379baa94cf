"""October 2026 of a contract at Diskominfo: two cameras, a link of another vendor, and people who keep the ledger."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from satukota.base.accounts.models import User
from satukota.city.models import Contract, Opd
from satukota.city.tests.make import make_duty, make_person
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.monitoring.tests.make import make_opd
from satukota.work.vendor_ledger import actions
from satukota.work.vendor_ledger.models import Dispute, PenaltyRule, Statement
from satukota.work.vendor_ledger.months import Month

OCTOBER = Month(date(2026, 10, 1))
START = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)  # 1 October, 00.00 WITA
NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass
class Ledger:
    contract: Contract
    cameras: list[Target]
    link: Target
    opd: Opd
    engineer: User
    kpa: User


def make_user(role: str, opd: Opd, name: str) -> User:
    user = User.objects.create(username=name, first_name=name.title(), last_name="Contoh")
    make_duty(make_person(user=user), role, opd)
    return user


def make_ledger(*, terms: bool = True, rules: bool = True, **contract: Any) -> Ledger:
    opd = make_opd()
    told = {
        "number": "027/1/CONTOH", "vendor": "CV Contoh", "subject": "Rawat kamera", "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31), "required_availability": 0.95, "repair_hours": 24,
    } | contract  # fmt: skip
    held = Contract.objects.create(opd=opd, **told)
    other = Contract.objects.create(opd=opd, **told | {"number": "027/2/CONTOH", "vendor": "PT Serat Contoh"})
    link = watched("FO-01", "link", other, owner=opd)
    cameras = [watched(f"MB-00{n}", "camera", held, owner=opd, link=link) for n in (1, 2)]
    engineer, kpa = make_user("engineer", opd, "teknisi"), make_user("kpa", opd, "kpa")
    ledger = Ledger(held, cameras, link, opd, engineer, kpa)
    if terms:
        actions.set_terms(held.pk, value_rp=365_000_000, monthly_rp=30_000_000, degraded_counts=True,
                          excuses_outside=True, source="Contoh", by=engineer, at=START)  # fmt: skip
    if terms and rules:
        add_rule(ledger)
        add_rule(ledger, kind="availability", rate=Decimal("0.01"), base="monthly", step=Decimal(1))
    return ledger


def add_rule(ledger: Ledger, **more: Any) -> PenaltyRule:
    told = {
        "kind": "late_repair", "rate": Decimal("0.001"), "base": "value", "base_rp": None, "step": Decimal(24),
        "counts_started": True, "cap_rp": None, "valid_from": date(2026, 1, 1), "source": "Contoh",
        "is_verified": False, "by": ledger.engineer, "at": START,
    }  # fmt: skip
    return actions.add_rule(ledger.contract.pk, **told | more)


def watched(code: str, kind: str, contract: Contract, **more: Any) -> Target:
    return Target.objects.create(
        kind=kind, code=code, name=f"Contoh {code}", contract=contract, state="up", state_since=START - 60 * DAY,
        watched_from=START - 90 * DAY, **more,
    )  # fmt: skip


def fails(target: Target, since: datetime, until: datetime | None, *, cause: str = "tcp_timeout", state: str = "down",
          root: Target | None = None) -> None:  # fmt: skip
    """A failure as monitoring would have written it; call in the order of time."""
    StatusChange.objects.create(target=target, at=since, was="up", now=state, cause=cause, root=root)
    Target.objects.filter(pk=target.pk).update(state=state, state_since=since)
    if until is not None:
        StatusChange.objects.create(target=target, at=until, was=state, now="up")
        Target.objects.filter(pk=target.pk).update(state="up", state_since=until)


def prepared(ledger: Ledger, **more: Any) -> Statement:
    return actions.prepare_month(ledger.contract.pk, OCTOBER, **{"by": ledger.engineer, "at": NOW} | more)


def closed(ledger: Ledger) -> Statement:
    draft = prepared(ledger)
    return actions.close_month(draft.pk, sha256=draft.sha256, letter_number="1/UJI", by=ledger.kpa, at=NOW)


def disputed(ledger: Ledger, statement: Statement, outage: int | None = 0, **more: Any) -> Dispute:
    told = {
        "outage": outage, "claim": "Listrik padam", "claimant": "Budi Contoh", "letter_number": "9/CV",
        "claimed_on": date(2026, 11, 2), "by": ledger.engineer, "at": NOW,
    }  # fmt: skip
    return actions.record_dispute(statement.pk, **told | more)


def granted(ledger: Ledger, dispute: Dispute) -> Dispute:
    actions.answer_dispute(dispute.pk, answer="Benar", by=ledger.engineer, at=NOW)
    return actions.decide_dispute(dispute.pk, decision="granted", reason="Terbukti", by=ledger.kpa, at=NOW)
