from django.urls import URLPattern, path

from . import coverage, pages
from .security_txt import security_txt

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("", pages.status, name="status"),
    path("status/", pages.status, name="status_page"),
    path("liputan/", coverage.coverage, name="coverage"),
    path("jejak/", pages.trail, name="trail"),
    path("jejak.json", pages.trail_json, name="trail_json"),
    path("jejak.txt", pages.trail_text, name="trail_text"),
]
