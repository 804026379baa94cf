"""The forms of the ledger: terms, rules, closing, correcting, disputes."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.gates import needs
from satukota.city.models import Contract

from .. import actions, defaults, forms, months
from ..access import dispute_to_settle, ledger_to_keep, rule_to_end, statement_to_keep
from ..models import Dispute, PenaltyRule, Statement
from ..months import Month
from ..words import rupiah
from .filling import both, contract_url, crumbs, fill, month_url

TERMS = ("value_rp", "monthly_rp", "degraded_counts", "excuses_outside", "source")


@both
@needs("ledger.manage", find=ledger_to_keep, by="pk")
def terms(request: HttpRequest, contract: Contract) -> HttpResponse:
    now = {name: getattr(contract.terms, name) for name in TERMS} if hasattr(contract, "terms") else {}
    first = {"degraded_counts": True, "excuses_outside": True}
    form = forms.TermsForm(request.POST or None, user=request.user, initial=now or first)
    return fill(request, form, partial(actions.set_terms, contract.pk), title=_("Syarat kontrak dalam rupiah"),
                back=contract_url(contract), place=crumbs(contract))  # fmt: skip


@both
@needs("ledger.manage", find=ledger_to_keep, by="pk")
def add_rule(request: HttpRequest, contract: Contract) -> HttpResponse:
    first = defaults.late_repair() | {"valid_from": contract.starts_on}
    form = forms.RuleForm(request.POST or None, user=request.user, initial=first)
    return fill(request, form, partial(actions.add_rule, contract.pk), title=_("Tambahkan aturan denda"),
                back=contract_url(contract), place=crumbs(contract))  # fmt: skip


@both
@needs("ledger.manage", find=rule_to_end, by="pk")
def end_rule(request: HttpRequest, rule: PenaltyRule) -> HttpResponse:
    form = forms.EndForm(request.POST or None, user=request.user, initial={"valid_to": clock.local(clock.now()).date()})
    danger = _("Bulan yang hari pertamanya sesudah tanggal ini tidak lagi memakai aturan ini.")
    return fill(request, form, partial(actions.end_rule, rule.pk), title=_("Akhiri aturan denda"), danger=danger,
                back=contract_url(rule.contract), place=crumbs(rule.contract))  # fmt: skip


@require_POST
@needs("ledger.manage", find=ledger_to_keep, by="pk")
def prepare(request: HttpRequest, contract: Contract, month: str) -> HttpResponse:
    chosen = months.read(month)
    try:
        actions.prepare_month(contract.pk, chosen, by=request.user, at=clock.now())
    except UserError as problem:
        if problem.status == 404:
            raise
        messages.error(request, f"{problem.text} {problem.fix}".strip())
    else:
        messages.success(request, _("Rancangan dibuat. Orang lain yang berwenang memeriksa dan menutupnya."))
    return redirect(month_url(contract, chosen))


@both
@needs("ledger.manage", find=statement_to_keep, by="pk")
def close(request: HttpRequest, statement: Statement) -> HttpResponse:
    month = Month(statement.month)
    form = forms.CloseForm(request.POST or None, user=request.user, initial={"sha256": statement.sha256})
    danger = _("Angka dibekukan dan suratnya ditandatangani: denda %(sum)s untuk %(vendor)s. Sesudah itu hanya dapat "
               "dikoreksi sebagai versi baru.") % {"sum": rupiah(statement.total_rp),
                                                   "vendor": statement.contract.vendor}  # fmt: skip
    return fill(request, form, partial(actions.close_month, statement.pk), danger=danger,
                title=_("Tutup perhitungan %s") % month.words, back=month_url(statement.contract, month),
                place=crumbs(statement.contract, month))  # fmt: skip


@both
@needs("ledger.manage", find=statement_to_keep, by="pk")
def correct(request: HttpRequest, statement: Statement) -> HttpResponse:
    month = Month(statement.month)
    form = forms.ReasonForm(request.POST or None, user=request.user)
    return fill(request, form, partial(actions.correct_month, statement.pk),
                title=_("Koreksi perhitungan %s") % month.words, back=month_url(statement.contract, month),
                place=crumbs(statement.contract, month))  # fmt: skip


@both
@needs("ledger.manage", find=statement_to_keep, by="pk")
def dispute(request: HttpRequest, statement: Statement) -> HttpResponse:
    month, picked = Month(statement.month), request.GET.get("gangguan", "")
    first = {"claimed_on": clock.local(clock.now()).date(), "outage": picked if picked.isdecimal() else ""}
    form = forms.DisputeForm(
        request.POST or None, user=request.user, initial=first, outages=statement.figures["outages"]
    )
    return fill(request, form, partial(actions.record_dispute, statement.pk), title=_("Catat keberatan penyedia"),
                back=month_url(statement.contract, month), place=crumbs(statement.contract, month))  # fmt: skip


@both
@needs("ledger.manage", find=dispute_to_settle, by="pk")
def answer(request: HttpRequest, row: Dispute) -> HttpResponse:
    month = Month(row.month)
    form = forms.AnswerForm(request.POST or None, user=request.user, initial={"answer": row.answer})
    return fill(request, form, partial(actions.answer_dispute, row.pk), title=_("Jawab keberatan penyedia"),
                back=month_url(row.contract, month), place=crumbs(row.contract, month))  # fmt: skip


@both
@needs("ledger.manage", find=dispute_to_settle, by="pk")
def decide(request: HttpRequest, row: Dispute) -> HttpResponse:
    month = Month(row.month)
    form = forms.DecisionForm(request.POST or None, user=request.user)
    danger = _("Keberatan yang diterima mengecualikan gangguan itu pada koreksi berikutnya.")
    return fill(request, form, partial(actions.decide_dispute, row.pk), title=_("Putuskan keberatan penyedia"),
                back=month_url(row.contract, month), place=crumbs(row.contract, month), danger=danger)  # fmt: skip
