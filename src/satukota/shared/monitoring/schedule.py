"""When a target is due. Pure.

Every target has its own fixed place inside its interval, from its id: the load is spread evenly, the cadence never
drifts however long looks take, and no runner has to remember anything.
"""

from datetime import UTC, datetime, timedelta

GOLDEN = 0.6180339887498949  # fractions of multiples of it spread more evenly than chance
RECHECK = timedelta(seconds=5)  # after a first bad look
CLOSEST = 0.25  # of an interval: an extra look just before the regular one makes that one superfluous


def next_due(target_id: int, interval_s: int, after: datetime) -> datetime:
    """The target's next place on its own grid after `after`, at least a quarter of an interval away."""
    interval = max(1, interval_s)
    offset = (target_id * GOLDEN) % 1.0 * interval
    earliest = after.timestamp() + CLOSEST * interval
    turns = int((earliest - offset) // interval) + 1
    return datetime.fromtimestamp(offset + turns * interval, UTC)


def next_due_after_look(target_id: int, interval_s: int, ended_at: datetime, *, soon: bool) -> datetime:
    """The next look on the grid, or sooner when a bad look waits for its proof."""
    regular = next_due(target_id, interval_s, ended_at)
    return min(regular, ended_at + RECHECK) if soon else regular
