"""What is held of a camera, as its page shows it: complete, with gaps, or not known; and the strip of the hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from satukota.rules import recorded as rule

from ..models import Camera, RecordedCamera, RecordingGap

DAY = timedelta(days=1)
FEW_S = 45 * 60.0  # unknown for less than this: it was simply not asked since
BARS = 120


@dataclass(frozen=True)
class Held:
    """`state`: complete, gaps, unknown."""

    state: str
    parts: rule.Parts
    row: RecordedCamera | None = None

    @property
    def gap_minutes(self) -> int:
        return max(1, round(self.parts.gap_s / 60)) if self.parts.gap_s else 0


def row_of(camera: Camera) -> RecordedCamera | None:
    return RecordedCamera.objects.select_related("recorder__owner", "recorder__custodian").filter(camera=camera).first()


def held(row: RecordedCamera | None, at: datetime) -> Held:
    """Of the last 24 hours. One query, none without a recorder."""
    if row is None or row.known_to is None:
        return Held("unknown", rule.Parts(unknown_s=DAY.total_seconds()), row)
    found = rule.parts(_known(row), _lacking(row, at - DAY, at), (at - DAY).timestamp(), at.timestamp())
    if found.gap_s:
        return Held("gaps", found, row)
    return Held("complete" if found.unknown_s <= FEW_S else "unknown", found, row)


@dataclass(frozen=True)
class Strip:
    since: datetime
    until: datetime
    bars: list[str]
    """classes of the house's strip: up, degraded (partly), down (lacking), unknown"""


def strip(row: RecordedCamera, at: datetime, days: int) -> Strip:
    since = at - timedelta(days=days)
    bars = rule.strip(_known(row), _lacking(row, since, at), since.timestamp(), at.timestamp(), BARS)
    return Strip(since, at, [_class(one) for one in bars])


def gaps(row: RecordedCamera, since: datetime, until: datetime) -> list[RecordingGap]:
    return list(row.gaps.filter(ended_at__gt=since, began_at__lt=until))


def lacking(row: RecordedCamera, since: datetime, until: datetime) -> list[rule.Span]:
    """Known gaps within this time, epoch seconds, in order."""
    return rule.within(_lacking(row, since, until), since.timestamp(), until.timestamp())


def _lacking(row: RecordedCamera, since: datetime, until: datetime) -> list[rule.Span]:
    return [(gap.began_at.timestamp(), gap.ended_at.timestamp()) for gap in gaps(row, since, until)]


def _known(row: RecordedCamera) -> rule.Span | None:
    """What was overwritten since is no longer told of."""
    if row.known_from is None or row.known_to is None:
        return None
    start = max(row.known_from, row.earliest_at) if row.earliest_at else row.known_from
    return start.timestamp(), row.known_to.timestamp()


def _class(one: rule.Parts) -> str:
    if one.gap_s and one.held_s:
        return "degraded"
    if one.gap_s:
        return "down"
    return "up" if one.held_s > one.unknown_s else "unknown"
