"""What the platform may dial. People and files give us addresses; a wrong one must not turn our prober on ourselves.

Two gates. `check_address` reads what was typed and refuses what can never be right. `resolve` looks at the addresses
a name really stands for, at the moment of dialling, and gives back only those that may be dialled: callers dial the
answer itself, so a name that changes its mind between the check and the call (DNS rebinding) gains nothing.

Refused: our own web and feed ports; loopback unless SAMPLE is on; link-local (cloud metadata lives there),
unspecified, multicast, reserved; private addresses only where PRIVATE_ADDRESSES is off (cameras live on private ones).
No message repeats the address: it may hold a password.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from .errors import UserError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 300
DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f;|`$<>\"'\\{}()!^*#]")  # shell and control characters; & is for queries
SECRET_INSIDE = re.compile(r"(?:pass|passwd|password|pwd|sandi|token)=[^&_/]", re.IGNORECASE)
METADATA = frozenset(ipaddress.ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200"))
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(UserError):
    """The address is well formed but must not be dialled from here."""

    code = "alamat_ditolak"


@dataclass(frozen=True)
class Address:
    """One thing to dial. `scheme` is "tcp" for a bare host:port; `path` holds path and query, "" for tcp."""

    scheme: str
    host: str  # lower case, IPv6 without brackets
    port: int
    path: str = ""

    @property
    def host_port(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return self.host_port if self.scheme == "tcp" else f"{self.scheme}://{self.host_port}{self.path}"


def check_address(text: str, *, schemes: Collection[str]) -> Address:
    """Read `text` as an address with one of `schemes` ("tcp" stands for a bare host:port).

    Raises UserError, in words for the person who typed it. Does not resolve names: see `resolve`.
    """
    if not isinstance(text, str) or not text.strip():
        raise UserError(_("Alamat masih kosong."), fix=_("Isi alamat, misalnya %s.") % example(schemes))
    text = text.strip()
    if len(text) > LONGEST:
        raise UserError(_("Alamat terlalu panjang."), fix=_("Alamat paling panjang %d huruf.") % LONGEST)
    if "@" in text or SECRET_INSIDE.search(text):
        raise UserError(
            _("Alamat memuat nama pengguna atau sandi."),
            fix=_("Hapus bagian itu dari alamat, lalu isi nama pengguna dan sandi di kolomnya sendiri."),
            code="sandi_dalam_alamat",
        )
    if NOT_IN_ADDRESS.search(text) or "&" in text.partition("?")[0] or not text.isascii():
        raise UserError(
            _("Alamat memuat spasi atau tanda yang tidak boleh ada di dalamnya."),
            fix=_("Tulis ulang alamatnya, misalnya %s.") % example(schemes),
        )
    return _read(text, schemes)


def example(schemes: Collection[str]) -> str:
    """An address to imitate, for the first of `schemes` in alphabetical order."""
    scheme = min(schemes)
    return "10.64.1.20:80" if scheme == "tcp" else f"{scheme}://10.64.1.20:{DEFAULT_PORTS.get(scheme, 80)}/"


def _read(text: str, schemes: Collection[str]) -> Address:
    malformed = UserError(
        _("Alamat tidak dapat dibaca."), fix=_("Tulis seperti contoh ini: %s.") % example(schemes), code="alamat_salah"
    )
    try:
        parts = urlsplit(text if "://" in text else f"tcp://{text}")
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        raise malformed from None
    if parts.scheme not in schemes:
        raise UserError(
            _("Jenis alamat ini tidak dikenal di sini."),
            fix=_("Yang dapat dipakai: %s.") % ", ".join(example({scheme}) for scheme in sorted(schemes)),
            code="alamat_salah",
        )
    if port is None:
        port = DEFAULT_PORTS.get(parts.scheme)
    if not port or not _is_host(host, parts):
        raise malformed
    if parts.scheme == "tcp" and (parts.path or parts.query):
        raise malformed
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if _is_own_name(host, port):
        raise _own()
    ip = _literal(host)
    if ip is not None:
        _refuse(ip, port)
    return Address(parts.scheme, host, port, path)


def _is_host(host: str, parts: SplitResult) -> bool:
    """A literal IP or a plain name. A name ending in a number (127.1, 0x7f000001) is an IP in disguise: refused."""
    if _literal(host) is not None:
        return "%" not in parts.netloc
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return False
    return not re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1])


def _literal(host: str) -> IP | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def allowed_ip(ip: str, port: int | None = None) -> bool:
    """May this literal IP (with this port, when known) be dialled from here?"""
    literal = _literal(ip)
    if literal is None:
        return False
    try:
        _refuse(literal, port)
    except AddressRefused:
        return False
    return True


def _refuse(ip: IP, port: int | None) -> None:
    """Raises AddressRefused."""
    ip = _unwrapped(ip)
    special = ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved or _is_this_net(ip)
    if ip in METADATA or (special and not ip.is_loopback):
        raise AddressRefused(
            _("Alamat ini bukan alamat perangkat (alamat khusus jaringan)."),
            fix=_("Pakai alamat perangkatnya sendiri, misalnya 10.64.1.20."),
        )
    if port in _own_ports() and _is_own_ip(ip):
        raise _own()
    if ip.is_loopback:
        if not settings.SAMPLE:
            raise AddressRefused(
                _("Alamat ini menunjuk ke komputer Satukota sendiri."), fix=_("Pakai alamat perangkat di jaringan.")
            )
    elif ip.is_private and not settings.PRIVATE_ADDRESSES:
        raise AddressRefused(
            _("Alamat jaringan dalam tidak diizinkan di pemasangan ini."), fix=_("Minta pengelola membukanya.")
        )


def _own() -> AddressRefused:
    return AddressRefused(
        _("Alamat ini adalah alamat Satukota sendiri."), fix=_("Pakai alamat perangkat yang hendak dipantau.")
    )


def _unwrapped(ip: IP) -> IP:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64): the packet would end there."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in NAT64 else ip


def _is_this_net(ip: IP) -> bool:
    return isinstance(ip, ipaddress.IPv4Address) and int(ip) >> 24 == 0


def _own_ports() -> set[int]:
    """Ours, and those of the nginx that stands in front of us."""
    catcher = {settings.CATCHER_PORT, settings.CATCHER_PORT + 1} if settings.SAMPLE else set()
    return {settings.PORT, settings.FEED_PORT, settings.LIVE_PORT, 80, 443} | catcher


def _is_own_name(host: str, port: int) -> bool:
    names = {name.lstrip(".").lower() for name in settings.ALLOWED_HOSTS if name != "*"}
    return port in _own_ports() and host in names


@lru_cache(maxsize=4096)
def _is_own_ip(ip: IP) -> bool:
    """Only an address of this machine can be bound; exact on every system, without reading its interfaces."""
    if ip.is_loopback:
        return True
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(ip), 0))
    except OSError:
        return False
    return True


async def resolve(host: str, port: int) -> list[str]:
    """The IPs of `host` that may be dialled now, in the resolver's order; dial one of these, not the name.

    Raises AddressRefused when it has only forbidden ones, socket.gaierror when the name is unknown.
    """
    if _literal(host) is not None:
        found = [host]
    else:
        loop = asyncio.get_running_loop()
        answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    good = [ip for ip in found if allowed_ip(ip, port)]
    if not good:
        for ip in found:
            _refuse(ipaddress.ip_address(ip.partition("%")[0]), port)
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    return good
