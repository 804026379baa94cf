"""What the ledger shows: contracts and their months, one contract, one month down to its evidence, and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from satukota.base import clock, exports
from satukota.base.audit import actions as audit
from satukota.base.errors import Missing, UserError
from satukota.base.evidence import actions as evidence
from satukota.city import access as duties
from satukota.city.gates import needs
from satukota.city.models import Contract
from satukota.rules.availability import moment

from .. import letters, months, queries, words
from ..access import contract_for, statement_for
from ..gathering import Facts, facts_of
from ..models import Statement
from ..months import Month
from ..reckoning import figures_of
from .filling import crumbs

MONTHS_SHOWN, MONTHS_LISTED = 6, 60
OUTAGES_SHOWN = 200


@require_GET
@needs("ledger.view")
def contracts(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    shown = months.latest(MONTHS_SHOWN, at)
    told = {"rows": queries.table(request.user, shown, at), "months": shown, "at": at}
    return render(request, "vendor_ledger/list.html", told)


@require_GET
@needs("ledger.view", find=contract_for, by="pk")
def contract(request: HttpRequest, row: Contract) -> HttpResponse:
    at = clock.now()
    told = {
        "contract": row,
        "terms": getattr(row, "terms", None),
        "rules": row.penalty_rules.select_related("made_by").order_by("kind", "-valid_from"),
        "months": _months(row, at),
        "may_manage": _may_manage(request, row),
        "crumbs": crumbs(),
    }
    return render(request, "vendor_ledger/contract.html", told)


def _months(row: Contract, at: datetime) -> list[tuple[Month, Statement | None]]:
    """The months of the contract, newest first, each with its newest statement. One query."""
    kept = {one.month: one for one in row.statements.order_by("version").defer("facts", "figures")}
    within = (one for one in months.latest(MONTHS_LISTED, at)
              if row.starts_on < one.after.first and row.ends_on >= one.first)  # fmt: skip
    return [(one, kept.get(one.first)) for one in within]


def _may_manage(request: HttpRequest, row: Contract) -> bool:
    """As the forms ask: a duty limited to an area does not keep a ledger."""
    reach = duties.scope(request.user, "ledger.manage")
    return reach.area_ids is None and reach.covers(row.opd_id)


@dataclass
class Shown:
    """What a month page shows: a kept version, or the figures as of now."""

    facts: Facts
    figures: dict[str, Any]
    statement: Statement | None


def _shown(row: Contract, month: Month, version: str, at: datetime, kept: Sequence[Statement]) -> Shown:
    """The version asked for, else the newest kept one, else what is known now. Raises Missing, UserError."""
    if version:
        found = next((one for one in kept if str(one.version) == version), None)
        if found is None:
            raise Missing(_("Versi itu tidak ada."), fix=_("Pilih dari daftar versi."))
        return Shown(found.facts, found.figures, found)
    if kept:
        return Shown(kept[0].facts, kept[0].figures, kept[0])
    facts = facts_of(row, month, at)
    return Shown(facts, figures_of(facts), None)


@require_GET
@needs("ledger.view", find=contract_for, by="pk")
def month(request: HttpRequest, row: Contract, month: str) -> HttpResponse:
    at, chosen = clock.now(), months.read(month)
    told: dict[str, Any] = {"contract": row, "month": chosen, "crumbs": crumbs(row), "at": at}
    told["may_manage"] = _may_manage(request, row)
    kept = queries.versions(row, chosen)
    if not kept and not hasattr(row, "terms"):
        return render(request, "vendor_ledger/no_terms.html", told)
    try:
        shown = _shown(row, chosen, request.GET.get("versi", ""), at, kept)
    except UserError as problem:
        if problem.status == 404:
            raise
        return render(request, "vendor_ledger/no_month.html", told | {"problem": problem})
    told |= _page_of(shown) | {"versions": kept, "disputes": queries.disputes_of(row, chosen)}
    told["may_correct"] = shown.statement == next((one for one in kept if one.is_closed), None)
    if shown.statement is not None:
        told["check"] = queries.check(shown.statement, _facts_now(row, chosen, at))
    return render(request, "vendor_ledger/month.html", told)


def _facts_now(row: Contract, month: Month, at: datetime) -> Facts | None:
    try:
        return facts_of(row, month, at) if hasattr(row, "terms") else None
    except UserError:
        return None


def _page_of(shown: Shown) -> dict[str, Any]:
    facts, figures = shown.facts, shown.figures
    rules = {rule["key"]: rule for rule in facts["rules"]}
    return {
        "facts": facts, "figures": figures, "statement": shown.statement, "until": moment(facts["until"]),
        "ratio": words.ratio_words(figures), "promised": words.promised_words(facts["contract"]),
        "repair_promised": words.repair_words(facts["contract"]), "mean_repair": words.mean_words(figures),
        "is_kept": _is_kept(facts, figures),
        "parts": [(label, words.duration(seconds)) for label, seconds in words.parts_words(figures["parts"], figures)],
        "charges": [(words.KINDS[rules[one["rule"]]["kind"]], words.formula(one, rules[one["rule"]]),
                     rules[one["rule"]], one["rp"]) for one in figures["charges"]],
        "outages": outage_rows(facts, figures["outages"][:OUTAGES_SHOWN]),
        "outages_all": len(figures["outages"]), "things": _things(facts, figures),
    }  # fmt: skip


def _is_kept(facts: Facts, figures: dict[str, Any]) -> bool | None:
    """Was the promised availability reached? None: not promised, or not computable."""
    promised, ratio = facts["contract"]["promised"], figures["ratio"]
    return None if promised is None or ratio is None else Fraction(ratio) >= Fraction(promised)


def _things(facts: Facts, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Each watched thing with its own availability, those with most time lost first."""
    rows = []
    for thing, told in zip(facts["things"], figures["things"], strict=True):
        parts = told["parts"]
        counted = parts["required_s"] - parts["maintenance_s"] - parts["unknown_s"]
        lost_s = parts["down_s"] + parts["degraded_s"]
        rows.append({
            "code": thing["code"], "name": thing["name"], "url": thing_url(thing), "outages": told["outages"],
            "lost": words.duration(lost_s), "lost_s": lost_s,
            "ratio": parts["up_s"] / counted if counted else None,
        })  # fmt: skip
    return sorted(rows, key=lambda one: (-one["lost_s"], one["code"]))


def thing_url(thing: Mapping[str, Any]) -> str:
    """The page of the watched thing, where it has one."""
    name = {"camera": "cameras:camera", "link": "city:feeder", "power": "city:feeder"}.get(thing["kind"])
    try:
        return reverse(name, args=[thing["code"]]) if name else ""
    except NoReverseMatch:  # a code from another time that no address can hold
        return ""


def outage_rows(facts: Facts, outages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each outage with everything it rests on; `place` is where it stands among the figures."""
    things = words.things_by_code(facts)
    urls = {code: thing_url(things[code]) for code in {one["key"] for one in outages}}
    return [_outage_row(place, one, things[one["key"]], urls[one["key"]]) for place, one in enumerate(outages)]


def _outage_row(place: int, outage: dict[str, Any], thing: Mapping[str, Any], url: str) -> dict[str, Any]:
    return {
        "place": place, "code": outage["key"], "name": thing["name"], "url": url,
        "start": moment(outage["start"]), "end": moment(outage["end"]), "is_repaired": outage["is_repaired"],
        "began": moment(thing["began"]) if thing["began"] and outage["before_s"] else None, "state": outage["state"],
        "cause": words.outage_cause(outage, thing), "excuses": words.excuses_of(outage, thing),
        "incidents": words.incidents_of(outage, thing), "counted": words.duration(outage["counted_s"]),
        "before": words.duration(outage["before_s"]) if outage["before_s"] else "", "left_out": words.left_out(outage),
        "steps": outage["steps"], "rp": outage["rp"],
        "trail": [(moment(one["at"]), one["was"], one["now"], words.cause_words(thing["kind"], one["cause"])
                   if one["cause"] else "", one["root"]) for one in words.trail(outage, thing)],
        "figures": outage,
    }  # fmt: skip


COLUMNS = (
    exports.Column("titik", gettext_lazy("Titik"), "code"), exports.Column("nama", gettext_lazy("Nama"), "name"),
    exports.Column("mulai", gettext_lazy("Mulai"), "start"), exports.Column("akhir", gettext_lazy("Akhir"), "end"),
    exports.Column("pulih", gettext_lazy("Pulih"), "is_repaired"),
    exports.Column("keadaan", gettext_lazy("Keadaan"), "state"),
    exports.Column("penyebab", gettext_lazy("Penyebab"), "cause"),
    exports.Column("insiden", gettext_lazy("Insiden"), "incidents"),
    exports.Column("dihitung_detik", gettext_lazy("Dihitung (detik)"), "figures.counted_s"),
    exports.Column("sebelumnya_detik", gettext_lazy("Sebelum bulan ini (detik)"), "figures.before_s"),
    exports.Column("pemeliharaan_detik", gettext_lazy("Pemeliharaan (detik)"), "figures.maintenance_s"),
    exports.Column("tidak_diketahui_detik", gettext_lazy("Tidak diketahui (detik)"), "figures.unknown_s"),
    exports.Column("dikecualikan_detik", gettext_lazy("Dikecualikan (detik)"), "figures.excused_s"),
    exports.Column("di_luar_jam_detik", gettext_lazy("Di luar jam wajib (detik)"), "figures.free_s"),
    exports.Column("pengecualian", gettext_lazy("Sebab dikecualikan"), "excuses"),
    exports.Column("langkah", gettext_lazy("Langkah denda"), "steps"),
    exports.Column("denda_rp", gettext_lazy("Denda (rupiah)"), "rp"),
    exports.Column("jejak", gettext_lazy("Jejak"), lambda row: "; ".join(
        f"{clock.local(at):%Y-%m-%d %H:%M:%S} {was}>{now} {cause} {root}".strip()
        for at, was, now, cause, root in row["trail"])),
)  # fmt: skip


@require_GET
@needs("ledger.view", find=contract_for, by="pk")
def outages(request: HttpRequest, row: Contract, month: str, form: str) -> HttpResponseBase:
    """Every outage of the month as a file, none left out."""
    if form not in ("csv", "xlsx"):
        raise Missing(_("Halaman atau data ini tidak ditemukan."), fix=_("Unduh sebagai CSV atau XLSX."))
    chosen, at = months.read(month), clock.now()
    shown = _shown_or_missing(request, row, chosen, at)
    rows = outage_rows(shown.facts, shown.figures["outages"])
    return exports.table_response(request, f"gangguan-{row.number}-{chosen}", COLUMNS, rows, form)


@require_GET
@needs("ledger.view", find=contract_for, by="pk")
def working_paper(request: HttpRequest, row: Contract, month: str) -> HttpResponse:
    """The figures as an unsigned PDF: of the running month, of a draft."""
    chosen, at = months.read(month), clock.now()
    shown = _shown_or_missing(request, row, chosen, at)
    exports.write_down(request, f"perhitungan-{row.number}-{chosen}", "pdf", 1)
    return _pdf(letters.draft_pdf(shown.facts, shown.figures, at), f"rancangan-{row.pk}-{chosen}.pdf")


def _shown_or_missing(request: HttpRequest, row: Contract, month: Month, at: datetime) -> Shown:
    kept = queries.versions(row, month)
    if not kept and not hasattr(row, "terms"):
        raise duties.not_found()
    return _shown(row, month, request.GET.get("versi", ""), at, kept)


@require_GET
@needs("ledger.view", find=statement_for, by="pk")
def letter(request: HttpRequest, statement: Statement) -> HttpResponse:
    """The signed letter, to the byte as it was signed."""
    if statement.letter is None:
        raise duties.not_found()
    audit.viewed("ledger.letter_taken", by=request.user, at=clock.now(), on=statement,
                 opd_code=statement.contract.opd.code)  # fmt: skip
    content = evidence.content_of(statement.letter.file)
    return _pdf(content, f"surat-{statement.contract_id}-{Month(statement.month)}-v{statement.version}.pdf")


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
