"""The command line's two languages, chosen without Django so that light commands stay light."""

import os


def speaks_english() -> bool:
    """Indonesian unless SATUKOTA_LANG, or else the locale, begins with "en"."""
    for name in ("SATUKOTA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return value.lower().startswith("en")
    return False


def say(indonesian: str, english: str) -> str:
    return english if speaks_english() else indonesian
