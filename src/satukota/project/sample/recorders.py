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
    """What is missing; how many recorders. Addresses of those that are there are put right. Five statements."""
    there = {row.name: row for row in Recorder.objects.all()}
    keepers = {row.user.username: row for row in Person.objects.filter(user__username__in=["teknisi", "dishub"])
               .select_related("user") if row.user}  # fmt: skip
    wanted: list[tuple[Recorder, dict[str, str]]] = []
    for code, box in wiring.field().recorders.items():
        row = there.get(NAME.format(code))
        if row is None:
            wanted.append((_box(code, box, opds["diskominfo"], keepers.get("teknisi"), at), box.channels))
        elif row.address != box.address:
            Recorder.objects.filter(pk=row.pk).update(address=box.address, next_due_at=at)
    if BY_HAND not in there:
        by_hand = Recorder(
            name=BY_HAND, owner_id=opds["dishub"], kind=Recorder.Kind.HAND, custodian=keepers.get("dishub"),
            custodian_office="UPT Terminal Dishub", retention_days=14,
        )  # fmt: skip
        wanted.append((by_hand, {code: str(place) for place, code in enumerate(BY_HAND_CAMERAS, 1)}))
    if wanted:
        Recorder.objects.bulk_create(row for row, _channels in wanted)
        _put_on(wanted)
    return len(wanted)


def _box(code: str, box: wiring.Box, owner_id: int, keeper: Person | None, at: datetime) -> Recorder:
    return Recorder(
        name=NAME.format(code), owner_id=owner_id, kind=Recorder.Kind.ONVIF, address=box.address, next_due_at=at,
        username=box.username, password_sealed=secrets.seal(box.password), custodian=keeper,
        custodian_office="Seksi Infrastruktur Diskominfo", retention_days=STATED_DAYS,
    )  # fmt: skip


def _put_on(wanted: list[tuple[Recorder, dict[str, str]]]) -> None:
    codes = [code for _row, channels in wanted for code in channels]
    cameras = dict(Target.objects.filter(code__in=codes, camera__recorded=None).values_list("code", "pk"))
    RecordedCamera.objects.bulk_create(
        RecordedCamera(camera_id=cameras[code], recorder=row, token=token)
        for row, channels in wanted for code, token in channels.items() if code in cameras
    )  # fmt: skip
