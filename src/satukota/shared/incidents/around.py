"""What incidents ask of monitoring. Imported late: this app must load before monitoring's queries do."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from satukota.shared.monitoring.models import Target


def behind(target: Target) -> QuerySet[Target]:
    from satukota.shared.monitoring import queries

    return queries.behind(target)


def in_maintenance(target_ids: Sequence[int], at: datetime) -> set[int]:
    from satukota.shared.monitoring import queries

    return queries.in_maintenance(list(target_ids), at)
