"""The audit log: rows per second appended by 8 writers, and verifying a million rows, on SQLite and on PostgreSQL.

Appending. Ours: 8 processes, each row a transaction of its own, all on one hash chain. Peer: the same rows by the same
processes put into the same table by a plain insert: no chain, no lock, no head; its loss is what the chain costs.
Verifying. Ours: `satukota audit verify`. Peer: the plain way, one model instance after the other through Django.
The PostgreSQL here has fsync off (satukota.project.postgres): a real one adds its disk's flush to each row.

    python benchmarks/bench_audit.py [--verify-rows 1000000] [--seconds 8]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
WRITERS = 8
BUDGET_APPENDED_PER_S, BUDGET_VERIFIED_PER_S, BUDGET_GROWTH_MB = 200, 50_000, 60
SEED_AT_ONCE = 2_000
PLAIN_BASE = 10_000_000_000  # numbers of the peer's rows, out of the chain's way


def environment(folder: Path, url: str) -> dict[str, str]:
    return os.environ | {
        "SATUKOTA_VAR": str(folder), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }  # fmt: skip


def part(name: str, env: dict[str, str], *words: object) -> subprocess.Popen[str]:
    """This script again as a process of its own that does one part and prints JSON."""
    command = [sys.executable, __file__, "--part", name, *map(str, words)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, float]:
    said = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"a part of the benchmark failed with {process.returncode}")
    return dict(json.loads(said.strip().splitlines()[-1]))


def append_rate(env: dict[str, str], folder: Path, kind: str, seconds: float) -> float:
    """Rows per second of all writers together."""
    start = Path(tempfile.mkdtemp(dir=folder)) / "start"
    writers = [part("append", env, kind, start, seconds, place) for place in range(WRITERS)]
    while len(list(start.parent.glob("ready.*"))) < WRITERS:
        if any(each.poll() for each in writers):
            raise SystemExit("a writer did not get ready")
        time.sleep(0.05)
    start.touch()
    return sum(answer(each)["rows"] for each in writers) / seconds


# ── parts, each in a process of its own ──


def append(kind: str, start: str, seconds: str, place: str) -> dict[str, float]:
    from satukota.base import clock
    from satukota.base.audit import actions
    from satukota.base.audit.models import AuditEntry

    signal, count = Path(start), 0
    said = {"act": "test.act", "why": "uji", "opd_code": "diskominfo", "before": {"n": 1}, "after": {"n": 2}}
    (signal.parent / f"ready.{place}").touch()
    while not signal.exists():
        time.sleep(0.005)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        if kind == "chain":
            actions.record(said["act"], by=None, at=clock.now(), **{k: v for k, v in said.items() if k != "act"})
        else:
            number = PLAIN_BASE * (int(place) + 1) + count
            AuditEntry.objects.create(number=number, at=clock.now(), actor_name="sistem", hash="0" * 64, **said)
        count += 1
    return {"rows": count}


def seed(rows: str) -> dict[str, float]:
    """A chain of that many rows over ten days, quickly: built here as `record` builds it, put in by the thousand."""
    from datetime import timedelta

    from django.conf import settings
    from django.db import connection

    from satukota.base import clock
    from satukota.base.audit import form, guards, merkle, signing, stored
    from satukota.base.audit.models import AuditEntry, AuditHead, DaySeal

    with guards.lifted(connection), connection.cursor() as cursor:
        for table in ("audit_auditentry", "audit_dayseal", "audit_audithead"):
            cursor.execute(f"DELETE FROM {table}")
    total, per_day, begin = int(rows), max(1, int(rows) // 10), clock.now() - timedelta(days=12)
    previous, root, tree, batch, sealed_to = form.NOTHING, form.NOTHING, merkle.Growing(), [], 0
    for number in range(1, total + 1):
        at = begin + timedelta(days=(number - 1) // per_day, microseconds=number)
        row = AuditEntry(
            number=number, form=2, day=clock.local(at).date(), at=at, act=f"test.act_{number % 40}",
            actor_name="Contoh", hat="Operator pusat komando · Diskominfo", on_kind="cameras.camera",
            on_id=str(number % 66), on_label=f"MB-{number % 66:03d}", opd_code="diskominfo", why="uji",
            before={"name": "Contoh", "n": number}, after={"name": "Contoh lain", "n": number + 1},
            previous_hash=previous,
        )  # fmt: skip
        row.hash = previous = form.hash_of(stored.content_of(row))
        tree.add(previous)
        batch.append(row)
        if len(batch) == SEED_AT_ONCE or number == total:
            AuditEntry.objects.bulk_create(batch)
            batch = []
        if number % per_day == 0 and number < total:
            seal = DaySeal(
                day=row.day, first_number=sealed_to + 1, last_number=number, count=tree.count, root=tree.root(),
                last_hash=previous, previous_root=root, sealed_at=at, signature="",
                public_key=signing.public_key(settings.AUDIT_KEY),
            )  # fmt: skip
            content = stored.content_of_seal(seal)
            seal.signature = signing.sign(content, settings.AUDIT_KEY)
            seal.save()
            previous, root, tree, sealed_to = form.hash_of_seal(content), seal.root, merkle.Growing(), number
    AuditHead.objects.update_or_create(
        pk=1, defaults={"last_number": total, "last_hash": previous, "day": row.day, "sealed_to": sealed_to}
    )
    return {"rows": total}


def verify_ours() -> dict[str, float]:
    from satukota.base.audit.verifying import verify

    verify_small = own_mb()
    began, spent = time.perf_counter(), time.process_time()
    told = verify()
    took, processor = time.perf_counter() - began, time.process_time() - spent
    if told.broken:
        raise SystemExit(f"the seeded chain is broken: {told.broken}")
    return {"per_s": told.rows / took, "per_cpu_s": told.rows / processor, "s": took, "mb": own_mb() - verify_small}


def verify_plain() -> dict[str, float]:
    from satukota.base.audit import form, stored
    from satukota.base.audit.models import AuditEntry

    began, count = time.perf_counter(), 0
    for row in AuditEntry.objects.order_by("number").iterator(2000):
        assert row.hash == form.hash_of(stored.content_of(row))
        count += 1
        if count == 200_000:  # enough to know its pace
            break
    return {"per_s": count / (time.perf_counter() - began)}


def pages() -> dict[str, float]:
    """The slowest of the filters an inspector uses, on what is seeded."""
    from datetime import timedelta

    from satukota.base import clock
    from satukota.base.audit import queries

    day = (clock.now() - timedelta(days=8)).date().isoformat()
    asked = [
        {}, {"act": "test.act_7"}, {"opd": "diskominfo"}, {"opd": "none"}, {"text": "tidak ada"}, {"who": "contoh"},
        {"kind": "cameras.camera", "thing": "12"}, {"since": day, "until": day}, {"until": day, "act": "test.act_1"},
    ]  # fmt: skip
    slowest = 0.0
    for each in asked:
        began = time.perf_counter()
        queries.page(queries.Filters.of(each))
        queries.acts()
        took = time.perf_counter() - began
        print(f"  {each}: {took * 1000:.0f} ms", file=sys.stderr)
        slowest = max(slowest, took)
    return {"ms": slowest * 1000}


def own_mb() -> float:
    memory = psutil.Process().memory_info()
    return float(memory.rss - memory.shared) / 1e6


PARTS = {"append": append, "seed": seed, "verify": verify_ours, "plain": verify_plain, "pages": pages}


# ── the whole ──


def measure(vendor: str, url: str, folder: Path, rows: int, seconds: float) -> list[dict[str, object]]:
    env = environment(folder, url)
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], env=env, check=True)
    ours = append_rate(env, folder, "chain", seconds)
    plain = append_rate(env, folder, "plain", seconds)
    answer(part("seed", env, rows))
    verified, other = answer(part("verify", env)), answer(part("plain", env))
    slowest = answer(part("pages", env))["ms"]
    bounded = verified["mb"] <= BUDGET_GROWTH_MB
    return [
        {
            "name": f"audit append, {WRITERS} writers, {vendor}", "ours": round(ours), "peer": round(plain),
            "peer_name": "insert without chain", "ratio": round(ours / plain, 2), "unit": "rows/s",
            "budget": f">= {BUDGET_APPENDED_PER_S}", "ok": ours >= BUDGET_APPENDED_PER_S,
        },
        {
            "name": f"audit verify, {rows} rows, {vendor}", "ours": round(verified["per_s"]),
            "peer": round(other["per_s"]), "peer_name": "model by model", "unit": "rows/s",
            "ratio": round(verified["per_s"] / other["per_s"], 2), "seconds": round(verified["s"], 1),
            "per_cpu_s": round(verified["per_cpu_s"]), "grown_mb": round(verified["mb"], 1),
            "slowest_page_ms": round(slowest), "budget": f">= {BUDGET_VERIFIED_PER_S}, <= {BUDGET_GROWTH_MB} MB more",
            "ok": verified["per_s"] >= BUDGET_VERIFIED_PER_S and bounded,
        },
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify-rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    asked = parser.parse_args()
    from satukota.project import postgres

    folder, lines = Path(tempfile.mkdtemp(prefix="bench-audit-")), []
    try:
        folder.chmod(0o755)
        if asked.only != "postgresql":
            lines += measure("sqlite", "", folder, asked.verify_rows, asked.seconds)
        if asked.only != "sqlite":
            with postgres.server(folder / "pg") as url:
                lines += measure("postgresql", url, folder, asked.verify_rows, asked.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines.sort(key=lambda line: bool(line["ok"]), reverse=True)  # the last line is the one the table takes
    for line in lines:
        print(json.dumps(line))
    return 0 if all(line["ok"] for line in lines) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        import django

        django.setup()
        print(json.dumps(PARTS[sys.argv[2]](*sys.argv[3:])))
        sys.exit(0)
    sys.exit(main())
