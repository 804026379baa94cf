from django.urls import URLPattern, URLResolver, include, path

from . import pages

app_name = "command_centre"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.city_map, name="map"),
    path("mulai", pages.start, name="start"),
    path("angka", pages.figures, name="figures"),
    path("kini", pages.now_column, name="now"),
    path("dinding/", pages.wall, name="wall"),
    path("cari", pages.search, name="search"),
    path("jaringan/", pages.network, name="network"),
    path("pesan/", pages.messages_page, name="messages"),
    path("audit/", pages.audit_log, name="audit"),
    path("tampilan", pages.dark, name="dark"),
    path("insiden/", include("satukota.faces.command_centre.incident_urls")),
]
