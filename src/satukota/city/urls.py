from django.urls import path

from .pages import editing, inviting, listing, staffing, things

app_name = "city"
urlpatterns = [
    path("", things.home, name="home"),
    path("ubah/opd/", editing.add_opd, name="add_opd"),
    path("ubah/opd/<slug:code>/", editing.edit_opd, name="edit_opd"),
    path("ubah/opd/<slug:code>/akhiri/", editing.end_opd, name="end_opd"),
    path("ubah/opd/<slug:code>/tugas/", staffing.add_duty, name="add_duty"),
    path("ubah/tugas/<int:pk>/akhiri/", staffing.end_duty, name="end_duty"),
    path("ubah/tugas/<int:pk>/ganti/", staffing.substitute_duty, name="substitute_duty"),
    path("bertugas", staffing.wear, name="wear"),
    path("ubah/orang/", editing.add_person, name="add_person"),
    path("ubah/orang/<int:pk>/", editing.edit_person, name="edit_person"),
    path("akun/", inviting.accounts, name="accounts"),
    path("ubah/orang/<int:pk>/undang/", inviting.invite, name="invite"),
    path("ubah/orang/<int:pk>/undang-lagi", inviting.invite_again, name="invite_again"),
    path("ubah/orang/<int:pk>/cabut-undangan", inviting.revoke, name="revoke_invitation"),
    path("ubah/tempat/", editing.add_place, name="add_place"),
    path("ubah/tempat/<str:code>/", editing.edit_place, name="edit_place"),
    path("ubah/jaringan/", editing.add_feeder, name="add_feeder"),
    path("ubah/jaringan/<str:code>/", editing.edit_feeder, name="edit_feeder"),
    path("ubah/kontrak/", editing.add_contract, name="add_contract"),
    path("ubah/kontrak/<int:pk>/", editing.edit_contract, name="edit_contract"),
    path("opd/<slug:code>/", things.opd, name="opd"),
    path("orang/<int:pk>/", things.person, name="person"),
    path("kelurahan/<str:code>/", things.kelurahan, name="kelurahan"),
    path("tempat/<str:code>/", things.place, name="place"),
    path("jaringan/<str:code>/", things.feeder, name="feeder"),
    path("kontrak/<int:pk>/", things.contract, name="contract"),
    path("<slug:key>/", listing.show, name="list"),
    path("<slug:key>/unduh.<slug:form>", listing.export, name="export"),
]
