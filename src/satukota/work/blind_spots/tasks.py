"""Long work runs in a worker. Each is safe to run twice; a plan's run has its own mark, and a replaced one writes
nothing more."""

from django_tasks import task

from satukota.base import clock


@task()
def find_blind_spots() -> None:
    from .actions import finding

    finding.find_and_tell(clock.now())


@task()
def run_plan(pk: int, run: str) -> None:
    from .siting import running

    running.run(pk, run)
