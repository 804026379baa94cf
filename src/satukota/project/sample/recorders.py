"""Recorders of the sample city: one that is asked over ONVIF, one whose footage a person fetches."""

from datetime import datetime

from satukota.base import secrets
from satukota.city.models import Person
from satukota.shared.monitoring.models import Target
from satukota.work.cameras.models import RecordedCamera, Recorder

from . import wiring

NAME = "{} ruang peladen (contoh)"
STATED_DAYS = 30  # more than the simulated one holds: a city finds out
BY_HAND, BY_HAND_CAMERAS = "Perekam terminal Dishub (contoh)", ("MB-025", "MB-030")


def add(opds: dict[str, int], at: datetime) -> int:
    """What is missing; how many recorders. Addresses of those that are there are put right."""
    added = sum(_add_box(code, box, opds["diskominfo"], at) for code, box in wiring.field().recorders.items())
    return added + _add_by_hand(opds["dishub"])


def _add_box(code: str, box: wiring.Box, owner_id: int, at: datetime) -> bool:
    row, is_new = Recorder.objects.get_or_create(
        owner_id=owner_id, name=NAME.format(code),
        defaults={
            "kind": Recorder.Kind.ONVIF, "username": box.username, "password_sealed": secrets.seal(box.password),
            "custodian": Person.objects.filter(user__username="teknisi").first(), "retention_days": STATED_DAYS,
            "custodian_office": "Seksi Infrastruktur Diskominfo", "next_due_at": at, "address": box.address,
        },
    )  # fmt: skip
    Recorder.objects.filter(pk=row.pk).exclude(address=box.address).update(address=box.address, next_due_at=at)
    if is_new:
        _put_on(row, box.channels)
    return is_new


def _add_by_hand(owner_id: int) -> bool:
    row, is_new = Recorder.objects.get_or_create(
        owner_id=owner_id, name=BY_HAND,
        defaults={
            "kind": Recorder.Kind.HAND, "custodian": Person.objects.filter(user__username="dishub").first(),
            "custodian_office": "UPT Terminal Dishub", "retention_days": 14,
        },
    )  # fmt: skip
    if is_new:
        _put_on(row, {code: str(place) for place, code in enumerate(BY_HAND_CAMERAS, 1)})
    return is_new


def _put_on(recorder: Recorder, channels: dict[str, str]) -> None:
    cameras = dict(Target.objects.filter(code__in=channels, camera__recorded=None).values_list("code", "pk"))
    RecordedCamera.objects.bulk_create(
        RecordedCamera(camera_id=pk, recorder=recorder, token=channels[code]) for code, pk in cameras.items()
    )
