"""Addresses at which anyone can check a paper."""

from django.urls import path

from satukota.base.documents import pages
from satukota.city.gates import for_everyone

checked = for_everyone("whoever holds the paper holds its code; nothing is told that is not printed on it")(pages.paper)

app_name = "documents"
urlpatterns = [
    path("", checked, name="check"),
    path("sertifikat.pem", for_everyone("a public certificate")(pages.certificate), name="certificate"),
    path("<slug:code>", checked, name="paper"),
]
