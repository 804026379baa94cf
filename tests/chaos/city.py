"""The city under attack: the real supervisor and its real parts, restarted quickly, without the field simulator.

`python -m tests.chaos.city`; with SATUKOTA_CHAOS_PG=<folder of the cluster> its database server is one of the parts.
"""

import os
import sys

from satukota.project import processes, supervisor
from satukota.project.processes import Job

# Hundreds of kills in minutes: what is under test is that nothing is lost, not how patient the supervisor is.
processes.FIRST_PAUSE_S, processes.LONGEST_PAUSE_S = 0.1, 0.5
processes.LOUD_AFTER = supervisor.LOUD_AFTER = 10_000
supervisor.READY_S = 300.0  # beside a whole test suite on two cores


class CityUnderAttack(supervisor.House):
    def jobs(self) -> tuple[list[Job], list[Job]]:
        door = (sys.executable, "-m", "satukota.cli")
        first = [Job("web", (*door, "web")), Job("feed", (*door, "feed"))]
        later = [Job(name, (*door, name)) for name in ("watch", "jobs", "catch")]
        if cluster := os.environ.get("SATUKOTA_CHAOS_PG"):
            first.insert(0, Job("database", (sys.executable, "-m", "tests.chaos.cluster", cluster), ends_last=True))
        return first, later

    def _check_ports(self) -> None:
        """The attack has chosen free ones; nobody else's field is in the way."""

    async def _settle(self) -> None:
        """No field, nothing to settle."""

    async def _sample_logins(self) -> str:
        return ""


if __name__ == "__main__":
    supervisor.House = CityUnderAttack  # type: ignore[misc]
    sys.exit(supervisor.main([]))
