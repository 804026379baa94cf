"""The measuring as a job: safe to run twice, since it measures only what changed."""

from django_tasks import task

from . import measuring


@task()
def measure_coverage() -> None:
    measuring.measure_and_tell()
