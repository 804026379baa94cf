"""`python -m tests.chaos.outages`: what the city stands on goes away under load and comes back; nobody helps it.

postgres   the database server is stopped for a minute, then takes reads only for a while
disk       SQLite, evidence and logs on a small disk of their own that is filled to the last byte (root: it mounts)
readonly   the same on an ext4 of their own, which the kernel makes read-only as it does after a fault of the disk
           (root); it stays so until the machine is looked after, so only what people are told is judged

Prints what it saw; exit code 1 when a page gave no sentence, something acknowledged is missing, or the city did not go
on by itself.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx

from satukota.base import outages

from .run import READY_S, Attack, patiently, wait_for

DISK_MB = 96
PAGES = ("/pusat/insiden/", "/pusat/kamera/", "/pusat/register/opd/", "/api/v1/map/states")
GOES_ON_S = 60.0  # how soon pages and looks are back at the latest; the supervisor's pauses are short here


class SeenEnough(Exception):
    """What was taken away does not come back."""


class Outage(Attack):
    """An attack without kills: `trouble` takes something away while people work."""

    def __init__(self, folder: Path, trouble: str, seconds: float) -> None:
        super().__init__(folder, "postgres" if trouble == "postgres" else "sqlite", kills=0, seed=1)
        self.trouble, self.seconds = trouble, seconds
        self.seen: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.back_after_s: dict[str, float] = {}

    def carry_out(self) -> dict[str, Any]:
        try:
            return super().carry_out()
        except SeenEnough:
            faults = dict(self.wrong)
            return {"name": "outages", "seen": dict(self.seen), "faults": faults, "ok": not any(faults.values())}

    def _attack(self, began: float) -> dict[str, Any]:
        report = super()._attack(began)
        found = dict(self.wrong) | {"errors_500": report["happened"].get("errors_500", 0)}
        faults = report["faults"] | found
        more = {"name": "outages", "seen": dict(self.seen), "back_after_s": self.back_after_s}
        return report | more | {"faults": faults, "ok": not any(faults.values())}

    def _kill_at_random(self) -> None:
        self.cookie = self._cookie_of_the_operator()
        getattr(self, f"_{self.trouble}")()

    def _cookie_of_the_operator(self) -> str:
        from django.contrib.sessions.models import Session

        return patiently(lambda: Session.objects.latest("expire_date").session_key)

    def _postgres(self) -> None:
        home = self.folder / "pg"
        (home / "away").touch()
        os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
        time.sleep(1)
        self._look("away", self.seconds, {outages.GONE}, must_fail=True)
        (home / "away").unlink()
        self._goes_on("away")
        self._sql("ALTER SYSTEM SET default_transaction_read_only = on")
        self._sql("SELECT pg_reload_conf()")
        time.sleep(1)
        self._look("read-only", self.seconds / 4, {outages.READ_ONLY}, must_fail=False)
        self._sql("SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only")
        self._sql("SELECT pg_reload_conf()")
        self._goes_on("read-only")

    def _sql(self, words: str) -> None:
        import psycopg

        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as line:
            for each in words.split(";"):
                line.execute(each)

    def _disk(self) -> None:
        until, filler = time.monotonic() + self.seconds, self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            while time.monotonic() < until:
                with suppress(OSError):
                    for size in (1 << 20, 1 << 12, 1):
                        while file.write(b"\0" * size):
                            pass
                self._look("full", 2.0, {outages.FULL, outages.BUSY}, must_fail=False)
        filler.unlink()
        self._goes_on("full")

    def _readonly(self) -> None:
        os.sync()
        device = Path(source_of(self.folder)).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("chaos", encoding="ascii")
        time.sleep(1)
        self._look("read-only disk", self.seconds, {outages.READ_ONLY, outages.BUSY}, must_fail=False)
        raise SeenEnough

    def _look(self, trouble: str, seconds: float, codes: set[str], *, must_fail: bool) -> None:
        """Read and write for so long: each answer is what it always is, or 503 with the sentence of one of `codes`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for path in PAGES:
                self._judge(trouble, self._ask("GET", path), codes, must_fail=must_fail)
            self._judge(trouble, self._ask("POST", "/pusat/tampilan"), codes, must_fail=must_fail)
            health = self._ask("GET", "/sehat")
            self.wrong[f"{trouble}: /sehat did not answer"] += health is None or health.status_code != 200
            time.sleep(0.5)

    def _judge(self, trouble: str, answer: httpx.Response | None, codes: set[str], *, must_fail: bool) -> None:
        if answer is None:
            self.wrong[f"{trouble}: no answer at all"] += 1
            return
        self.seen[f"{trouble}: {answer.status_code}"] += 1
        if answer.status_code == 503:
            self.wrong[f"{trouble}: 503 without its sentence"] += not any(code in answer.text for code in codes)
        elif must_fail or answer.status_code >= 400:
            self.wrong[f"{trouble}: {answer.status_code}"] += 1

    def _ask(self, method: str, path: str) -> httpx.Response | None:
        token = "c" * 32
        address = f"http://127.0.0.1:{self.ports[0]}{path}"
        params = {"at": datetime.now(UTC).isoformat()} if path.startswith("/api") else None
        try:
            return httpx.request(
                method, address, params=params, headers={"X-CSRFToken": token, "Referer": address}, timeout=30,
                cookies={"sessionid": self.cookie, "csrftoken": token},
            )  # fmt: skip
        except httpx.HTTPError:
            return None

    def _answers(self, method: str, path: str, usual: int) -> bool:
        answer = self._ask(method, path)
        return answer is not None and answer.status_code == usual

    def _goes_on(self, trouble: str) -> None:
        """By itself: pages are back, acts are taken, and new looks are stored."""
        from satukota.shared.monitoring.models import Reading

        began = time.monotonic()
        newest = patiently(lambda: Reading.objects.count())
        for method, path, usual in (("GET", PAGES[0], 200), ("POST", "/pusat/tampilan", 302)):
            wait_for(partial(self._answers, method, path, usual), GOES_ON_S, f"{method} {path} after {trouble}")
        wait_for(lambda: patiently(lambda: Reading.objects.count()) > newest, READY_S, f"looks after {trouble}")
        self.back_after_s[trouble] = round(time.monotonic() - began, 1)


def image_of(folder: Path) -> Path:
    return folder.with_suffix(".ext4")


def mount_ext4(folder: Path) -> None:
    with image_of(folder).open("wb") as image:
        image.truncate(2 * DISK_MB * 2**20)
    subprocess.run(["mkfs.ext4", "-q", str(image_of(folder))], check=True)
    subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image_of(folder)), str(folder)], check=True)
    folder.chmod(0o755)


def source_of(folder: Path) -> str:
    """The device mounted there: /dev/loop0."""
    found = subprocess.run(["findmnt", "-n", "-o", "SOURCE", str(folder)], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.outages", description=__doc__)
    parser.add_argument("trouble", choices=("postgres", "disk", "readonly"))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it lasts")
    parser.add_argument("--keep", action="store_true", help="leave the city's folder, with its logs")
    asked = parser.parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(mkdtemp(prefix="satukota-outage-"))
    folder.chmod(0o755)
    if asked.trouble == "disk":
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "satukota", str(folder)], check=True)
    if asked.trouble == "readonly":
        mount_ext4(folder)
    try:
        report = Outage(folder, asked.trouble, asked.seconds).carry_out()
    finally:
        if asked.keep:
            print(folder)
        else:
            if asked.trouble != "postgres":
                subprocess.run(["umount", "-l", str(folder)], check=False, stderr=subprocess.DEVNULL)
            subprocess.run(["rm", "-rf", str(folder), str(image_of(folder))], check=False)
    print(json.dumps(report, indent=1))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
