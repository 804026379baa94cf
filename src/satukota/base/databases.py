"""One written address of a database, as a Django setting."""

from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# What may stand behind the question mark of a PostgreSQL address (libpq, "Parameter Key Words").
OPTIONS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name"})


def settings_of(url: str) -> dict[str, Any]:
    """Of sqlite:///PATH or postgresql://user:password@host:port/name?sslmode=…

    Raises ValueError, never saying the password; also for an option it does not know, which would else be left out
    without a word.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite_settings(parts.path[1:] if parts.path.startswith("//") else parts.path)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("must start with sqlite:// or postgresql://")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - OPTIONS):
        raise ValueError(f"does not know {', '.join(unknown)}; after the ? it takes {', '.join(sorted(OPTIONS))}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def url_of(setting: dict[str, Any]) -> str:
    """The address a PostgreSQL setting was made from, with what stood behind its question mark: TLS is not lost."""
    password = f":{quote(setting['PASSWORD'], safe='')}" if setting["PASSWORD"] else ""
    user = f"{quote(setting['USER'], safe='')}{password}@" if setting["USER"] else ""
    port = f":{setting['PORT']}" if setting["PORT"] else ""
    told = {name: value for name, value in setting.get("OPTIONS", {}).items() if name in OPTIONS}
    query = f"?{urlencode(told)}" if told else ""
    return f"postgresql://{user}{setting['HOST']}{port}/{quote(setting['NAME'], safe='')}{query}"


def sqlite_settings(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",  # a writer waits its turn at the start, never fails in the middle
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
            "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864;",
        },
    }
