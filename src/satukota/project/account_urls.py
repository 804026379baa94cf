"""Addresses of accounts and who may open them. Ours first, then what the city closes, then allauth's."""

from allauth.urls import urlpatterns as allauth_urls
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from satukota.base.accounts import pages
from satukota.city.gates import for_everyone, for_the_signed_in

own = for_the_signed_in("the person's own account")
with_token = for_everyone("who holds the token is the person it was given to")
closed = for_everyone("there is nothing here")(pages.closed)

ours = (
    [
        path("", own(pages.mine), name="mine"),
        path("pengaman/", own(pages.secure), name="secure"),
        path("perangkat/<int:pk>/keluarkan", own(pages.end_session), name="end_session"),
        path("perangkat/keluarkan-lainnya", own(pages.end_other_sessions), name="end_other_sessions"),
        path("undangan/", with_token(pages.accept), name="accept"),
        path("undangan/<str:token>", with_token(pages.open_link), name="open_link"),
        path("contoh/<str:token>", with_token(pages.sample_sign_in), name="sample_sign_in"),
    ],
    "accounts",
)
to_mine = for_the_signed_in("leads to the person's own account")(RedirectView.as_view(pattern_name="accounts:mine"))

urlpatterns = [
    path("", include(ours)),
    path("2fa/", to_mine),
    path("2fa/webauthn/", to_mine),
    path("sessions/", to_mine),
    path("2fa/recovery-codes/download/", closed),
    re_path(r"^(signup|email|confirm-email|password/set|login/code|phone|social)(/.*)?$", closed),
    re_path(r"^3rdparty/(signup/)?$", closed),
    path("", include(allauth_urls)),
]
