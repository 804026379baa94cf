"""What monitoring calls. The counting loads numpy, so it is imported at the first call, not by every light command."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


def follow(changes: Sequence[Any]) -> None:
    from . import following

    following.follow(changes)


def catch_up(at: datetime) -> bool:
    from . import following

    return following.catch_up(at)


def ask_when_due(at: datetime) -> bool:
    from . import measuring

    return measuring.ask_when_due(at)


def store_last_day(at: datetime) -> bool:
    from . import history

    return history.store_last_day(at)


def store_days(at: datetime) -> int:
    from . import history

    return history.store_due(at)
