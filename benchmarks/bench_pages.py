"""Pages of a large city: 5,000 targets, 1 million readings, 20,000 incidents. Server time p95 and SQL statements.

Peer: Django's own admin change list over the same rows in the same process, which is what an office would otherwise
get from the framework.

    python benchmarks/bench_pages.py [--targets 5000] [--readings 1000000] [--incidents 20000] [--rounds 15]
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUDGET_MS, BUDGET_SQL = 150.0, 12
NOW = datetime.now(UTC).replace(microsecond=0)
PAGES = {
    "map data": "/api/v1/map/cameras",
    "figures": "/pusat/angka",
    "now column": "/pusat/kini",
    "camera list": "/pusat/kamera/",
    "camera list, filtered": "/pusat/kamera/?state=down&q=jalan",
    "camera page": "/pusat/kamera/MB-0042/",
    "incident list": "/pusat/insiden/",
    "incident page": "/pusat/insiden/INS-2026-000042/",
    "network": "/pusat/jaringan/",
    "public status": "/",
    "public status API": "/api/v1/status",
}
STEPS = ("dns", "tcp", "rtsp", "picture", "truth")
PEER_PAGE = "/admin/monitoring/target/"


def set_up(folder: str) -> Any:
    os.environ |= {
        "SATUKOTA_VAR": folder,
        "SATUKOTA_SAMPLE": "1",
        "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
    }
    sys.path.insert(0, str(ROOT / "src"))
    import django
    from django.conf import settings

    settings.INSTALLED_APPS += ["django.contrib.admin"]
    settings.ROOT_URLCONF = "bench_pages_urls"
    settings.ALLOWED_HOSTS = ["testserver"]
    Path(folder, "bench_pages_urls.py").write_text(
        "from django.contrib import admin\nfrom django.urls import path\n"
        "from satukota.project.urls import urlpatterns\n"
        "from satukota.shared.monitoring.models import Target\n"
        "class T(admin.ModelAdmin):\n"
        "    list_display = ('code', 'name', 'state', 'owner', 'kelurahan', 'state_since')\n"
        "    list_filter = ('state', 'kind')\n    search_fields = ('code', 'name')\n    list_per_page = 50\n"
        "    list_select_related = ('owner', 'kelurahan')\n"
        "admin.site.register(Target, T)\nurlpatterns = [path('admin/', admin.site.urls), *urlpatterns]\n"
    )
    sys.path.insert(0, folder)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def fill(targets: int, readings: int, incidents: int) -> Any:
    """A month of a large city. Returns a user who may see all of it."""
    from satukota.base.accounts.models import User
    from satukota.city.models import Duty, Kecamatan, Kelurahan, Kota, Opd, Person
    from satukota.shared.monitoring.models import Target
    from satukota.work.cameras.models import Camera

    dice = random.Random(6474)
    Kota.objects.create(code="64.74", name="Kota Contoh", province="Contoh", lon=117.5, lat=0.13, west=117.38,
                        south=0.01, east=117.64, north=0.2)  # fmt: skip
    kecamatan = Kecamatan.objects.create(code="64.74.01", name="Contoh")
    areas = [Kelurahan.objects.create(code=f"64.74.01.1{n:03}", name=f"Kelurahan {n}", kecamatan=kecamatan,
                                      lon=117.4 + n / 100, lat=0.1) for n in range(15)]  # fmt: skip
    offices = [Opd.objects.create(code=f"opd{n}", name=f"Dinas {n}", short_name=f"Dinas {n}", kind="dinas",
                                  valid_from=date(2020, 1, 1)) for n in range(5)]  # fmt: skip
    user = User.objects.create_superuser("supervisor", password="contoh-contoh")
    person = Person.objects.create(name="Contoh", user=user)
    Duty.objects.create(person=person, role="supervisor", opd=offices[0], from_on=date(2020, 1, 1))
    links = [Target.objects.create(kind="link", code=f"FO-{n:03}", name="Sambungan", owner=offices[0], state="up")
             for n in range(50)]  # fmt: skip
    states = ["up"] * 17 + ["degraded", "down", "unknown"]
    Target.objects.bulk_create(
        [
            Target(
                kind="camera", code=f"MB-{n:04}", name=f"Jalan Contoh {n}", owner=dice.choice(offices),
                link=links[n % 50], kelurahan=areas[n % 15],
                lon=117.4 + dice.random() / 5, lat=0.02 + dice.random() / 6,
                address=f"rtsp://127.0.0.1/{n}", state=dice.choice(states), state_since=NOW - timedelta(hours=n % 200),
                watched_from=NOW - timedelta(days=30), last_reading_at=NOW, next_due_at=NOW,
            )
            for n in range(targets)
        ],
        batch_size=1000,
    )  # fmt: skip
    cameras = list(Target.objects.filter(kind="camera"))
    Camera.objects.bulk_create(
        [Camera(target=t, fov_deg=90, range_m=50, bearing_deg=10, last_good_at=NOW) for t in cameras], batch_size=1000
    )
    _fill_changes(cameras, dice)
    _fill_readings(cameras, readings)
    _fill_incidents(cameras, incidents, areas, dice)
    return user


def _fill_changes(cameras: list[Any], dice: random.Random) -> None:
    from satukota.shared.monitoring.models import HourlyRollup, StatusChange

    changes, hours = [], []
    for target in cameras:
        changes.append(StatusChange(target=target, at=NOW - timedelta(days=30), was="unknown", now="up"))
        down = NOW - timedelta(hours=dice.uniform(2, 600))
        changes += [StatusChange(target=target, at=down, was="up", now="down", cause="tcp_timeout"),
                    StatusChange(target=target, at=down + timedelta(hours=1), was="down", now="up")]  # fmt: skip
    this_hour = NOW.replace(minute=0, second=0)
    for target in cameras:
        hours += [
            HourlyRollup(
                target=target, hour=this_hour - timedelta(hours=72 - h), required_total_s=3600 * h,
                up_total_s=3540 * h, degraded_total_s=0, down_total_s=60 * h, unknown_total_s=0,
                maintenance_total_s=0, readings_total=120 * h,
            )
            for h in range(1, 72)
        ]  # fmt: skip
    StatusChange.objects.bulk_create(changes, batch_size=2000)
    HourlyRollup.objects.bulk_create(hours, batch_size=2000)


def _fill_readings(cameras: list[Any], count: int) -> None:
    from satukota.shared.monitoring.models import Reading

    def rows() -> Iterator[Any]:
        for n in range(count):
            yield Reading(target=cameras[n % len(cameras)], at=NOW - timedelta(seconds=30 * (n // len(cameras))),
                          verdict="up", took_ms=900, measures={"fps": 10.0, "sharpness": 0.97},
                          trail=[{"step": s, "ok": True, "ms": 3} for s in STEPS])  # fmt: skip

    batch: list[Any] = []
    for row in rows():
        batch.append(row)
        if len(batch) == 10_000:
            Reading.objects.bulk_create(batch, batch_size=2000)
            batch = []
    Reading.objects.bulk_create(batch, batch_size=2000)


def _fill_incidents(cameras: list[Any], count: int, areas: list[Any], dice: random.Random) -> None:
    from satukota.shared.incidents.models import Incident, Member

    rows, open_roots = [], set()
    for n in range(1, count + 1):
        target = cameras[n % len(cameras)]
        is_open = n % 50 == 0 and target.pk not in open_roots
        open_roots |= {target.pk} if is_open else set()
        opened = NOW - timedelta(minutes=2 * n)
        rows.append(
            Incident(
                number=f"INS-2026-{n:06}",
                title=f"Kamera {target.code} tidak berfungsi",
                kind="camera",
                cause="black",
                state="received" if is_open else "closed",
                severity=dice.randint(1, 4),
                root=target,
                owner_id=target.owner_id,
                kelurahan=areas[n % 15],
                opened_at=opened,
                closed_at=None if is_open else opened + timedelta(hours=1),
                closed_cause="" if is_open else "diperbaiki",
            )
        )
    Incident.objects.bulk_create(rows, batch_size=1000)
    made = Incident.objects.values_list("pk", "root_id", "opened_at", "state")
    Member.objects.bulk_create(
        [Member(incident_id=pk, target_id=root, down_at=at, recovered_at=None if state == "received" else at)
         for pk, root, at, state in made], batch_size=1000)  # fmt: skip


def time_page(client: Any, path: str, rounds: int) -> tuple[float, int]:
    """p95 of server time in ms over `rounds`, and SQL statements of one request."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        client.get(path)
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.quantiles(took, n=20)[18], len(asked)


def run(targets: int, readings: int, incidents: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        from django.test import Client

        user = fill(targets, readings, incidents)
        client = Client(headers={"accept-language": "id"}, SERVER_NAME="127.0.0.1")
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        pages = {name: time_page(client, path, rounds) for name, path in PAGES.items()}
        peer_ms, _ = time_page(client, PEER_PAGE, rounds)
    worst = max(ms for ms, _ in pages.values())
    return {
        "name": "pages", "ours": round(worst, 1), "peer": round(peer_ms, 1), "peer_name": "Django admin change list",
        "ratio": round(worst / peer_ms, 2), "unit": "ms p95, slowest page", "budget": BUDGET_MS,
        "ok": worst <= BUDGET_MS and all(sql <= BUDGET_SQL for _, sql in pages.values()),
        "pages": {name: {"p95_ms": round(ms, 1), "sql": sql} for name, (ms, sql) in pages.items()},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=5000)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--incidents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    result = run(asked.targets, asked.readings, asked.incidents, asked.rounds)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)
