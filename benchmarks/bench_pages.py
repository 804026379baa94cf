"""Pages of a large city: 5,000 targets, 1 million readings, 20,000 incidents. Server time p95 and SQL statements.

Peer: Django's own admin change list over the same rows in the same process, which is what an office would otherwise
get from the framework. The city is built once and kept (`large_city`). Caches are emptied before every request, so
what is measured is the work, not that somebody else did it a moment ago.

    python benchmarks/bench_pages.py [--targets 5000] [--readings 1000000] [--incidents 20000] [--rounds 20]
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "src")]

from large_city import Size, settle_in  # noqa: E402  (found by the path above)

BUDGET_MS, BUDGET_SQL = 150.0, 12
PAGES = {
    "map": "/pusat/",
    "map data": "/api/v1/map/cameras",
    "figures": "/pusat/angka",
    "now column": "/pusat/kini",
    "camera list": "/pusat/kamera/",
    "camera list, filtered": "/pusat/kamera/?state=down&q=jalan",
    "camera list, availability": "/pusat/kamera/ketersediaan",
    "camera page": "/pusat/kamera/MB-0042/",
    "camera panel": "/pusat/kamera/MB-0042/panel",
    "incident list": "/pusat/insiden/",
    "incident list, filtered": "/pusat/insiden/?q=MB-00",
    "incident page": "/pusat/insiden/INS-2026-000050/",
    "search": "/pusat/cari?q=contoh",
    "network": "/pusat/jaringan/",
    "public status": "/",
    "public status API": "/api/v1/status",
}
PEER_PAGE = "/admin/monitoring/target/"


def urls_with_admin() -> ModuleType:
    """The product's addresses and, for the peer, Django's admin."""
    from django.contrib import admin
    from django.urls import path

    from satukota.project.urls import urlpatterns
    from satukota.shared.monitoring.models import Target

    class TargetAdmin(admin.ModelAdmin[Target]):
        list_display = ("code", "name", "state", "owner", "kelurahan", "state_since")
        list_filter = ("state", "kind")
        search_fields = ("code", "name")
        list_per_page = 50
        list_select_related = ("owner", "kelurahan")

    admin.site.register(Target, TargetAdmin)
    module = ModuleType("bench_pages_urls")
    module.urlpatterns = [path("admin/", admin.site.urls), *urlpatterns]  # type: ignore[attr-defined]
    return module


class Timed(NamedTuple):
    """One page over all rounds."""

    p95_ms: float  # wall
    cpu_ms: float  # median of this process; far below the wall time means that the machine was busy with others
    sql: int  # statements of one request


def time_page(client: Any, path: str, rounds: int) -> Timed:
    from django.core.cache import caches
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def forget() -> None:
        for cache in caches.all():
            cache.clear()

    forget()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
        statements = len(asked)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    took, worked = [], []
    for _ in range(rounds):
        forget()
        begin, work = time.perf_counter(), time.process_time()
        client.get(path)
        took.append((time.perf_counter() - begin) * 1000)
        worked.append((time.process_time() - work) * 1000)
    p95 = statistics.quantiles(took, n=20, method="inclusive")[18]
    return Timed(round(p95, 1), round(statistics.median(worked), 1), statements)


def run(size: Size, rounds: int) -> dict[str, Any]:
    now = settle_in(size, installed=("django.contrib.admin",))
    from django.test import Client, override_settings

    from satukota.base import clock
    from satukota.base.accounts.models import User

    clock.now = lambda: now
    client = Client(headers={"accept-language": "id"})
    client.force_login(User.objects.get(username="supervisor"),
                       backend="allauth.account.auth_backends.AuthenticationBackend")  # fmt: skip
    with override_settings(ROOT_URLCONF=urls_with_admin(), MFA="optional"):
        pages = {name: time_page(client, path, rounds) for name, path in PAGES.items()}
        peer = time_page(client, PEER_PAGE, rounds)
    worst = max(page.p95_ms for page in pages.values())
    return {
        "name": "pages", "ours": worst, "peer": peer.p95_ms, "peer_name": "Django admin change list",
        "ratio": round(worst / peer.p95_ms, 2), "unit": "ms p95, slowest page", "budget": BUDGET_MS,
        "ok": worst <= BUDGET_MS and all(page.sql <= BUDGET_SQL for page in pages.values()),
        "pages": {name: page._asdict() for name, page in pages.items()},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in Size()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--rounds", type=int, default=20)
    wanted = parser.parse_args()
    result = run(Size(wanted.targets, wanted.readings, wanted.incidents), wanted.rounds)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)
