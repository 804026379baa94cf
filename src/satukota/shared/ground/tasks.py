"""What a worker does with ground that came through the pages. Each is safe to run twice."""

from django_tasks import task

from satukota.base.accounts.models import User

from . import tiles, uploads


@task()
def check_ground(pk: int) -> None:
    uploads.check(pk)


@task()
def store_ground(pk: int, by: int) -> None:
    uploads.store(pk, User.objects.get(pk=by))


@task()
def draw_ground() -> None:
    tiles.make()
