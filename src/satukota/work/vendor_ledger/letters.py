"""The letter of a closed month and the working paper of a draft: the same template, signed or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import translation

from satukota.base import clock
from satukota.base.documents import actions as documents
from satukota.base.documents.making import MONTHS, make_pdf
from satukota.base.documents.models import SignedDocument
from satukota.rules.availability import moment

from . import words
from .models import Statement

TEMPLATE = "work/vendor_ledger/typst/statement.typ"
MOST_OUTAGES = 2000  # on paper; the rest is in the XLSX, and the paper says so


def sign(statement: Statement, *, replaces: SignedDocument | None, by: Any, at: datetime) -> SignedDocument:
    return documents.issue(
        TEMPLATE, paper_of(statement.facts, statement.figures, version=statement.version, reason=statement.reason,
                           people=_people(statement)),
        kind="vendor_statement", title=title_of(statement.facts), number=statement.letter_number, by=by, at=at,
        content_sha256=statement.sha256, replaces=replaces,
    )  # fmt: skip


def draft_pdf(facts: Mapping[str, Any], figures: Mapping[str, Any], at: datetime) -> bytes:
    data = paper_of(facts, figures, version=0, reason="", people={})
    return make_pdf(TEMPLATE, documents.paper_data(data, title=title_of(facts), at=at), at=at)


def title_of(facts: Mapping[str, Any]) -> str:
    return f"Perhitungan ketersediaan dan denda {_month(facts['month'])}"


def _people(statement: Statement) -> dict[str, str]:
    closed_by = statement.closed_by
    return {"prepared": statement.prepared_by.display_name, "closed": closed_by.display_name if closed_by else ""}


def paper_of(
    facts: Mapping[str, Any], figures: Mapping[str, Any], *, version: int, reason: str, people: Mapping[str, str]
) -> dict[str, Any]:
    """What the template prints. Papers are in Indonesian, whoever makes them."""
    with translation.override("id"):
        contract, rules = facts["contract"], {rule["key"]: rule for rule in facts["rules"]}
        parts, things = figures["parts"], words.things_by_code(facts)
        return {
            "office": {"name": contract["opd"]}, "contract": contract, "version": version, "reason": reason,
            "people": dict(people), "month": _month(facts["month"]),
            "span": [_moment(facts["since"]), _moment(facts["until"])], "is_over": facts["is_over"],
            "ratio": words.ratio_words(figures), "promised": words.promised_words(contract),
            "repair_promised": words.repair_words(contract), "mean_repair": words.mean_words(figures),
            "parts": [[label, words.duration(seconds)] for label, seconds in words.parts_words(parts, figures)],
            "things": len(facts["things"]), "total_rp": figures["total_rp"],
            "charges": [_charge(charge, rules[charge["rule"]]) for charge in figures["charges"]],
            "outages": [_outage(outage, things[outage["key"]]) for outage in figures["outages"][:MOST_OUTAGES]],
            "outages_all": len(figures["outages"]),
        }  # fmt: skip


def _month(text: str) -> str:
    year, month = text.split("-")
    return f"{MONTHS[int(month) - 1]} {year}"


def _moment(second: int) -> str:
    at = clock.local(moment(second))
    return f"{at.day} {MONTHS[at.month - 1][:3]} {at.year} {at:%H.%M}"


def _charge(charge: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(words.KINDS[rule["kind"]]), "formula": words.formula(charge, rule),
        "source": rule["source"] + ("" if rule["is_verified"] else " (belum diverifikasi)"), "rp": charge["rp"],
    }  # fmt: skip


def _outage(outage: Mapping[str, Any], thing: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": outage["key"], "from": _moment(outage["start"]),
        "to": _moment(outage["end"]) if outage["is_repaired"] else "belum pulih",
        "cause": words.outage_cause(outage, thing), "counted": words.duration(outage["counted_s"]),
        "left_out": words.left_out(outage), "rp": outage["rp"],
        "incident": ", ".join(words.incidents_of(outage, thing)),
    }  # fmt: skip
