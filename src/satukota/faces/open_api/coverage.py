"""Coverage for other systems and our own map. Shares are public; what a camera sees is for staff who may see it."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.security import django_auth

from satukota.base import clock
from satukota.base.errors import Missing, UserError
from satukota.city.gates import for_everyone, needs
from satukota.city.models import Kelurahan
from satukota.shared.coverage import access, queries, streets, views, words
from satukota.shared.coverage.queries import KOTA, Question
from satukota.shared.monitoring.models import Target

router = Router(tags=["coverage"])
MOST_NAMED = 50  # targets in one what-if
MOST_LETTERS = 4000
MOST_STREETS = 1000
MOST_DAYS = 3660


class ShareOut(Schema):
    able: float | None
    seen: float | None
    doubted: float | None
    lost: float | None
    blind: float | None


class KelurahanShare(ShareOut):
    code: str
    name: str


class PublicCoverage(Schema):
    at: str
    light: str | None
    kota: ShareOut
    seen_24h: float | None
    kelurahan: list[KelurahanShare]


@router.get("", response=PublicCoverage, summary="Share of the city that is seen now, per kelurahan", auth=None)
@for_everyone("shares of whole neighbourhoods, without a camera's place or direction")
def public_coverage(request: HttpRequest) -> dict[str, Any]:
    now = clock.now()
    whole, day = queries.now(), queries.state().day
    nothing = dict.fromkeys(("able", "seen", "doubted", "lost", "blind"))
    return {
        "at": now.isoformat(), "light": whole.light if whole else None,
        "kota": whole.whole.as_json() if whole else nothing, "seen_24h": day.kota if day else None,
        "kelurahan": [
            {"code": each.kelurahan.code, "name": each.kelurahan.name, **each.share.as_json()}
            for each in queries.by_kelurahan()
        ],
    }  # fmt: skip


class Day(Schema):
    on: date
    able: float | None
    seen: float | None
    seen_required: float | None
    doubted: float | None
    watched_s: int


@router.get("/history", response=list[Day], summary="Share seen per ended day, of the city or one kelurahan", auth=None)
@for_everyone("shares of whole neighbourhoods, without a camera's place or direction")
def history(
    request: HttpRequest, since: date | None = None, until: date | None = None,
    area: Annotated[str, Query(max_length=13, description="kelurahan code; empty: the city")] = "",
) -> Any:  # fmt: skip
    last = until or clock.local(clock.now()).date()
    first = since or last - timedelta(days=min(30, last.toordinal() - 1))
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise UserError(_("Rentang hari itu tidak dapat dibuka."), fix=_("Pilih paling lama sepuluh tahun."))
    return queries.history(_area(area), first, last)


def _area(code: str) -> str | int:
    if not code:
        return KOTA
    found = Kelurahan.objects.filter(code=code.replace("\x00", "")).values_list("pk", flat=True).first()
    if found is None:
        raise Missing(_("Kelurahan itu tidak ditemukan."), fix=_("Periksa kodenya."))
    return found


@router.get("/shares", response=dict[str, Any], summary="Shares with kinds of demand, k-coverage and partners",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def shares(
    request: HttpRequest, time: str = "now", sharpness: str = "", down: str = "", area: str = ""
) -> dict[str, Any]:  # fmt: skip
    question = asked(request, time, sharpness, down)
    found = queries.now(_area(area[:13]), question)
    if found is None:
        return {"measured": False}
    return {
        "measured": True, "at": found.at.isoformat(), "light": found.light, "whole": found.whole.as_json(),
        "kinds": {kind: each.as_json() for kind, each in found.by_kind.items()}, "by_count": found.by_count,
        "own": found.own, "watchers": found.watchers,
        "kelurahan": {each.kelurahan.code: each.share.as_json() for each in queries.by_kelurahan(question)},
    }  # fmt: skip


def asked(request: HttpRequest, time: str, sharpness: str, down: str = "") -> Question:
    """Raises UserError for a word nobody defined and for targets the person may not know of."""
    if time not in queries.TIMES or sharpness not in words.SHARPNESS:
        raise UserError(
            _("Waktu atau ketajaman itu tidak dikenal."),
            fix=_("Waktu: now, day, night. Ketajaman: %(words)s.")
            % {"words": ", ".join(filter(None, words.SHARPNESS))},
        )
    codes = [code for code in down.replace("\x00", "")[:MOST_LETTERS].split(",") if code][: MOST_NAMED + 1]
    if not codes:
        return Question(time, sharpness)
    known = dict(Target.objects.filter(code__in=codes).values_list("code", "pk"))
    if len(codes) > MOST_NAMED or not set(codes) <= known.keys() or not (
        set(known.values()) <= access.visible_ids(request.user)
    ):  # fmt: skip
        raise Missing(_("Kamera atau sambungan itu tidak ditemukan."), fix=_("Periksa kodenya."))
    return Question(time, sharpness, queries.with_behind(known.values()))


@router.get("/what-if", response=dict[str, Any], summary="What would be lost if these targets were down, too",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def what_if(request: HttpRequest, down: str, time: str = "now", sharpness: str = "") -> dict[str, Any]:
    question = asked(request, time, sharpness, down)
    before, after = queries.now(KOTA, Question(time, sharpness)), queries.now(KOTA, question)
    if before is None or after is None:
        return {"measured": False}
    return {
        "measured": True, "before": before.whole.as_json(), "after": after.whole.as_json(),
        "targets": len(question.down),
        "kelurahan": {each.kelurahan.code: each.share.as_json() for each in queries.by_kelurahan(question)},
        "streets": [each.street_id for each in streets.lost(question) if each.because and each.street_id >= 0],
    }  # fmt: skip


@router.get("/views", summary="What each camera sees, as GeoJSON", auth=django_auth)
@needs("coverage.view")
def view_shapes(request: HttpRequest, time: str = "day", sharpness: str = "") -> HttpResponse:
    question = asked(request, time, sharpness)
    night = question.time == "night" or (question.time == "now" and _is_night())
    mark, found = views.views(night=night, sharpness=sharpness)
    visible = access.visible_ids(request.user)
    etag = f'"{mark}-{hash(frozenset(visible)) & 0xFFFFFFFF:x}"'
    return _with_etag(request, etag, lambda: views.geojson(found, visible))


def _is_night() -> bool:
    whole = queries.now()
    return whole is not None and whole.light == "night"


def _with_etag(request: HttpRequest, etag: str, make: Any) -> HttpResponse:
    """The body, or 304 where the reader has it. A shape tells where a camera looks: kept by the reader alone."""
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(json.dumps(make(), separators=(",", ":")), content_type="application/json")
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return answer


@router.get("/segments", response=dict[str, Any], summary="Streets as pieces: seen, doubted, lost, blind",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def segments(
    request: HttpRequest, time: str = "now", sharpness: str = "", down: str = "",
    box: Annotated[str, Query(max_length=120, description="west,south,east,north")] = "",
    street: Annotated[str, Query(max_length=8000, description="ids, with commas")] = "",
) -> dict[str, Any]:  # fmt: skip
    question = asked(request, time, sharpness, down)
    chosen = _numbers(street)
    found = streets.pieces(question, box=_box(box), streets=chosen if street else None)
    features = found.features if found else []
    return {
        "type": "FeatureCollection", "features": features, "light": found.light if found else None,
        "is_cut": found.is_cut if found else False, "revision": found.revision if found else 0,
    }  # fmt: skip


def _numbers(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part][:MOST_STREETS]
    if not all(part.isascii() and part.isdigit() and len(part) < 18 for part in parts):
        raise UserError(_("Nomor jalan tidak dapat dibaca."), fix=_("Tulis nomor dengan koma: 12,15,20."))
    return [int(part) for part in parts]


def _box(text: str) -> streets.Box | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (west <= east and south <= north):
        raise UserError(_("Kotak peta tidak dapat dibaca."), fix=_("Tulis barat,selatan,timur,utara dalam derajat."))
    return west, south, east, north


@router.get("/month", response=dict[str, Any], summary="Streets by the share of the last 30 days they were seen",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def month(request: HttpRequest) -> dict[str, Any]:
    found = queries.last_month()
    pieces = streets.pieces_by_time(found) if found else None
    return {
        "type": "FeatureCollection", "features": pieces.features if pieces else [],
        "watched_days": round(found.watched_s / 86_400, 2) if found else 0,
        "is_cut": pieces.is_cut if pieces else False,
    }  # fmt: skip


@router.get("/street", response=dict[str, Any], summary="Which cameras see one street, how sharply, and since when",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def street_look(
    request: HttpRequest, id: Annotated[int, Query(ge=0, lt=2**62)], time: str = "now", sharpness: str = ""
) -> dict[str, Any]:  # fmt: skip
    found = streets.street(id, asked(request, time, sharpness))
    if found is None:
        raise Missing(_("Jalan itu tidak ditemukan."), fix=_("Muat ulang peta; data jalannya mungkin sudah diganti."))
    told = streets.told(found, access.visible_ids(request.user))
    return {
        "name": found.name, "points": found.points, "share": found.share.as_json(), "needed_px": found.needed_px,
        "looks": [each.as_json() for each in told.looks], "others": told.others,
    }  # fmt: skip


@router.get("/lost", response=list[dict[str, Any]], summary="What is lost now, since when and because of what",
            auth=django_auth)  # fmt: skip
@needs("coverage.view")
def lost_now(request: HttpRequest) -> list[dict[str, Any]]:
    visible = access.visible_ids(request.user)
    found = streets.lost()
    codes = dict(Target.objects.filter(pk__in=visible).values_list("pk", "code"))
    return [
        {
            "street": each.street_id if each.street_id >= 0 else None, "name": each.name, "lon": round(each.lon, 6),
            "lat": round(each.lat, 6), "share": round(each.share, 6), "weight": round(each.weight, 9),
            "since": each.since.isoformat() if each.since else None,
            "because": [codes[pk] for pk in each.because if pk in codes],
        }
        for each in found
    ]  # fmt: skip
