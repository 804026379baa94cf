"""The camera list: as a table or as thumbnails, and as a file of exactly the same rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import clock, exports
from satukota.city import access
from satukota.city.gates import needs
from satukota.rules.availability import Availability
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.words import Words

from .. import queries
from ..models import Camera
from ..words import PURPOSES, cause_words, reason_words

PAGE_SIZE = 50
DAY = timedelta(hours=24)


@dataclass
class Row:
    """One camera in the list."""

    camera: Camera
    words: Words
    in_maintenance: bool
    picture: queries.Picture
    availability: Availability | None = None  # filled in for files and by the second request of the page


class _Counted(Paginator):
    """A paginator that already knows how many there are."""

    def __init__(self, things: Any, per_page: int, count: int) -> None:
        super().__init__(things, per_page)
        self._count = count

    @cached_property
    def count(self) -> int:
        return self._count


@require_GET
@needs("cameras.view")
def camera_list(request: HttpRequest) -> HttpResponse:
    filters = queries.Filters.of(request.GET)
    now = clock.now()
    found = queries.facets(request.user, filters)
    ids = queries.cameras_for(request.user, filters).values_list("pk", flat=True)
    page = _paginator(ids, filters, found).get_page(request.GET.get("page"))
    page.object_list = rows_of(queries.rows_by_id(request.user, list(page.object_list)), now)
    told = {
        "page": page,
        "filters": filters,
        "facets": found,
        "at": now,
        "view": "grid" if request.GET.get("view") == "grid" else "table",
        "state_figures": [(state, queries.state_words(state), found.states[state])
                          for state in ("up", "degraded", "down", "unknown")],
        "choices": _choices(filters, found),
        "sorts": _sorts(),
        "is_filtered": filters != queries.Filters(sort=filters.sort),
        "may_watch": access.may(request.user, "cameras.watch"),
        "may_see_agreements": access.may(request.user, "agreements.view"),
        "may_publish": access.may(request.user, "cameras.publish"),
        "may_see_recordings": access.may(request.user, "recordings.view"),
        "may_read_watches": access.may(request.user, "cameras.watch_log"),
        "may_import": access.may(request.user, "cameras.import"),
        "export_forms": exports.FORMATS,
    }  # fmt: skip
    return render(request, "cameras/list.html", told)


def _paginator(matching: Any, filters: queries.Filters, found: queries.Facets) -> Paginator:
    """The facets already counted the rows, except where the filter is no column of theirs."""
    if filters.verified or filters.state == queries.MAINTENANCE:
        return Paginator(matching, PAGE_SIZE)
    return _Counted(matching, PAGE_SIZE, found.states[filters.state] if filters.state else found.total)


def rows_of(cameras: list[Camera], at: datetime) -> list[Row]:
    """At most three queries for any number of cameras."""
    under_work = monitoring.in_maintenance([camera.pk for camera in cameras], at)
    return [
        Row(camera, cause_words(camera.cause_now), camera.pk in under_work, queries.picture_of(camera, at))
        for camera in cameras
    ]


def with_availability(rows: list[Row], at: datetime) -> list[Row]:
    """The rows with their availability over 24 hours; the queries of `monitoring.availability`."""
    known = monitoring.availability([row.camera.pk for row in rows], at - DAY, at)
    for row in rows:
        row.availability = known.get(row.camera.pk)
    return rows


@require_GET
@needs("cameras.view")
def availabilities(request: HttpRequest) -> HttpResponse:
    """The last column of one page of the table. Apart, because a day's history takes as many queries as the page."""
    ids = queries.cameras_for(request.user, queries.Filters.of(request.GET)).values_list("pk", flat=True)
    page = Paginator(ids, PAGE_SIZE).get_page(request.GET.get("page"))
    now = clock.now()
    known = monitoring.availability(list(page.object_list), now - DAY, now)
    told = [(pk, one.ratio, "" if one.ratio is not None else reason_words(one.reason)) for pk, one in known.items()]
    return render(request, "cameras/_availabilities.html", {"known": told})


def _choices(filters: queries.Filters, found: queries.Facets) -> list[dict[str, Any]]:
    """The filter bar: one select each."""
    states = [queries.Option(state, queries.state_words(state).capitalize(), found.states[state])
              for state in queries.STATES]  # fmt: skip
    verified = [queries.Option("yes", _("Ternilai"), 0), queries.Option("no", _("Tidak terverifikasi"), 0)]
    return [
        {"name": "state", "label": _("Keadaan"), "now": filters.state, "options": states},
        {"name": "kelurahan", "label": _("Kelurahan"), "now": filters.kelurahan, "options": found.kelurahan},
        {"name": "opd", "label": _("OPD"), "now": filters.opd, "options": found.opd},
        {"name": "cause", "label": _("Penyebab"), "now": filters.cause, "options": found.cause},
        {"name": "link", "label": _("Sambungan"), "now": filters.link, "options": found.link},
        {"name": "purpose", "label": _("Guna"), "now": filters.purpose, "options": found.purpose},
        {"name": "verified", "label": _("Penilaian gambar"), "now": filters.verified, "options": verified},
    ]


def _sorts() -> list[tuple[str, str]]:
    return [
        ("worst", _("Terburuk dahulu")), ("code", _("Kode")), ("name", _("Nama")), ("kelurahan", _("Kelurahan")),
        ("since", _("Baru berubah")), ("last_good", _("Paling lama tanpa gambar baik")),
    ]  # fmt: skip


@require_GET
@needs("cameras.view")
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The filtered rows, all of them. Column names are those the import reads."""
    now = clock.now()
    rows = rows_of(list(queries.cameras_for(request.user, queries.Filters.of(request.GET))), now)
    rows = with_availability(rows, now)
    return exports.table_response(
        request, "kamera", COLUMNS, rows, form, lon="camera.target.lon", lat="camera.target.lat"
    )


COLUMNS = (
    exports.Column("kode", "Kode", "camera.target.code"),
    exports.Column("nama", "Nama", "camera.target.name"),
    exports.Column("opd", "OPD", "camera.target.owner.short_name"),
    exports.Column("kelurahan", "Kelurahan", "camera.target.kelurahan.name"),
    exports.Column("tempat", "Tempat", "camera.target.place.name"),
    exports.Column("keadaan", "Keadaan", lambda row: queries.state_words(row.camera.state_now)),
    exports.Column("penyebab", "Penyebab", lambda row: str(row.words.title)),
    exports.Column("sejak", "Sejak", "camera.target.state_since"),
    exports.Column("pemeliharaan", "Pemeliharaan", "in_maintenance"),
    exports.Column("gambar_baik", "Gambar baik terakhir", "camera.last_good_at"),
    exports.Column("ketersediaan_24_jam", "Ketersediaan 24 jam", "availability.ratio"),
    exports.Column("sambungan", "Sambungan", "camera.target.link.code"),
    exports.Column("guna", "Guna", lambda row: str(PURPOSES.get(row.camera.purpose, row.camera.purpose))),
    exports.Column("lintang", "Lintang", "camera.target.lat"),
    exports.Column("bujur", "Bujur", "camera.target.lon"),
    exports.Column("arah", "Arah (°)", "camera.bearing_deg"),
    exports.Column("sudut", "Sudut (°)", "camera.fov_deg"),
    exports.Column("jangkauan", "Jangkauan (m)", "camera.range_m"),
)
