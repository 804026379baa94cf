"""Required hours as people write them: one line per span, "Senin–Jumat 06.00–22.00"."""

import re

from django.utils.translation import gettext as _

from .words import DAYS

# ["mon", "06:00", "22:00"], local time; "24:00" ends a day; an end before the start is on the next day
Span = list[str]

_NAMES = {
    "senin": "mon", "selasa": "tue", "rabu": "wed", "kamis": "thu", "jumat": "fri", "jum'at": "fri", "sabtu": "sat",
    "minggu": "sun", "ahad": "sun",
}  # fmt: skip
_ORDER = list(DAYS)
_DASH = r"\s*(?:[-–—]|s/d|sampai)\s*"
_LINE = re.compile(
    rf"^(?P<first>[a-z']+)(?:{_DASH}(?P<last>[a-z']+))?\s*[:,]?\s*(?P<start>\d{{1,2}}[.:]\d{{2}}){_DASH}"
    r"(?P<end>\d{1,2}[.:]\d{2})$"
)


def parse_hours(text: str) -> list[Span]:
    """Spans in week order; [] for an empty text, which means always. Raises ValueError with a sentence."""
    spans: set[tuple[int, str, str]] = set()
    for line in filter(None, (line.strip().lower() for line in text.splitlines())):
        if line in ("setiap saat", "24 jam"):
            continue
        match = _LINE.match(line.replace("setiap hari", "senin–minggu"))
        days = _days(match["first"], match["last"]) if match else []
        if match is None or not days:
            raise ValueError(_("“%(line)s” belum terbaca. Contoh: Senin–Jumat 06.00–22.00") % {"line": line[:60]})
        start, end = _time(match["start"], line), _time(match["end"], line)
        spans |= {(day, start, end) for day in days}
    return [[_ORDER[day], start, end] for day, start, end in sorted(spans)]


def hours_text(spans: list[Span]) -> str:
    """What `parse_hours` reads back as the same spans."""
    return "\n".join(f"{DAYS[day]} {start}–{end}".replace(":", ".") for day, start, end in spans)


def _days(first: str, last: str | None) -> list[int]:
    if first not in _NAMES or (last and last not in _NAMES):
        return []
    start = _ORDER.index(_NAMES[first])
    end = _ORDER.index(_NAMES[last]) if last else start
    return list(range(start, end + 1)) if start <= end else [*range(start, 7), *range(0, end + 1)]


def _time(text: str, line: str) -> str:
    hour, minute = (int(part) for part in re.split("[.:]", text))
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise ValueError(_("“%(line)s”: jam ditulis 00.00 sampai 24.00.") % {"line": line[:60]})
    return f"{hour:02d}:{minute:02d}"
