from django.urls import URLPattern, URLResolver, include, path

from . import audit_pages, coverage_pages, health_page, message_pages, pages, retention_page, trial_pages

app_name = "command_centre"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.city_map, name="map"),
    path("mulai", pages.start, name="start"),
    path("angka", pages.figures, name="figures"),
    path("kini", pages.now_column, name="now"),
    path("dinding/", pages.wall, name="wall"),
    path("cari", pages.search, name="search"),
    path("jaringan/", pages.network, name="network"),
    path("pesan/", message_pages.messages_page, name="messages"),
    path("pesan/saluran", message_pages.choose, name="messages_choice"),
    path("pesan/<int:pk>/lagi", message_pages.again, name="message_again"),
    path("pesan/contoh/", message_pages.caught, name="caught"),
    path("antrean/", message_pages.queues, name="queues"),
    path("antrean/<str:kind>/<str:pk>/lagi", message_pages.queues_again, name="queues_again"),
    path("kesehatan/", health_page.health, name="health"),
    path("kesehatan/masa-simpan/", retention_page.kept, name="retention"),
    path("audit/", audit_pages.audit_log, name="audit"),
    path("audit/unduh/<slug:form>", audit_pages.audit_export, name="audit_export"),
    path("audit/<int:number>/bukti", audit_pages.audit_proof, name="audit_proof"),
    path("tampilan", pages.dark, name="dark"),
    path("liputan/", coverage_pages.coverage, name="coverage"),
    path("liputan/angka", coverage_pages.panel, name="coverage_panel"),
    path("liputan/kamera", coverage_pages.cameras_in, name="coverage_cameras"),
    path("liputan/jalan", coverage_pages.street, name="coverage_street"),
    path("liputan/unduh", coverage_pages.export, name="coverage_export"),
    path("liputan/coba/bangunan", trial_pages.around, name="trial_around"),
    path("liputan/coba/hasil", trial_pages.outcome, name="trial_outcome"),
    path("liputan/coba/kamera/<str:code>", trial_pages.camera, name="trial_camera"),
    path("liputan/coba/kamera/<str:code>/simpan", trial_pages.save, name="trial_save"),
    path("bukti/", include("satukota.faces.command_centre.evidence_urls")),
    path("giliran/", include("satukota.faces.command_centre.shift_urls")),
    path("insiden/", include("satukota.faces.command_centre.incident_urls")),
]
