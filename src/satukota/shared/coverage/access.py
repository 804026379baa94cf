"""Which watchers a person may be told of by name. Shares and streets are the same for everyone who sees coverage."""

from typing import Any

from satukota.city import access
from satukota.shared.monitoring.models import Target


def visible_ids(user: Any) -> set[int]:
    """Targets in service whose place and state the person may know. One query."""
    rows = access.visible(Target.objects.filter(retired_on=None), user, "coverage.view")
    return set(rows.order_by().values_list("pk", flat=True))
