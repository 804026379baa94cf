"""The job of the attack: long enough to be killed in the middle, its effect safe to repeat."""

import time

from django_tasks import task

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.messages import actions as messages


@task()
def write_to(username: str, about: str) -> None:
    """One letter, however often this runs: the table knows one message per person, channel, kind and thing."""
    time.sleep(0.2)
    person = User.objects.get(username=username)
    messages.tell(
        [person], kind="chaos", about=about, subject="Uji tahan banting", body=about, path="/pusat/", at=clock.now()
    )
    time.sleep(0.2)
