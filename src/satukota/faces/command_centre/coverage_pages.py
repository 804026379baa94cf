"""Liputan: what the city sees now, what it lost and since when, and what it never saw. Map, list and file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Avg
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from satukota.base import clock
from satukota.base.errors import Missing
from satukota.base.exports import Column, table_response
from satukota.city import access as duties
from satukota.city.gates import needs
from satukota.city.models import Kelurahan
from satukota.shared.coverage import access, streets, words
from satukota.shared.coverage import queries as coverages
from satukota.shared.coverage.board import Share
from satukota.shared.coverage.models import DailyShare
from satukota.shared.coverage.queries import KOTA, LastDay, Question
from satukota.shared.ground import queries as ground
from satukota.shared.monitoring.models import PARENT_KINDS, Target

from . import queries, trial_pages

LOST_SHOWN = 25
MOST_CAMERAS = 200  # listed of one kelurahan; the list of cameras has them all
MONTH = "month"


@dataclass(frozen=True)
class Asked:
    """What the address asks for. Words nobody defined are dropped, so an old link still opens the page."""

    time: str = "now"
    sharpness: str = ""
    down: str = ""  # code of a link, power supply or camera taken for dead

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "Asked":
        time, sharpness = params.get("waktu", "now"), params.get("tajam", "")
        return cls(
            time if time in words.TIMES else "now", sharpness if sharpness in words.SHARPNESS else "",
            params.get("mati", "").replace("\x00", "")[:40],
        )  # fmt: skip

    @property
    def is_live(self) -> bool:
        return self.time != MONTH and not self.down


def _question(asked: Asked, visible: set[int]) -> tuple[Asked, Question]:
    """The question, and what was asked without a target the person may not know of."""
    time = "now" if asked.time == MONTH else asked.time
    question = Question(time, asked.sharpness)
    if not asked.down:
        return asked, question
    chosen = Target.objects.filter(code=asked.down, pk__in=visible).values_list("pk", flat=True).first()
    if chosen is None:
        return replace(asked, down=""), question
    return asked, replace(question, down=coverages.with_behind([chosen]))


@require_GET
@needs("coverage.view")
def coverage(request: HttpRequest) -> HttpResponse:
    """The page; `?dinding=1` for a wall. Its panel comes by itself, so that the map need not wait for it."""
    feed_from = queries.newest_feed_id()
    feeders = Target.objects.filter(kind__in=PARENT_KINDS, retired_on=None)
    told = {
        "asked": Asked.of(request.GET), "feed_from": feed_from, "bounds": queries.bounds(),
        "wall": "dinding" in request.GET, "times": words.TIMES.items(), "sharpnesses": words.SHARPNESS.items(),
        "feeders": duties.visible(feeders, request.user, "coverage.view").order_by("kind", "code"),
        "attributions": ground.attributions(), **trial_pages.offered(request.user),
    }  # fmt: skip
    return render(request, "command_centre/coverage/page.html", told)


@require_GET
@needs("coverage.view")
def panel(request: HttpRequest) -> HttpResponse:
    """Figures and lists beside the map, renewed when something changed."""
    return render(request, "command_centre/coverage/_panel.html", _panel(request))


@dataclass(frozen=True)
class AreaRow:
    kelurahan: Kelurahan
    share: Share
    seen_24h: float | None
    seen_month: float | None
    bar: Share


def _panel(request: HttpRequest) -> dict[str, Any]:
    visible = access.visible_ids(request.user)
    asked, question = _question(Asked.of(request.GET), visible)
    month = _month_by_area() if asked.time == MONTH else {}
    with coverages.answered(question) as found:
        shares, areas = coverages.shares_in(found, KOTA, clock.now()), coverages.areas_in(found)
        lost = streets.lost_in(found, LOST_SHOWN)
        lacks = {seat.target_id: seat.lacks for seat in found[0].board.seats if seat.lacks} if found else {}
    state = coverages.state()
    named = Target.objects.in_bulk(visible & ({pk for each in lost for pk in each.because} | lacks.keys()))
    rows = [_area_row(one, state.day, month.get(one.kelurahan.pk), asked.time == MONTH) for one in areas]
    return {
        "asked": asked, "state": state, "shares": shares, "rows": rows, "month": month.get(None),
        "before": coverages.now() if asked.down else None, "lost": [_lost_row(each, named) for each in lost],
        "lacking": _lacking(lacks, named), "seen_24h": state.day.kota if state.day else None,
    }  # fmt: skip


def _area_row(one: coverages.AreaShare, day: LastDay | None, month: float | None, is_month: bool) -> AreaRow:
    bar = Share(1, month, month, None if month is None else 0.0) if is_month else one.share
    return AreaRow(one.kelurahan, one.share, _seen_24h(day, one.kelurahan.pk), month, bar)


def _seen_24h(day: LastDay | None, kelurahan_id: int) -> float | None:
    return day.areas.get(kelurahan_id) if day else None


def _month_by_area() -> dict[int | None, float | None]:
    """Mean share of the last 30 ended days by kelurahan, None for the city. One query."""
    first = clock.local(clock.now()).date() - timedelta(days=30)
    rows = DailyShare.objects.filter(on__gte=first).order_by().values_list("kelurahan")
    return dict(rows.annotate(mean=Avg("seen")))


@dataclass(frozen=True)
class LostRow:
    lost: streets.Lost
    because: list[Target]
    others: int  # of which this person may not know


def _lost_row(lost: streets.Lost, named: Mapping[int, Target]) -> LostRow:
    known = [named[pk] for pk in lost.because if pk in named]
    return LostRow(lost, known, len(lost.because) - len(known))


@dataclass(frozen=True)
class LackingRow:
    code: str
    title: str
    lacks: list[str]


def _lacking(lacks: Mapping[int, Sequence[str]], named: Mapping[int, Target]) -> list[LackingRow]:
    rows = [
        LackingRow(named[pk].code, named[pk].name, [str(words.LACKS[lack]) for lack in each])
        for pk, each in lacks.items() if pk in named
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.code)


@require_GET
@needs("coverage.view")
def cameras_in(request: HttpRequest) -> HttpResponse:
    """The cameras of one kelurahan with what they are now: the rows behind its share."""
    code = request.GET.get("kelurahan", "").replace("\x00", "")
    area = Kelurahan.objects.filter(code=code).first()
    if area is None:
        raise Missing(_("Kelurahan itu tidak ditemukan."), fix=_("Muat ulang halaman ini."))
    here = Target.objects.filter(kind="camera", kelurahan=area, retired_on=None)
    cameras = duties.visible(here, request.user, "coverage.view").order_by("state", "code")[:MOST_CAMERAS]
    return render(request, "command_centre/coverage/_cameras.html", {"cameras": cameras, "area": area})


@require_GET
@needs("coverage.view")
def street(request: HttpRequest) -> HttpResponse:
    """Who sees one street, how sharply, and since when not."""
    visible = access.visible_ids(request.user)
    asked, question = _question(Asked.of(request.GET), visible)
    number = request.GET.get("id", "")
    found = (
        streets.street(int(number), question) if number.isascii() and number.isdigit() and len(number) < 18 else None
    )
    if found is None:
        raise Missing(_("Jalan itu tidak ditemukan."), fix=_("Muat ulang peta; data jalannya mungkin sudah diganti."))
    told = {"street": found, "told": streets.told(found, visible), "asked": asked}
    return render(request, "command_centre/coverage/_street.html", told)


@dataclass(frozen=True)
class ExportRow:
    """One kelurahan, or the city, as it stands in the file."""

    code: str
    name: str
    lon: float | None
    lat: float | None
    share: Share
    seen_24h: float | None

    def percent(self, name: str) -> float | None:
        value: float | None = getattr(self.share, name)
        return None if value is None else round(100 * value, 4)


COLUMNS: Sequence[Column] = (
    Column("code", gettext_lazy("Kode")),
    Column("name", gettext_lazy("Kelurahan")),
    Column("seen_percent", gettext_lazy("Terlihat kini (%)"), lambda row: row.percent("seen")),
    Column("doubted_percent", gettext_lazy("Belum diketahui (%)"), lambda row: row.percent("doubted")),
    Column("lost_percent", gettext_lazy("Hilang (%)"), lambda row: row.percent("lost")),
    Column("blind_percent", gettext_lazy("Tidak terjangkau (%)"), lambda row: row.percent("blind")),
    Column("seen_24h_percent", gettext_lazy("Terlihat 24 jam (%)"),
           lambda row: None if row.seen_24h is None else round(100 * row.seen_24h, 4)),
)  # fmt: skip


@require_GET
@needs("coverage.view")
def export(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, as CSV, XLSX or GeoJSON."""
    visible = access.visible_ids(request.user)
    _asked, question = _question(Asked.of(request.GET), visible)
    day = coverages.state().day
    rows = [
        ExportRow(one.kelurahan.code, one.kelurahan.name, one.kelurahan.lon, one.kelurahan.lat, one.share,
                  _seen_24h(day, one.kelurahan.pk))
        for one in coverages.by_kelurahan(question)
    ]  # fmt: skip
    return table_response(request, "liputan", COLUMNS, rows, request.GET.get("bentuk", "csv"))
