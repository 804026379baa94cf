"""A person's duties as bars on one line of years, drawn without a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ..models import Duty
from ..words import duty_words

WIDTH, ROW, TOP = 1000, 26, 22  # of the drawing's own units
AHEAD = timedelta(days=60)  # how far an open duty reaches beyond today


@dataclass(frozen=True)
class Bar:
    words: str
    days: str  # 2026-01-01 – 2026-06-30, for the tooltip
    x: float
    y: int
    width: float
    kind: str  # definitif, pelaksana, lalu


@dataclass(frozen=True)
class Band:
    bars: list[Bar]
    years: list[tuple[str, float]]  # the year, where it begins
    today: float
    height: int


def band(duties: Sequence[Duty], today: date) -> Band | None:
    """None for who never held a duty. Long services shrink: the first day of the first duty is at the left edge."""
    rows = sorted(duties, key=lambda duty: (duty.from_on, duty.pk))
    if not rows:
        return None
    first = min(row.from_on for row in rows)
    last = max(max(row.to_on or today + AHEAD, row.from_on) for row in rows)
    last = max(last, today + AHEAD)
    scale = WIDTH / ((last - first).days + 1)

    def at(day: date) -> float:
        return round((day - first).days * scale, 1)

    bars = [
        Bar(
            duty_words(row), f"{row.from_on} – {row.to_on or ''}", at(row.from_on), TOP + number * ROW,
            max(3.0, round(((row.to_on or last) - row.from_on).days * scale, 1)),
            "lalu" if row.to_on and row.to_on < today else "pelaksana" if row.acting else "definitif",
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip
    step = max(1, (last.year - first.year) // 8)
    years = [(str(year), at(date(year, 1, 1))) for year in range(first.year + 1, last.year + 1, step)]
    return Band(bars, years, at(today), TOP + len(rows) * ROW)
