"""Included by the command centre's urls, in its namespace, under /pusat/insiden/."""

from django.urls import URLPattern, path

from . import incident_pages as pages
from . import sop_pages

urlpatterns: list[URLPattern] = [
    path("", pages.incidents, name="incidents"),
    path("ekspor.<str:fmt>", pages.incidents_export, name="incidents_export"),
    path("baru/", pages.incident_open, name="incident_open"),
    path("sop/", sop_pages.sops, name="sops"),
    path("sop/tulis/", sop_pages.sop_write, name="sop_write"),
    path("sop/<int:pk>/", sop_pages.sop, name="sop"),
    path("<str:number>/", pages.incident, name="incident"),
    path("<str:number>/lakukan/<str:act>", pages.incident_act, name="incident_act"),
    path("<str:number>/langkah/<int:step>", pages.incident_step, name="incident_step"),
]
