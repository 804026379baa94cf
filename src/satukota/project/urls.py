from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from satukota.city.gates import for_everyone
from satukota.faces.open_api.federation import card
from satukota.faces.open_api.metrics_page import metrics_page
from satukota.work.cameras.pages import public, watch_log


@for_everyone("says only that the process runs")
def healthy(request: HttpRequest) -> HttpResponse:
    """Answers as soon as the process can serve; asks nothing of the database."""
    return HttpResponse("sehat", content_type="text/plain; charset=utf-8")


handler500 = "satukota.base.outages.answer"
urlpatterns = [
    path("sehat", healthy, name="sehat"),
    path(".well-known/satukota.json", card, name="card"),
    path("akun/", include("satukota.project.account_urls")),
    path("bahasa/", include("django.conf.urls.i18n")),
    path("pusat/dinding/video/", include("satukota.work.cameras.wall_urls")),
    path("pusat/", include("satukota.faces.command_centre.urls")),
    path("pusat/kamera/", include("satukota.work.cameras.urls")),
    path("pusat/titik-buta/", include("satukota.work.blind_spots.urls")),
    path("pusat/rencana-kamera/", include("satukota.work.blind_spots.plan_urls")),
    path("pusat/vendor/", include("satukota.work.vendor_ledger.urls")),
    path("pusat/register/lahan/", include("satukota.shared.ground.urls")),
    path("pusat/register/", include("satukota.city.urls")),
    path("surat/", include("satukota.project.document_urls")),
    path("kamera/ditonton/", watch_log.public_counts, name="watch_counts"),
    path("kamera/ditonton.json", watch_log.public_counts_json, name="watch_counts_json"),
    path("kamera/publik/", public.public_cameras, name="public_cameras"),
    path("kamera/publik/<str:code>.jpg", public.public_picture, name="public_picture"),
    path("metrik", metrics_page, name="metrics"),
    path("api/v1/", include("satukota.faces.open_api.urls")),
    path("", include("satukota.faces.portal.urls")),
]
