"""A month of a large city in a database: cameras with their history, readings, hourly totals and incidents.

Built once and kept in `var/bench` beside the checkout's other run-time files; built anew when the sizes, the schema or
this file change. The moment it was built is "now" for whoever measures on it, so its figures never age.
"""

import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
KEPT_IN = ROOT / "var" / "bench"
DAYS = 30
STEPS = ("dns", "tcp", "rtsp", "picture", "truth")
STATES = ["up"] * 17 + ["degraded", "down", "unknown"]


class Size(NamedTuple):
    targets: int = 5000
    readings: int = 1_000_000
    incidents: int = 20_000


def folder_for(size: Size) -> Path:
    """Where a city of this size and of the present schema is kept."""
    told = hashlib.sha256(Path(__file__).read_bytes())
    for migration in sorted((ROOT / "src").glob("satukota/**/migrations/0*.py")):
        told.update(migration.name.encode() + migration.read_bytes())
    return KEPT_IN / f"city-{'-'.join(map(str, size))}-{told.hexdigest()[:12]}"


def settle_in(size: Size, installed: tuple[str, ...] = ()) -> datetime:
    """Set Django up on the kept city, filled when it was not there; returns the moment it was built, its "now"."""
    folder = folder_for(size)
    ready = folder / "built_at"
    if not ready.exists():  # half built, or of an earlier schema
        for old in KEPT_IN.glob("city-*"):
            shutil.rmtree(old)
    folder.mkdir(parents=True, exist_ok=True)
    for name in [name for name in os.environ if name.startswith("SATUKOTA_") or name == "DATABASE_URL"]:
        del os.environ[name]
    os.environ |= {"SATUKOTA_VAR": str(folder), "SATUKOTA_SAMPLE": "1",
                   "DJANGO_SETTINGS_MODULE": "satukota.project.settings"}  # fmt: skip
    import django
    from django.conf import settings

    settings.INSTALLED_APPS += list(installed)
    settings.ALLOWED_HOSTS = ["testserver"]
    django.setup()
    if not ready.exists():
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")  # a half built city is built anew
        now = datetime.now(UTC).replace(microsecond=0)
        fill(size, now)
        ready.write_text(now.isoformat())
    return datetime.fromisoformat(ready.read_text())


def fill(size: Size, now: datetime) -> None:
    from django.db import connection

    dice = random.Random(6474)
    owners, areas = _registers()
    cameras = _cameras(size.targets, owners, areas, now, dice)
    _histories(cameras, now, dice)
    _readings(cameras, size.readings, now)
    _incidents(cameras, size.incidents, areas, now, dice)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _registers() -> tuple[list[Any], list[Any]]:
    """OPDs and kelurahan, and a supervisor who may see all of the city."""
    from satukota.base.accounts.models import User
    from satukota.city.models import Duty, Kecamatan, Kelurahan, Kota, Opd, Person

    Kota.objects.create(code="64.74", name="Kota Contoh", province="Contoh", lon=117.5, lat=0.13, west=117.38,
                        south=0.01, east=117.64, north=0.2)  # fmt: skip
    kecamatan = Kecamatan.objects.create(code="64.74.01", name="Contoh")
    areas = [Kelurahan.objects.create(code=f"64.74.01.1{n:03}", name=f"Kelurahan {n}", kecamatan=kecamatan,
                                      lon=117.4 + n / 100, lat=0.1) for n in range(15)]  # fmt: skip
    owners = [Opd.objects.create(code=f"opd{n}", name=f"Dinas {n}", short_name=f"Dinas {n}", kind="dinas",
                                 valid_from=date(2020, 1, 1)) for n in range(5)]  # fmt: skip
    user = User.objects.create_superuser("supervisor", password="contoh-contoh")
    person = Person.objects.create(name="Contoh", user=user)
    Duty.objects.create(person=person, role="supervisor", opd=owners[0], from_on=date(2020, 1, 1))
    return owners, areas


def _cameras(count: int, owners: list[Any], areas: list[Any], now: datetime, dice: random.Random) -> list[Any]:
    from satukota.shared.monitoring.models import Target
    from satukota.work.cameras.models import Camera

    links = [Target.objects.create(kind="link", code=f"FO-{n:03}", name="Sambungan", owner=owners[0], state="up")
             for n in range(50)]  # fmt: skip
    rows = []
    for n in range(count):
        state = dice.choice(STATES)
        rows.append(Target(
            kind="camera", code=f"MB-{n:04}", name=f"Jalan Contoh {n}", owner=dice.choice(owners), link=links[n % 50],
            kelurahan=areas[n % 15], lon=117.4 + dice.random() / 5, lat=0.02 + dice.random() / 6,
            address=f"rtsp://127.0.0.1/{n}", state=state, cause="" if state == "up" else "black",
            state_since=now - timedelta(minutes=dice.randint(1, 2000)), watched_from=now - timedelta(days=DAYS),
            last_reading_at=now, next_due_at=now,
        ))  # fmt: skip
    Target.objects.bulk_create(rows, batch_size=1000)
    cameras = list(Target.objects.filter(kind="camera").order_by("pk"))
    Camera.objects.bulk_create(
        [Camera(target=t, fov_deg=90, range_m=50, bearing_deg=10, last_good_at=now) for t in cameras], batch_size=1000
    )
    return cameras


def _histories(cameras: list[Any], now: datetime, dice: random.Random) -> None:
    """Up for a month, down for some hours of it, and at last what it is now; hourly totals that say the same."""
    from django.db import connection, transaction

    from satukota.shared.monitoring.models import HourlyRollup, StatusChange

    changes, begin = [], now - timedelta(days=DAYS)
    downs: dict[int, tuple[float, float]] = {}
    for target in cameras:
        fell = begin + timedelta(hours=dice.uniform(1, 24 * DAYS - 60))
        back = fell + timedelta(hours=dice.uniform(0.2, 5))
        downs[target.pk] = (fell.timestamp(), back.timestamp())
        told = [(begin, "unknown", "up"), (fell, "up", "down"), (back, "down", "up")]
        if target.state == "up":  # its last change was a short fault
            told += [(target.state_since - timedelta(minutes=9), "up", "down"), (target.state_since, "down", "up")]
        else:
            told.append((target.state_since, "up", target.state))
        changes += [StatusChange(target=target, at=at, was=was, now=is_now) for at, was, is_now in told]
    StatusChange.objects.bulk_create(changes, batch_size=2000)

    first, last = _hour(begin), _hour(now) - timedelta(hours=1)
    hours = [first + timedelta(hours=n) for n in range(int((last - first) / timedelta(hours=1)) + 1)]

    def totals() -> Iterator[tuple[Any, ...]]:
        for hour in hours:
            end = (hour + timedelta(hours=1)).timestamp()
            required = int(end - begin.timestamp())
            for target in cameras:
                fell, back = downs[target.pk]
                down = int(min(max(end - fell, 0), back - fell))
                since = target.state_since.timestamp()
                lately = int(max(end - since, 0)) if target.state != "up" else int(min(max(end - since + 540, 0), 540))
                by_state = {"up": 0, "degraded": 0, "down": 0, "unknown": 0}
                by_state["down" if target.state == "up" else target.state] += lately
                by_state["down"] += down
                by_state["up"] += required - sum(by_state.values())
                yield (target.pk, hour.replace(tzinfo=None), required, *by_state.values(), 0, required // 30)

    names = ("target_id", "hour", "required_total_s", "up_total_s", "degraded_total_s", "down_total_s",
             "unknown_total_s", "maintenance_total_s", "readings_total")  # fmt: skip
    table, marks = HourlyRollup._meta.db_table, ", ".join(["%s"] * len(names))
    rows = totals()
    with transaction.atomic(), connection.cursor() as cursor:
        for _hour_of in hours:
            batch = [next(rows) for _target in cameras]
            cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", batch)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _readings(cameras: list[Any], count: int, now: datetime) -> None:
    from satukota.shared.monitoring.models import Reading

    trail = [{"step": step, "ok": True, "ms": 3} for step in STEPS]
    for start in range(0, count, 10_000):
        Reading.objects.bulk_create(
            [
                Reading(target=cameras[n % len(cameras)], at=now - timedelta(seconds=30 * (n // len(cameras))),
                        verdict="up", took_ms=900, measures={"fps": 10.0, "sharpness": 0.97}, trail=trail)
                for n in range(start, min(start + 10_000, count))
            ],
            batch_size=2000,
        )  # fmt: skip


def _incidents(cameras: list[Any], count: int, areas: list[Any], now: datetime, dice: random.Random) -> None:
    from satukota.shared.incidents.models import Incident, Member

    rows, open_roots = [], set()
    for n in range(1, count + 1):
        target = cameras[n % len(cameras)]
        is_open = n % 50 == 0 and target.pk not in open_roots
        open_roots |= {target.pk} if is_open else set()
        opened = now - timedelta(minutes=2 * n)
        rows.append(Incident(
            number=f"INS-2026-{n:06}", title=f"Kamera {target.code} tidak berfungsi", kind="camera", cause="black",
            state="received" if is_open else "closed", severity=dice.randint(1, 4), root=target,
            owner_id=target.owner_id, kelurahan=areas[n % 15], opened_at=opened,
            closed_at=None if is_open else opened + timedelta(hours=1), closed_cause="" if is_open else "diperbaiki",
        ))  # fmt: skip
    Incident.objects.bulk_create(rows, batch_size=1000)
    made = Incident.objects.values_list("pk", "root_id", "opened_at", "state")
    Member.objects.bulk_create(
        [Member(incident_id=pk, target_id=root, down_at=at, recovered_at=None if state == "received" else at)
         for pk, root, at, state in made], batch_size=1000)  # fmt: skip
