"""Included by the command centre's urls, in its namespace, under /pusat/giliran/."""

from django.urls import URLPattern, path

from . import hand_over_pages, load_pages
from . import shift_pages as pages

urlpatterns: list[URLPattern] = [
    path("", pages.shifts, name="shifts"),
    path("jadwal/baru/", pages.rota_new, name="rota_new"),
    path("jadwal/<int:pk>/", pages.rota_edit, name="rota_edit"),
    path("jadwal/<int:pk>/susun", pages.plan, name="rota_plan"),
    path("cuti/", pages.leave, name="shift_leave"),
    path("tukar/<int:pk>/<str:act>", pages.answer_swap, name="swap_answer"),
    path("serah-terima/", hand_over_pages.hand_overs, name="hand_overs"),
    path("beban/", load_pages.load, name="shift_load"),
    path("beban/unduh.<slug:form>", load_pages.load_export, name="shift_load_export"),
    path("<int:pk>/", pages.shift, name="shift"),
    path("<int:pk>/petugas", pages.seat, name="shift_seat"),
    path("<int:pk>/tukar", pages.ask_swap, name="swap_ask"),
    path("<int:pk>/serah-terima/", hand_over_pages.hand_over, name="hand_over"),
    path("<int:pk>/serah-terima/<str:act>", hand_over_pages.sign, name="hand_over_sign"),
]
