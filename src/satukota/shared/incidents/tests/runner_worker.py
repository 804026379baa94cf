"""One of several runners, as a process of its own: follows the changes it is given, one transaction each."""

import json
import os
import sys
import time
from pathlib import Path


def main(start: str, changes: list[int]) -> None:
    import django

    django.setup()
    from django.db import transaction

    from satukota.shared.incidents.from_status import follow
    from satukota.shared.monitoring.models import StatusChange

    rows = {row.pk: row for row in StatusChange.objects.select_related("target", "root").filter(pk__in=changes)}
    Path(f"{start}.{os.getpid()}").touch()  # ready
    until = time.monotonic() + 30
    while not Path(start).exists():
        assert time.monotonic() < until, "nobody gave the start"
        time.sleep(0.002)
    for pk in changes:
        with transaction.atomic():
            follow([rows[pk]])


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
