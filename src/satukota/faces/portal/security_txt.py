"""`/.well-known/security.txt` (RFC 9116): whom to tell about a weakness, before telling everybody."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from satukota.base import clock
from satukota.city.gates import for_everyone

VALID = timedelta(days=180)  # the RFC asks for less than a year


@for_everyone("whom to tell about a weakness")
def security_txt(request: HttpRequest) -> HttpResponse:
    expires = (clock.now() + VALID).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS]
    lines += [
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: id, en",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
