"""The rows an attack begins with: a small city, people with addresses, incidents to act on, ports to watch."""

from django.db import connection, transaction
from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.shared.incidents.actions import open_by_person
from satukota.shared.incidents.tests.make import make_city
from satukota.shared.monitoring.models import Target

from . import tasks


@transaction.atomic
def make(ports: list[int], incidents: int, interval_s: int) -> tuple[str, list[str]]:
    """The session cookie of the operator, and the numbers of the incidents."""
    city = make_city()
    for user in User.objects.all():
        user.email = f"{user.username}@contoh.invalid"
        user.save(update_fields=["email"])
    Target.objects.bulk_create(
        Target(
            kind="tcp", code=f"T{number:02d}", name=f"Contoh T{number:02d}", owner=city.diskominfo,
            address=f"127.0.0.1:{port}", interval_s=interval_s,
        )
        for number, port in enumerate(ports)
    )  # fmt: skip
    numbers = [
        open_by_person(
            title=f"Contoh {number}", severity=2, owner_id=city.diskominfo.pk, place_id=None, kelurahan_id=None,
            target_id=None, text="", by=city.who.operator, at=clock.now(),
        ).number
        for number in range(incidents)
    ]  # fmt: skip
    client = Client()
    client.force_login(city.who.operator, "allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value, numbers


def enqueue(about: str) -> None:
    """Raises when the database is not there; returns when the job is."""
    try:
        tasks.write_to.enqueue("operator", about)
    finally:
        connection.close()
