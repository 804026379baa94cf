from django.urls import path

from . import pages, people_pages

app_name = "ground"
urlpatterns = [
    path("", pages.home, name="home"),
    path("sumber/<int:pk>/", pages.source, name="source"),
    path("impor/", pages.imports, name="import"),
    path("impor/<int:pk>/", pages.upload, name="upload"),
    path("impor/<int:pk>/terapkan", pages.apply_upload, name="upload_apply"),
    path("impor/<int:pk>/batalkan", pages.cancel_upload, name="upload_cancel"),
    path("kebutuhan/", pages.kinds, name="kinds"),
    path("kebutuhan/<slug:code>/", pages.kind, name="kind"),
    path("penduduk/", people_pages.people, name="people"),
    path("tempat/", pages.places, name="places"),
    path("tempat/unduh.<slug:form>", pages.places_export, name="places_export"),
    path("ubin.json", pages.tile_index, name="tiles"),
    path("ubin/<slug:mark>/<int:z>/<int:x>/<int:y>.mvt", pages.tile, name="tile"),
]
