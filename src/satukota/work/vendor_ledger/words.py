"""Figures of a month in the words people read, on screen and on paper."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.rules import penalties
from satukota.shared.monitoring import queries as monitoring

Json = Mapping[str, Any]

KINDS: dict[str, Promise] = {
    penalties.SHORTFALL: gettext_lazy("Ketersediaan di bawah janji"),
    penalties.LATE_REPAIR: gettext_lazy("Perbaikan melewati batas"),
}
BASES: dict[str, Promise] = {
    "value": gettext_lazy("nilai kontrak"),
    "monthly": gettext_lazy("nilai sebulan"),
    "fixed": gettext_lazy("jumlah tertentu"),
}


def rupiah(amount: int) -> str:
    return f"Rp{amount:,}".replace(",", ".")


def plain(number: str | Fraction) -> str:
    """A decimal as Indonesians write it, without zeros at its end: 0,001."""
    value = Fraction(number)
    text = f"{float(value):.6f}".rstrip("0").rstrip(".")
    whole, _dot, rest = text.partition(".")
    return number_format(int(whole)) + (f",{rest}" if rest else "")


def share(ratio: Fraction) -> str:
    """A ratio as a percentage cut, never rounded up, to three places: a promise just missed is not shown as kept."""
    return f"{plain(Fraction(floor(ratio * 100_000), 1000))} %"


def duration(seconds: int) -> str:
    """12 jam 5 menit 3 detik: exact, because rupiah hang on it."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, _("jam")), (minutes, _("menit")), (left, _("detik"))]
    said = [f"{number_format(number)} {unit}" for number, unit in parts if number]
    return " ".join(said) or f"0 {_('detik')}"


def ratio_words(figures: Json) -> str:
    """The availability, or why there is none."""
    ratio = figures["ratio"]
    return share(Fraction(ratio)) if ratio is not None else _("belum dapat dihitung: %s") % reason(figures["reason"])


def reason(code: str) -> str:
    return {
        "no_things": _("tidak ada yang dipantau di bawah kontrak ini"),
        "never_seen": _("belum pernah dipantau dalam bulan ini"),
        "not_required": _("tidak ada jam wajib dalam bulan ini"),
        "all_maintenance": _("seluruhnya pemeliharaan yang dinyatakan"),
        "all_excused": _("seluruhnya dikecualikan"),
        "all_unknown": _("seluruhnya tidak diketahui"),
    }.get(code, code)


def promised_words(contract: Json) -> str:
    return _("tidak diperjanjikan") if contract["promised"] is None else share(Fraction(contract["promised"]))


def repair_words(contract: Json) -> str:
    hours = contract["repair_hours"]
    return _("tidak diperjanjikan") if hours is None else _("%s jam") % plain(hours)


def mean_words(figures: Json) -> str:
    mean = figures["mean_repair_s"]
    if mean is None:
        return _("belum ada perbaikan yang selesai")
    return _("%(span)s dari %(n)d perbaikan") % {"span": duration(mean), "n": figures["repaired"]}


def parts_words(parts: Json, figures: Json) -> list[tuple[str, int]]:
    """The sum that leads to the availability: label and seconds, in the order it is worked out."""
    unknown = parts["unknown_s"] - figures["excused_s"]
    counted = parts["required_s"] - parts["maintenance_s"] - parts["unknown_s"]
    return [
        (_("Waktu wajib"), parts["required_s"]), (_("dikurangi pemeliharaan"), parts["maintenance_s"]),
        (_("dikurangi tidak diketahui"), unknown), (_("dikurangi dikecualikan"), figures["excused_s"]),
        (_("Waktu yang dihitung"), counted), (_("berfungsi"), parts["up_s"]), (_("terganggu"), parts["degraded_s"]),
        (_("tidak berfungsi"), parts["down_s"]),
    ]  # fmt: skip


def formula(charge: Json, rule: Json) -> str:
    """How a charge is worked out, with its own figures; or why there is none."""
    why = {
        "not_promised": _("tidak diperjanjikan dalam kontrak, jadi tidak didenda"),
        "not_computable": _("ketersediaan belum dapat dihitung, jadi tidak didenda"),
        "no_base": _("nilai dasarnya belum diisi, jadi tidak didenda"),
    }.get(charge["why_none"])
    if why:
        return why
    unit = _("poin persen") if rule["kind"] == penalties.SHORTFALL else _("jam")
    told = _("%(steps)d langkah (tiap %(step)s %(unit)s%(begun)s) × %(rate)s × %(base)s (%(what)s) = %(sum)s") % {
        "steps": charge["steps"], "step": plain(rule["step"]), "unit": unit,
        "begun": _(" yang dimulai") if rule["counts_started"] else _(" penuh"), "rate": plain(rule["rate"]),
        "base": rupiah(rule["base_rp"]), "what": BASES[rule["base"]], "sum": rupiah(charge["before_cap_rp"]),
    }  # fmt: skip
    if charge["rp"] < charge["before_cap_rp"]:
        told += _("; dibatasi %s sebulan") % rupiah(charge["rp"])
    return told


def things_by_code(facts: Json) -> dict[str, Json]:
    return {thing["code"]: thing for thing in facts["things"]}


def trail(outage: Json, thing: Json) -> list[Json]:
    """The status changes that made the outage and its end, oldest first."""
    changes = thing["changes"]
    first = bisect_left(changes, outage["start"], key=_at)
    return changes[first : bisect_right(changes, outage["end"], key=_at)]


def _at(change: Json) -> int:
    return change["at"]


def outage_cause(outage: Json, thing: Json) -> str:
    """The first cause named within it, or before the month when it began there, with the root that explains it."""
    made_it = trail(outage, thing)
    earlier = [thing["before"]] if thing["before"] and not (made_it and made_it[0]["at"] == outage["start"]) else []
    for one in [*earlier, *made_it]:
        if one["now"] in ("down", "degraded"):
            title = cause_words(thing["kind"], one["cause"])
            return f"{title} ({one['root']})" if one["root"] else title
    return _("sebab tidak tercatat")


def cause_words(kind: str, cause: str) -> str:
    return str(monitoring.words(kind, cause).title) if cause else _("sebab tidak tercatat")


def excuses_of(outage: Json, thing: Json) -> list[str]:
    """Why part of it was excused: the root outside the contract, the dispute that was granted."""
    found = []
    for start, end, why in thing["excused"]:
        kind, _colon, name = why.partition(":")
        if start < outage["end"] and outage["start"] < end:
            found.append(_("akar di luar kontrak: %s") % name if kind == "root" else _("keberatan nomor %s") % name)
    return sorted(set(found))


def incidents_of(outage: Json, thing: Json) -> list[str]:
    """Numbers of the incidents its thing was in while it lasted."""
    found = [
        one["number"] for one in thing["incidents"]
        if one["at"] < outage["end"] and (one["until"] is None or one["until"] >= outage["start"])
    ]  # fmt: skip
    return sorted(set(found))


def left_out(outage: Json) -> str:
    """What of it did not count, in words; empty when all of it did."""
    parts = [
        (_("pemeliharaan"), outage["maintenance_s"]), (_("tidak diketahui"), outage["unknown_s"]),
        (_("dikecualikan"), outage["excused_s"]), (_("di luar jam wajib"), outage["free_s"]),
    ]  # fmt: skip
    return "; ".join(f"{label} {duration(seconds)}" for label, seconds in parts if seconds)
