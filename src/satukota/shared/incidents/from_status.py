"""Opens, joins and recovers incidents when a target's status changes."""

from satukota.shared.monitoring.models import StatusChange


def follow(change: StatusChange) -> None:
    raise NotImplementedError
