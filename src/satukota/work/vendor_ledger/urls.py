from django.urls import URLPattern, path

from .pages import keeping, showing

app_name = "vendor_ledger"
urlpatterns: list[URLPattern] = [
    path("", showing.contracts, name="list"),
    path("aturan/<int:pk>/akhiri", keeping.end_rule, name="end_rule"),
    path("hitungan/<int:pk>/tutup", keeping.close, name="close"),
    path("hitungan/<int:pk>/koreksi", keeping.correct, name="correct"),
    path("hitungan/<int:pk>/keberatan", keeping.dispute, name="dispute"),
    path("hitungan/<int:pk>/surat.pdf", showing.letter, name="letter"),
    path("keberatan/<int:pk>/jawab", keeping.answer, name="answer"),
    path("keberatan/<int:pk>/putus", keeping.decide, name="decide"),
    path("<int:pk>/", showing.contract, name="contract"),
    path("<int:pk>/syarat", keeping.terms, name="terms"),
    path("<int:pk>/aturan", keeping.add_rule, name="add_rule"),
    path("<int:pk>/<str:month>/", showing.month, name="month"),
    path("<int:pk>/<str:month>/buat", keeping.prepare, name="prepare"),
    path("<int:pk>/<str:month>/rancangan.pdf", showing.working_paper, name="working_paper"),
    path("<int:pk>/<str:month>/gangguan.<str:form>", showing.outages, name="outages"),
]
