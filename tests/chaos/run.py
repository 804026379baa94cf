"""`make chaos`: kill every part of a running city with -9, at random, hundreds of times, and count what was lost.

Prints a table and one JSON line; exit code 1 when anything that was acknowledged is missing or anything is doubled.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MARKS = {
    "web": ("granian",), "feed": ("uvicorn",), "watch": ("satukota.cli", "watch"), "jobs": ("satukota.cli", "jobs"),
    "catch": ("satukota.cli", "catch"), "database": ("postgres", "-D"),
}  # fmt: skip
READY_S, SETTLE_S = 300.0, 150.0
INCIDENTS, TARGETS, INTERVAL_S = 40, 12, 2
PAUSE_S = (0.4, 1.6)  # between two kills
LIVED_S = (1.0, 6.0)  # how long a part is left at work at least: one that is always starting has nothing to lose
STARTS_S = 3.0  # a part that listens on no port is taken to be at work when it is so old


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="how many, on each database")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--keep", action="store_true", help="leave the city's folder, with its logs")
    asked = parser.parse_args(words)
    if asked.database == "both":  # Django speaks to one database in one process
        rest = ["--kills", str(asked.kills), "--seed", str(asked.seed)] + ["--keep"] * asked.keep
        door = [sys.executable, "-m", "tests.chaos.run"]
        return max([subprocess.call([*door, "--database", one, *rest]) for one in ("sqlite", "postgres")])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the city is ended with us
    folder = Path(tempfile.mkdtemp(prefix="satukota-chaos-"))
    folder.chmod(0o755)  # the account of PostgreSQL must get through
    try:
        report = Attack(folder, asked.database, asked.kills, asked.seed).carry_out()
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return show(report)


def show(report: dict[str, Any]) -> int:
    for part in ("killed", "happened", "faults"):
        print(f"\n{part}")
        for name, value in report[part].items():
            print(f"  {name:36} {value}{'   <<<' if part == 'faults' and value else ''}")
    print(json.dumps(report))
    return 0 if report["ok"] else 1


class Attack:
    """One city, one database, one attack."""

    def __init__(self, folder: Path, database: str, kills: int, seed: int) -> None:
        self.folder, self.database, self.kills = folder, database, kills
        self.chance = random.Random(seed)
        self.seed = seed
        self.ports = free_ports(6)
        self.killed: Counter[str] = Counter()
        self._prepare_environment()

    def _prepare_environment(self) -> None:
        web, feed, catcher, _http, database, field = self.ports
        os.environ.update({
            "SATUKOTA_VAR": str(self.folder), "SATUKOTA_SAMPLE": "1", "SATUKOTA_MFA": "optional",
            "SATUKOTA_PORT": str(web), "SATUKOTA_FEED_PORT": str(feed), "SATUKOTA_CATCHER_PORT": str(catcher),
            "SATUKOTA_FIELD_PORT": str(field), "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "SATUKOTA_LANG": "en",
        })  # fmt: skip
        sys.path[:0] = [str(ROOT / "src")]
        os.environ.pop("DATABASE_URL", None)
        if self.database == "postgres":
            from tests.chaos import cluster

            os.environ["SATUKOTA_CHAOS_PG"] = str(self.folder / "pg")
            os.environ["DATABASE_URL"] = cluster.make(self.folder / "pg", database)

    def carry_out(self) -> dict[str, Any]:
        began = time.monotonic()
        city = self._open_city()
        try:
            return self._attack(began)
        finally:
            city.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                city.wait(30)
            city.kill()
            city.wait()

    def _open_city(self) -> subprocess.Popen[bytes]:
        """The database is filled before the parts that need it are up; on PostgreSQL it is one of them."""
        if self.database == "sqlite":
            self._django("migrate", "-v", "0")
        words = [sys.executable, "-m", "tests.chaos.city"]
        with (self.folder / "city.log").open("wb") as log:
            city = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        if self.database == "postgres":
            wait_for(lambda: not is_free(self.ports[4]), READY_S, "the database server")
            time.sleep(1)
            self._django("migrate", "-v", "0")
        wait_for(lambda: not is_free(self.ports[0]) and not is_free(self.ports[1]), READY_S, "pages and feed")
        return city

    def _django(self, *words: str) -> None:
        subprocess.run([sys.executable, "-m", "django", *words], cwd=ROOT, check=True)

    def _attack(self, began: float) -> dict[str, Any]:
        import django

        django.setup()
        from tests.chaos import load, proof, setting

        town, said, stop = load.Town(TARGETS), load.Acknowledged(), threading.Event()
        cookie, numbers = patiently(lambda: setting.make(town.ports, INCIDENTS, INTERVAL_S))
        threads = self._start_load(load, setting, town, said, stop, cookie, numbers)
        wait_for(lambda: bool(said.notes), READY_S, "the first acknowledged act")
        self._kill_at_random()
        time.sleep(3)
        stop.set()
        for thread in threads:
            thread.join(60)
        self._rest(proof)
        faults = patiently(lambda: proof.faults(said))
        report = {
            "name": "chaos", "database": self.database, "kills": sum(self.killed.values()), "seed": self.seed,
            "seconds": round(time.monotonic() - began), "killed": dict(self.killed),
            "happened": proof.figures(said), "faults": faults, "ok": not any(faults.values()),
        }  # fmt: skip
        self._listening.set()
        town.close()
        return report

    def _start_load(
        self, load: Any, setting: Any, town: Any, said: Any, stop: threading.Event, cookie: str, numbers: list[str]
    ) -> list[threading.Thread]:
        """The feed's listener and the town go on until the city has come to rest; the others end with `stop`."""
        web, feed = (f"http://127.0.0.1:{port}" for port in self.ports[:2])
        self._listening = threading.Event()
        self._turning = stop
        client = load.Client(web, cookie, said, stop)
        listener = load.Client(web, cookie, said, self._listening)
        spread_s = max(0.2, self.kills * sum(PAUSE_S) / 2 / len(numbers) / 1.2)
        ending = [
            threading.Thread(target=client.write_notes, args=(numbers, self.seed), daemon=True),
            threading.Thread(target=client.write_notes, args=(numbers, self.seed + 1), daemon=True),
            threading.Thread(target=client.take, args=(numbers, spread_s), daemon=True),
            threading.Thread(target=load.enqueue_jobs, args=(setting.enqueue, said, stop), daemon=True),
        ]
        lasting = [
            threading.Thread(target=listener.follow_feed, args=(feed,), daemon=True),
            threading.Thread(target=town.live, args=(self._listening, self.seed, 3.0, stop), daemon=True),
        ]
        for thread in ending + lasting:
            thread.start()
        return ending

    def _kill_at_random(self) -> None:
        names = [name for name in MARKS if name != "database" or self.database == "postgres"]
        at_work_since: dict[str, float] = {}
        while sum(self.killed.values()) < self.kills:
            time.sleep(self.chance.uniform(*PAUSE_S))
            now = time.monotonic()
            at_work_since = {name: at_work_since.get(name, now) for name in names if self._is_at_work(name)}
            name, patience_s = self.chance.choice(names), self.chance.uniform(*LIVED_S)
            if now - at_work_since.get(name, now) < patience_s:
                continue
            alive = sorted(processes_of(self.folder, MARKS[name]))
            if alive:
                with suppress(ProcessLookupError):
                    os.kill(self.chance.choice(alive) if name == "web" else alive[0], signal.SIGKILL)
                    self.killed[name] += 1
                    at_work_since.pop(name, None)

    def _is_at_work(self, name: str) -> bool:
        """It takes connections, where it does that; a web server also when only its worker was killed."""
        ports = {"web": self.ports[0], "feed": self.ports[1], "catch": self.ports[2], "database": self.ports[4]}
        if name in ports:
            return not is_free(ports[name])
        return any(age_s(pid) > STARTS_S for pid in processes_of(self.folder, MARKS[name]))

    def _rest(self, proof: Any) -> None:
        """Until nothing is on its way any more; what is still there after SETTLE_S the proof will name."""
        deadline, quiet = time.monotonic() + SETTLE_S, 0
        while quiet < 5 and time.monotonic() < deadline:
            time.sleep(1)
            try:
                is_quiet = not any(proof.unsettled().values()) and not any(proof.leaves_open().values())
            except Exception:
                is_quiet = False
            quiet = quiet + 1 if is_quiet else 0


def free_ports(count: int) -> list[int]:
    """Free ones in a row, so that the catcher has its neighbour."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        if first + count < 65_000 and all(is_free(port) for port in range(first, first + count)):
            return list(range(first, first + count))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for(claim: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            raise SystemExit(f"chaos: waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


def patiently(work: Callable[[], Any]) -> Any:
    """The database may just be coming back."""
    from django.db import DatabaseError, InterfaceError, connection

    for attempt in range(20):
        try:
            return work()
        except (DatabaseError, InterfaceError):
            connection.close()
            if attempt == 19:
                raise
            time.sleep(1)


def processes_of(folder: Path, marks: tuple[str, ...]) -> list[int]:
    """Those of this city whose command line carries every mark."""
    mine, found = f"SATUKOTA_VAR={folder}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                if all(mark.encode() in words for mark in marks) and mine in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def age_s(pid: int) -> float:
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0.0
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
