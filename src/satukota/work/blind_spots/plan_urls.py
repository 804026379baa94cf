from django.urls import URLPattern, path

from .pages import files, plans

app_name = "camera_plans"
urlpatterns: list[URLPattern] = [
    path("", plans.plan_list, name="list"),
    path("baru/", plans.new, name="new"),
    path("banding/", plans.compare, name="compare"),
    path("harga/", plans.prices, name="prices"),
    path("mitra/", plans.offers, name="offers"),
    path("mitra/<int:pk>/akhiri", plans.end_offer, name="end_offer"),
    path("<int:pk>/", plans.plan_page, name="plan"),
    path("<int:pk>/kemajuan", plans.progress, name="progress"),
    path("<int:pk>/pindah", plans.replan, name="replan"),
    path("<int:pk>/simpan", plans.save_moved, name="save_moved"),
    path("<int:pk>/rencana.pdf", files.as_pdf, name="pdf"),
    path("<int:pk>/ekspor.<str:form>", files.export, name="export"),
    path("<int:pk>/<str:act>", plans.act, name="act"),
]
