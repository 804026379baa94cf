"""Whether a request comes from this very machine, with no proxy in between: only then sample people are let in."""

import ipaddress

from django.http import HttpRequest

LOOPBACK_NAMES = {"127.0.0.1", "localhost", "[::1]"}
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


def host_name(request: HttpRequest) -> str:
    """The name asked for, without its port. Raises DisallowedHost for a name that is not ours."""
    host = request.get_host()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def is_local(request: HttpRequest) -> bool:
    """The peer is loopback, the name asked for is loopback (no rebound DNS name), and no proxy has spoken."""
    if any(name in request.META for name in FORWARDED) or host_name(request) not in LOOPBACK_NAMES:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def can_hold_passkeys(request: HttpRequest) -> bool:
    """Browsers bind passkeys to a name; a bare address has none (WebAuthn: the RP ID is a domain)."""
    try:
        ipaddress.ip_address(host_name(request).strip("[]"))
    except ValueError:
        return True
    return False
