from django.urls import URLPattern, path

from . import pages

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", pages.status, name="status"),
    path("status/", pages.status, name="status_page"),
    path("jejak/", pages.trail, name="trail"),
    path("jejak.json", pages.trail_json, name="trail_json"),
    path("jejak.txt", pages.trail_text, name="trail_text"),
]
