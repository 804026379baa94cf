"""Where our own pages are served from; feed and live pictures have other ports when no nginx stands in front."""

from django.conf import settings


def origins() -> list[str]:
    hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    own = [f"http://{host}:{settings.PORT}" for host in hosts] + [f"https://{host}" for host in hosts]
    return own + list(settings.CSRF_TRUSTED_ORIGINS)
