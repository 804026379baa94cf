from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from satukota.city.gates import for_everyone
from satukota.faces.open_api.metrics_page import metrics_page


@for_everyone("says only that the process runs")
def healthy(request: HttpRequest) -> HttpResponse:
    """Answers as soon as the process can serve; asks nothing of the database."""
    return HttpResponse("sehat", content_type="text/plain")


handler500 = "satukota.base.outages.answer"
urlpatterns = [
    path("sehat", healthy, name="sehat"),
    path("akun/", include("satukota.project.account_urls")),
    path("bahasa/", include("django.conf.urls.i18n")),
    path("pusat/", include("satukota.faces.command_centre.urls")),
    path("pusat/kamera/", include("satukota.work.cameras.urls")),
    path("pusat/register/", include("satukota.city.urls")),
    path("surat/", include("satukota.project.document_urls")),
    path("metrik", metrics_page, name="metrics"),
    path("api/v1/", include("satukota.faces.open_api.urls")),
    path("", include("satukota.faces.portal.urls")),
]
