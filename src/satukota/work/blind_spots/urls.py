from django.urls import URLPattern, path

from .pages import register

app_name = "blind_spots"
urlpatterns: list[URLPattern] = [
    path("", register.spot_list, name="list"),
    path("peta.geojson", register.features, name="features"),
    path("cari", register.search, name="search"),
    path("ekspor.<str:form>", register.export, name="export"),
    path("berkas/<int:pk>", register.file, name="file"),
    path("<str:number>/", register.spot_page, name="spot"),
    path("<str:number>/<str:act>", register.act, name="act"),
]
