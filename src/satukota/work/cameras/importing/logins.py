"""Login and password that hide in an address. They are taken out before the address is stored or shown anywhere."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_SCHEME = re.compile(r"^\s*([a-zA-Z][a-zA-Z0-9+.-]*)://")
_IN_QUERY = re.compile(
    r"(?P<name>pass(?:w(?:or)?d)?|pwd|sandi|token|auth)(?P<eq>=|%3d)(?P<value>[^&;/?\s]*)",
    re.IGNORECASE,
)
HIDDEN = "•••"


@dataclass(frozen=True)
class Parted:
    """An address without its secrets. `in_path`: a secret stood where the camera itself reads it, now hidden."""

    address: str
    username: str = ""
    password: str = ""
    in_path: bool = False


def part(address: str) -> Parted:
    """rtsp://admin:p@ss/w@10.0.0.1/ch1 → rtsp://10.0.0.1/ch1, admin, p@ss/w. Never raises."""
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme else address
    head = f"{scheme.group(1)}://" if scheme else ""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    username = password = ""
    # A password may hold / ? # unescaped: then the part before the first slash is no host, and the last @ ends it.
    if "@" in authority or ("@" in rest and not re.fullmatch(r"[^:@]*(?::\d*)?|\[[^\]]*\](?::\d*)?", authority)):
        where = authority if "@" in authority and not _goes_on(rest, authority) else rest
        userinfo, _at, host = where.rpartition("@")
        rest = host + rest[len(where) :]
        name, _colon, secret = userinfo.partition(":")
        username, password = unquote(name), unquote(secret)
    cleaned = _IN_QUERY.sub(lambda found: f"{found['name']}{found['eq']}{HIDDEN}" if found["value"] else found[0], rest)
    return Parted(head + cleaned, username, password, in_path=cleaned != rest)


def _goes_on(rest: str, authority: str) -> bool:
    """Whether what follows the authority still belongs to a password: admin:p@s/s@host has an @ after the slash,
    and what stands after the first @ is no host with a port."""
    after = rest[len(authority) :]
    host = authority.rpartition("@")[2]
    return "@" in after and not re.fullmatch(r"[A-Za-z0-9._-]+\.[A-Za-z0-9._-]+(?::\d+)?|\[[^\]]+\](?::\d+)?", host)
