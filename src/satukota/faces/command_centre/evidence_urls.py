"""Included by the command centre's urls, in its namespace, under /pusat/bukti/."""

from django.urls import URLPattern, path

from . import evidence_pages as pages

urlpatterns: list[URLPattern] = [
    path("", pages.exhibits_page, name="exhibits"),
    path("ekspor.<str:fmt>", pages.exhibits_export, name="exhibits_export"),
    path("baru/", pages.exhibit_open, name="exhibit_open"),
    path("<str:number>/", pages.exhibit, name="exhibit"),
    path("<str:number>/lihat", pages.exhibit_file, name="exhibit_file"),
    path("<str:number>/sembunyikan", pages.exhibit_hide, name="exhibit_hide"),
    path("<str:number>/periksa", pages.exhibit_check, name="exhibit_check"),
    path("<str:number>/tahan", pages.exhibit_hold, name="exhibit_hold"),
    path("<str:number>/lepas", pages.exhibit_lift, name="exhibit_lift"),
    path("<str:number>/serahkan", pages.exhibit_release, name="exhibit_release"),
    path("<str:number>/paket", pages.exhibit_package, name="exhibit_package"),
]
