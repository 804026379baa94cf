from django.urls import URLPattern, path

from . import pages

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", pages.status, name="status"),
    path("status/", pages.status, name="status_page"),
]
