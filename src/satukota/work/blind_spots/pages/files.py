"""A plan as files: cameras as table or map, and the whole of it as a paper with maps."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock, exports
from satukota.base.documents.actions import paper_data
from satukota.base.documents.making import make_pdf
from satukota.base.errors import Missing
from satukota.base.languages import in_city_language
from satukota.city.gates import needs

from .. import access, costs, drawing
from ..models import Plan, PlanCamera
from ..words import LENS_WORDS, SITES, gap_words
from . import plans

TEMPLATE = "work/blind_spots/typst/plan.typ"
MOST_ON_PAPER = 400  # cameras drawn one by one; more are a table of a file


@require_GET
@needs("coverage.view", find=access.plan_for, by="pk")
def export(request: HttpRequest, plan: Plan, form: str) -> HttpResponseBase:
    """One row a camera, with quantities of every part."""
    rows = list(plan.cameras.select_related("kelurahan"))
    return exports.table_response(request, f"rencana-{plan.name}", columns(rows), rows, form)


def columns(rows: list[PlanCamera]) -> tuple[exports.Column, ...]:
    """The fixed columns, and one for each part that some camera of the plan takes."""
    names = {price.code: f"{price.name} ({price.unit})" for price in costs.defaults()}
    used = [code for code in names if any(code in row.quantities for row in rows)]
    return COLUMNS + tuple(exports.Column(f"jumlah_{code}", names[code], _quantity(code)) for code in used)


def _quantity(code: str) -> Any:
    return lambda row: row.quantities.get(code, 0)


COLUMNS = (
    exports.Column("urutan", "Urutan", "position"),
    exports.Column("tempat", "Tempat pasang", "site_code"),
    exports.Column("jenis_tempat", "Jenis tempat", lambda row: str(SITES.get(row.site_kind, row.site_kind))),
    exports.Column("kelurahan", "Kelurahan", "kelurahan.name"),
    exports.Column("kamera", "Kamera", lambda row: str(LENS_WORDS.get(row.lens, row.lens))),
    exports.Column("arah", "Arah (°)", "bearing_deg"),
    exports.Column("sudut", "Sudut (°)", "fov_deg"),
    exports.Column("jangkauan", "Jangkauan (m)", "range_m"),
    exports.Column("tinggi", "Tinggi (m)", "height_m"),
    exports.Column("biaya", "Biaya sekali (Rp)", "cost_rp"),
    exports.Column("biaya_tahunan", "Biaya setahun (Rp)", "yearly_rp"),
    exports.Column("tambahan", "Bobot yang ditambah", "gain"),
    exports.Column("rugi_bila_tanpa", "Bobot hilang bila tanpa ini", "loss"),
    exports.Column("mengapa", "Mengapa di sini", lambda row: why_words(row)),
    exports.Column("lintang", "Lintang", "lat"),
    exports.Column("bujur", "Bujur", "lon"),
)


def why_words(row: PlanCamera) -> str:
    return "; ".join(f"{one['name']} ({one['points']})" for one in row.why[:4])


@require_GET
@needs("coverage.view", find=access.plan_for, by="pk")
def as_pdf(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Raises Missing while there is no answer, UserError when it is too long for one paper."""
    if not plan.result.get("cameras"):
        raise Missing(_("Rencana ini belum berisi kamera."), fix=_("Tunggu sampai selesai dihitung."))
    at = clock.now()
    exports.write_down(request, f"rencana-{plan.pk}", "pdf", plan.result["cameras"])
    content = make_pdf(TEMPLATE, _paper(plan, at), at=at)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="rencana-kamera-{plan.pk}.pdf"'
    return answer


@in_city_language
def _paper(plan: Plan, at: Any) -> dict[str, Any]:
    rows = list(plan.cameras.select_related("kelurahan")[:MOST_ON_PAPER])
    result = plan.result
    names = {price.code: price for price in costs.defaults()}
    amounts: Counter[str] = Counter()
    for row in plan.cameras.all():
        amounts.update({code: number for code, number in row.quantities.items() if code in names})
    data = {
        "office": {"name": plan.owner.name}, "flipped": False, "gap": gap_words(result["gap"], proven=result["proven"]),
        "limits": plans.limits_of(plan), "cost_rp": result["cost_rp"], "yearly_rp": result["yearly_rp"],
        "count": result["cameras"], "gain": _share(result["after"] - result["before"], result["whole"]),
        "before": _share(result["before"], result["whole"]), "after": _share(result["after"], result["whole"]),
        "map": drawing.overview(rows), "problem": plan.problem,
        "cameras": [
            {"position": row.position, "site": f"{SITES.get(row.site_kind, row.site_kind)} {row.site_code}",
             "kelurahan": row.kelurahan.name if row.kelurahan else "—",
             "lens": str(LENS_WORDS.get(row.lens, _("milik mitra"))), "bearing": f"{row.bearing_deg:.0f}°",
             "cost_rp": row.cost_rp, "yearly_rp": row.yearly_rp, "gain": f"{row.gain:.1f}".replace(".", ","),
             "why": why_words(row), "place": f"{row.lat:.6f}, {row.lon:.6f}"}
            for row in rows
        ],
        "left_out": max(0, result["cameras"] - len(rows)),
        "quantities": [[price.name, f"{amounts[code]:,}".replace(",", "."), price.unit]
                       for code, price in names.items() if amounts[code]],
        "areas": [[row["name"], _percent(row["before"]), _percent(row["after"])] for row in plans.areas_of(plan)],
        "source": f"{costs.defaults()[0].source}; benih {result['seed']}, {result['rounds']} putaran, "
                  f"lahan {plan.ground_version[:12]}",
    }  # fmt: skip
    return paper_data(data, title=_("Rencana kamera: %s") % plan.name, at=at)


def _share(part: float, whole: float) -> str:
    return _percent(part / whole if whole else None)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.2f} %".replace(".", ",")
