from django.urls import URLPattern, path

from .pages import camera, importing, listing, live, pictures, watch_log

app_name = "cameras"
urlpatterns: list[URLPattern] = [
    path("", listing.camera_list, name="list"),
    path("ketersediaan", listing.availabilities, name="availabilities"),
    path("ketelitian", camera.error_rate, name="error_rate"),
    path("ekspor.<str:form>", listing.export, name="export"),
    path("impor/", importing.imports, name="import"),
    path("impor/templat.<str:form>", importing.template, name="import_template"),
    path("impor/onvif", importing.onvif, name="import_onvif"),
    path("impor/<int:pk>/", importing.batch, name="import_batch"),
    path("impor/<int:pk>/kemajuan", importing.progress, name="import_progress"),
    path("impor/<int:pk>/ditolak.xlsx", importing.refused, name="import_refused"),
    path("impor/<int:pk>/<str:act>", importing.act, name="import_act"),
    path("bacaan/<int:pk>.jpg", pictures.evidence, name="evidence_picture"),
    path("acuan/<int:pk>.jpg", pictures.reference, name="reference_picture"),
    path("penanda/<int:pk>.jpg", live.bookmark_picture, name="bookmark_picture"),
    path("menonton/", watch_log.watch_log, name="watch_log"),
    path("<str:code>/", camera.camera_page, name="camera"),
    path("<str:code>/panel", camera.panel, name="panel"),
    path("<str:code>/ketersediaan/<int:days>", camera.availability, name="availability"),
    path("<str:code>/catatan", camera.records, name="records"),
    path("<str:code>/ubah", camera.edit, name="edit"),
    path("<str:code>/periksa", camera.look, name="look"),
    path("<str:code>/acuan", camera.accept_reference, name="accept_reference"),
    path("<str:code>/pemeliharaan", camera.maintenance, name="maintenance"),
    path("<str:code>/berhenti", camera.retire, name="retire"),
    path("<str:code>/langsung/tiket", live.ticket, name="live_ticket"),
    path("<str:code>/langsung/simpan", live.keep_picture, name="keep_picture"),
    path("<str:code>/arah", live.steer, name="steer"),
    path("<str:code>/arah/tersimpan", live.presets, name="presets"),
    path("<str:code>/gambar/<str:slot>.jpg", pictures.slot, name="slot"),
]
