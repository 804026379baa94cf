"""Long imports run in a worker. Each run has its own mark: a run that was replaced writes nothing more."""

from django_tasks import task

from . import actions


@task()
def read_import(pk: int, run: str) -> None:
    actions.read(pk, run)


@task()
def apply_import(pk: int, run: str) -> None:
    actions.apply(pk, run)
