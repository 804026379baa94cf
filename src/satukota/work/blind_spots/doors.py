"""What monitoring calls. Counting loads numpy, so it is imported at the first call, not by every light command."""

from datetime import datetime


def watch_over(at: datetime) -> int:
    from .actions import watching

    return watching.watch_over(at)


def ask_when_due(at: datetime) -> bool:
    from .actions import finding

    return finding.ask_when_due(at)
