"""Recorders are asked and footage is pulled in a worker; each is safe to run twice."""

from django_tasks import task

from . import delivering, measuring


@task()
def ask_recorder(pk: int) -> None:
    measuring.measure(pk)


@task()
def pull_recording(pk: int, run: str) -> None:
    delivering.run(pk, run)
