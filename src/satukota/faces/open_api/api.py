"""The API other systems and our own map read. Session login for staff operations; the public ones need none."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Query, Schema
from ninja.errors import HttpError, ValidationError
from ninja.security import django_auth

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.page_frame.middleware import as_json, note_refusal
from satukota.city.gates import for_everyone, needs
from satukota.faces.command_centre import queries as command_centre
from satukota.faces.portal import queries as portal
from satukota.work.cameras import queries as cameras

from .coverage import router as coverage
from .federation import router as federation

api = NinjaAPI(title="Satukota", version="1", urls_namespace="open_api", docs_url="docs")
api.add_router("/coverage", coverage)
api.add_router("/federation", federation)
LONGEST_BACK = timedelta(days=400)


@api.exception_handler(UserError)
def user_error(request: HttpRequest, problem: UserError) -> HttpResponse:
    note_refusal(request, problem)
    return JsonResponse(as_json(problem), status=problem.status)


@api.exception_handler(ValidationError)
def bad_input(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    where = ", ".join(str(each["loc"][-1]) for each in problem.errors)
    told = UserError(
        _("Permintaan tidak dapat dibaca: %(where)s.") % {"where": where},
        fix=_("Periksa nama dan bentuk isian di dokumentasi API."), code="isian_tidak_jelas",
    )  # fmt: skip
    return JsonResponse(as_json(told), status=422)


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, problem: HttpError) -> HttpResponse:
    told = UserError(_("Anda perlu masuk untuk data ini."), fix=_("Masuk sebagai petugas."), code="perlu_masuk")
    return JsonResponse(as_json(told), status=problem.status_code)


class KelurahanStatus(Schema):
    code: str
    name: str
    total: int
    working: int
    availability_24h: float | None


class PublicStatus(Schema):
    at: datetime
    total: int
    working: int
    not_working: int
    unknown: int
    availability_24h: float | None
    availability_30d: float | None
    per_kelurahan: list[KelurahanStatus]


@api.get("/status", response=PublicStatus, summary="How many cameras work, per kelurahan", auth=None)
@for_everyone("the same figures as the public page")
def public_status(request: HttpRequest) -> dict[str, Any]:
    return portal.status(clock.now()).as_json()


@api.get("/map/areas", summary="Kelurahan shapes", auth=django_auth)
@needs("monitoring.view")
def map_areas(request: HttpRequest) -> dict[str, Any]:
    return command_centre.areas()


@api.get(
    "/map/cameras",
    summary="Cameras as GeoJSON with their state",
    auth=django_auth,
)
@needs("cameras.view")
def map_cameras(request: HttpRequest) -> dict[str, Any]:
    return cameras.map_features(request.user)


@api.get("/map/feeders", summary="Links and power as GeoJSON", auth=django_auth)
@needs("monitoring.view")
def map_feeders(request: HttpRequest) -> dict[str, Any]:
    return command_centre.feeders_on_map(request.user)


@api.get("/map/states", response=dict[str, str], summary="Camera states as believed at a moment", auth=django_auth)
@needs("cameras.view")
def map_states(request: HttpRequest, at: Annotated[datetime, Query()]) -> dict[str, str]:
    now = clock.now()
    if at.tzinfo is None or not now - LONGEST_BACK < at <= now + timedelta(minutes=5):
        raise UserError(_("Waktu itu tidak dapat dibuka."), fix=_("Pilih waktu dalam 400 hari terakhir."))
    return command_centre.states_at(request.user, at)
