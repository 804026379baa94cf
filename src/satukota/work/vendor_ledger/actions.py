"""What is done in the ledger: terms and rules, a month prepared and closed by two people, disputes, corrections."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import AlreadyDone, UserError
from satukota.city import access as duties
from satukota.city.models import Contract

from . import access, letters
from .gathering import Facts, corrected, facts_of
from .models import Dispute, PenaltyRule, Statement, Terms
from .months import Month
from .reckoning import figures_of, ratio_of, sealed


@transaction.atomic
def set_terms(
    contract_id: int, *, value_rp: int, monthly_rp: int | None, degraded_counts: bool, excuses_outside: bool,
    source: str, by: Any, at: datetime,
) -> Terms:  # fmt: skip
    """Write what was agreed in rupiah; closed months keep what they were judged by. Raises Missing."""
    contract = access.ledger_to_keep(by, contract_id)
    was = _told(contract.terms) if hasattr(contract, "terms") else None
    values = {
        "value_rp": value_rp, "monthly_rp": monthly_rp, "degraded_counts": degraded_counts,
        "excuses_outside": excuses_outside, "source": source, "set_by": by, "set_at": at,
    }  # fmt: skip
    terms = Terms(contract=contract, **values)
    _check(terms)
    terms.save()
    audit.record("ledger.terms_set", on=terms, by=by, at=at, opd_code=contract.opd.code, before=was, after=_told(terms))
    return terms


@transaction.atomic
def add_rule(
    contract_id: int, *, kind: str, rate: Decimal, base: str, base_rp: int | None, step: Decimal,
    counts_started: bool, cap_rp: int | None, valid_from: date, source: str, is_verified: bool, by: Any, at: datetime,
) -> PenaltyRule:  # fmt: skip
    """A penalty from a day on. Raises UserError when one of its kind is in force then or later."""
    contract = access.ledger_to_keep(by, contract_id)
    Contract.objects.select_for_update().get(pk=contract.pk)  # two rules of a kind are not added at once
    later = PenaltyRule.objects.filter(contract=contract, kind=kind)
    if later.filter(Q(valid_to=None) | Q(valid_to__gte=valid_from)).exists():
        raise UserError(
            _("Sudah ada aturan jenis ini yang berlaku pada atau sesudah tanggal itu."),
            fix=_("Akhiri dahulu aturan itu, lalu buat yang baru mulai hari berikutnya."),
            code="aturan_tumpang_tindih",
        )
    rule = PenaltyRule(
        contract=contract, kind=kind, rate=rate, base=base, base_rp=base_rp if base == "fixed" else None, step=step,
        counts_started=counts_started, cap_rp=cap_rp, valid_from=valid_from, source=source, is_verified=is_verified,
        made_by=by, made_at=at,
    )  # fmt: skip
    _check(rule)
    rule.save()
    audit.record("ledger.rule_added", on=rule, by=by, at=at, opd_code=contract.opd.code, after=_told(rule))
    return rule


@transaction.atomic
def end_rule(rule_id: int, *, valid_to: date, by: Any, at: datetime) -> PenaltyRule:
    """Its last day. Raises AlreadyDone when it has one, UserError for a day before its first."""
    rule = access.rule_to_end(by, rule_id)
    if valid_to < rule.valid_from - timedelta(days=1):
        raise UserError(_("Hari terakhirnya lebih awal daripada hari pertamanya."), fix=_("Periksa tanggalnya."))
    if not PenaltyRule.objects.filter(pk=rule.pk, valid_to=None).update(valid_to=max(valid_to, rule.valid_from)):
        raise AlreadyDone(_("Aturan ini sudah diakhiri."), fix=_("Lihat tanggalnya pada halaman kontrak."))
    audit.record(
        "ledger.rule_ended", on=rule, by=by, at=at, opd_code=rule.contract.opd.code, after={"valid_to": valid_to}
    )
    return rule


@transaction.atomic
def prepare_month(contract_id: int, month: Month, *, by: Any, at: datetime) -> Statement:
    """Draft the statement of a month that is over, or draft it anew: whoever did it last is its maker.

    Raises UserError for a month that is not over, outside the contract or without terms; AlreadyDone when closed.
    """
    contract = access.ledger_to_keep(by, contract_id)
    if Statement.objects.filter(contract=contract, month=month.first, state=Statement.State.CLOSED).exists():
        raise AlreadyDone(
            _("Perhitungan bulan ini sudah ditutup."), fix=_("Buat koreksi bila ada yang harus diperbaiki.")
        )
    if not hasattr(contract, "terms"):
        raise without_terms()
    facts = facts_of(contract, month, at)
    if not facts["is_over"]:
        raise UserError(
            _("%(month)s belum berakhir; angkanya masih berubah.") % {"month": month.words},
            fix=_("Buat rancangannya setelah bulan itu berakhir."),
            code="bulan_berjalan",
        )
    return _draft(contract, month, facts, version=1, reason="", by=by, at=at)


def without_terms() -> UserError:
    return UserError(
        _("Nilai dan syarat denda kontrak ini belum diisi."),
        fix=_("Isi syarat kontraknya dahulu; tanpa itu denda tidak dapat dihitung."),
        code="tanpa_syarat",
    )


def _draft(
    contract: Contract, month: Month, facts: Facts, *, version: int, reason: str, by: Any, at: datetime
) -> Statement:
    figures = figures_of(facts)
    ratio = ratio_of(figures)
    values = {
        "facts": facts, "figures": figures, "sha256": sealed(facts, figures), "total_rp": figures["total_rp"],
        "ratio": None if ratio is None else float(ratio), "prepared_by": by, "prepared_at": at, "reason": reason,
    }  # fmt: skip
    try:
        with transaction.atomic():
            statement, _new = Statement.objects.update_or_create(
                contract=contract, month=month.first, version=version, state=Statement.State.DRAFT, defaults=values
            )
    except IntegrityError as problem:  # somebody closed this version a moment ago
        raise AlreadyDone(_("Perhitungan bulan ini baru saja ditutup."), fix=_("Muat ulang halamannya.")) from problem
    audit.record(
        "ledger.month_prepared", on=statement, by=by, at=at, opd_code=contract.opd.code, why=reason,
        after={"total_rp": statement.total_rp, "sha256": statement.sha256},
    )  # fmt: skip
    return statement


@transaction.atomic
def close_month(statement_id: int, *, sha256: str, letter_number: str, by: Any, at: datetime) -> Statement:
    """Freeze a draft and sign its letter. Only by another person than its maker.

    `sha256` is the hash of the draft the person saw: a draft made anew in between is not closed unseen. Raises
    AlreadyDone, UserError.
    """
    statement = access.statement_to_keep(by, statement_id)
    duties.not_the_maker(by, statement.prepared_by)
    closing = Statement.objects.filter(pk=statement.pk, state=Statement.State.DRAFT, sha256=sha256)
    if not closing.update(state=Statement.State.CLOSED, closed_by=by, closed_at=at, letter_number=letter_number):
        if Statement.objects.filter(pk=statement.pk, state=Statement.State.CLOSED).exists():
            raise AlreadyDone(_("Perhitungan ini sudah ditutup."), fix=_("Lihat siapa yang menutupnya di halamannya."))
        raise UserError(
            _("Rancangan ini dibuat ulang sejak Anda membukanya."), fix=_("Periksa angka yang baru, lalu tutup lagi.")
        )
    statement.refresh_from_db()
    duties.not_the_maker(by, statement.prepared_by)
    before = Statement.objects.filter(
        contract=statement.contract_id, month=statement.month, version=statement.version - 1
    ).first()
    statement.letter = letters.sign(statement, replaces=before.letter if before else None, by=by, at=at)
    statement.save(update_fields=["letter"])
    audit.record(
        "ledger.month_closed", on=statement, by=by, at=at, opd_code=statement.contract.opd.code,
        after={"total_rp": statement.total_rp, "sha256": statement.sha256, "letter": statement.letter.code},
    )  # fmt: skip
    return statement


@transaction.atomic
def correct_month(statement_id: int, *, reason: str, by: Any, at: datetime) -> Statement:
    """Draft the next version of a closed month: what was measured then, granted disputes, terms as written now.

    Raises UserError for a draft or a version that is not the newest.
    """
    statement = access.statement_to_keep(by, statement_id)
    newest = Statement.objects.filter(contract=statement.contract_id, month=statement.month).order_by("-version")
    latest_closed = newest.filter(state=Statement.State.CLOSED).first()
    if latest_closed is None or latest_closed.pk != statement.pk:
        raise UserError(_("Hanya versi terakhir yang sudah ditutup dapat dikoreksi."), fix=_("Buka versi terakhirnya."))
    month, facts = Month(statement.month), corrected(statement)
    return _draft(statement.contract, month, facts, version=statement.version + 1, reason=reason, by=by, at=at)


@transaction.atomic
def record_dispute(
    statement_id: int, *, outage: int | None, claim: str, claimant: str, letter_number: str, claimed_on: date,
    by: Any, at: datetime,
) -> Dispute:  # fmt: skip
    """What the vendor says against a closed month; `outage` is the outage's place among its figures, None: all of it.

    Raises AlreadyDone when it is disputed already, UserError for a draft, an unknown outage and a day to come.
    """
    statement = access.statement_to_keep(by, statement_id)
    if not statement.is_closed:
        raise UserError(
            _("Rancangan belum dapat disanggah; angkanya masih dapat berubah."), fix=_("Catat setelah ditutup.")
        )
    if claimed_on > at.date() + timedelta(days=1):
        raise UserError(_("Tanggal surat keberatan belum tiba."), fix=_("Periksa tanggalnya."))
    dispute = Dispute(
        contract=statement.contract, month=statement.month, version=statement.version, claim=claim,
        claimant=claimant, letter_number=letter_number, claimed_on=claimed_on, recorded_by=by, recorded_at=at,
        **_outage(statement, outage),
    )  # fmt: skip
    try:
        with transaction.atomic():
            dispute.save()
    except IntegrityError as problem:
        raise AlreadyDone(
            _("Keberatan atas hal ini sudah tercatat."), fix=_("Lihat keberatan yang ada di bawah.")
        ) from problem
    audit.record(
        "ledger.dispute_recorded", on=dispute, by=by, at=at, opd_code=statement.contract.opd.code,
        after={"thing": dispute.thing, "claimant": claimant},
    )  # fmt: skip
    return dispute


def _outage(statement: Statement, place: int | None) -> dict[str, Any]:
    if place is None:
        return {}
    outages = statement.figures["outages"]
    if not 0 <= place < len(outages):
        raise UserError(_("Gangguan itu tidak ada pada perhitungan ini."), fix=_("Pilih dari daftarnya."))
    one = outages[place]
    return {"thing": one["key"], "outage_start": one["start"], "outage_end": one["end"]}


@transaction.atomic
def answer_dispute(dispute_id: int, *, answer: str, by: Any, at: datetime) -> Dispute:
    """What the office answers; it may be written anew until it is decided. Raises AlreadyDone."""
    dispute = access.dispute_to_settle(by, dispute_id)
    open_one = Dispute.objects.filter(pk=dispute.pk, decision="")
    if not open_one.update(answer=answer, answered_by=by, answered_at=at):
        raise AlreadyDone(_("Keberatan ini sudah diputuskan."), fix=_("Lihat keputusannya."))
    audit.record(
        "ledger.dispute_answered", on=dispute, by=by, at=at, opd_code=dispute.contract.opd.code, after=answer[:200]
    )
    return dispute


@transaction.atomic
def decide_dispute(dispute_id: int, *, decision: str, reason: str, by: Any, at: datetime) -> Dispute:
    """Grant or refuse, by another person than who answered. A granted outage counts for nothing in the next version.

    Raises AlreadyDone, UserError.
    """
    dispute = access.dispute_to_settle(by, dispute_id)
    if dispute.answered_by is None:
        raise UserError(_("Keberatan ini belum dijawab."), fix=_("Tulis jawabannya dahulu."))
    duties.not_the_maker(by, dispute.answered_by)
    if decision not in (Dispute.Decision.GRANTED, Dispute.Decision.REFUSED):
        raise UserError(_("Pilih diterima atau ditolak."))
    undecided = Dispute.objects.filter(pk=dispute.pk, decision="", answered_by=dispute.answered_by)
    if not undecided.update(decision=decision, decision_reason=reason, decided_by=by, decided_at=at):
        raise AlreadyDone(_("Keberatan ini sudah diputuskan atau baru dijawab lagi."), fix=_("Muat ulang halamannya."))
    dispute.refresh_from_db()
    audit.record(
        "ledger.dispute_decided", on=dispute, by=by, at=at, opd_code=dispute.contract.opd.code, why=reason,
        after={"decision": decision},
    )  # fmt: skip
    return dispute


def _check(row: Terms | PenaltyRule) -> None:
    """Raises UserError with the first thing no such row can hold."""
    try:
        row.full_clean(validate_unique=False, validate_constraints=True)
    except ValidationError:
        raise UserError(
            _("Angka-angka ini tidak mungkin diperjanjikan."),
            fix=_("Tarif di atas 0 sampai 1, langkah di atas 0, rupiah tidak negatif, dasar tetap menyebut jumlahnya."),
            code="syarat_tidak_mungkin",
        ) from None


def _told(row: Terms | PenaltyRule) -> dict[str, Any]:
    skip = {"set_by", "set_at", "made_by", "made_at", "contract", "id"}
    return {field.name: getattr(row, field.name) for field in row._meta.fields if field.name not in skip}
