"""`satukota sample federation`: two installations on this machine, joined, with cameras lent from one to the other.

A harbour with four simulated cameras lends two to the sample city, which has none of its own. Each has a folder, a
database, keys and processes of its own; what a person does on both sides is done here by the same acts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base.errors import UserError
from satukota.project.processes import Job, LogFile, Supervised, Watchman
from satukota.project.supervisor import ROOT, answers

CAMERAS = ("MB-001", "MB-002", "MB-003", "MB-004")
LENT = CAMERAS[:2]
FIELD_PORT = 18_900
READY_S = 120.0
DOOR = (sys.executable, "-m", "satukota.cli")


@dataclass(frozen=True)
class Side:
    key: str
    name: str
    prefix: str  # of its cameras in the register of the other
    var: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SATUKOTA_", "DATABASE_"))}
        ports = {"PORT": self.port, "FEED_PORT": self.port + 1, "LIVE_PORT": self.port + 4, "FIELD_PORT": FIELD_PORT,
                 "CATCHER_PORT": self.port + 2}  # fmt: skip
        return clean | {f"SATUKOTA_{name}": str(port) for name, port in ports.items()} | {
            "SATUKOTA_VAR": str(self.var), "SATUKOTA_SAMPLE": "1", "SATUKOTA_MFA": "optional", "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])),
        }  # fmt: skip

    def step(self, *words: str) -> str:
        """One act in this installation; what it printed. Raises UserError with its last line."""
        done = subprocess.run([*DOOR, *words], env=self.env(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError((done.stderr or done.stdout).strip().splitlines()[-1], fix=" ".join(words))
        return done.stdout.strip()


def sides(var: Path, port: int) -> tuple[Side, Side]:
    return (
        Side("harbour", "Pelabuhan Contoh", "PLB", var / "harbour", port),
        Side("city", "Kota Contoh", "KTC", var / "city", port + 10),
    )


def show(asked: argparse.Namespace) -> None:
    """Both, until Ctrl-C."""
    if not settings.SAMPLE:
        raise UserError(_("Contoh ini hanya untuk pemasangan contoh."), fix=_("Jalankan dengan SATUKOTA_SAMPLE=1."))
    harbour, city = sides(Path(settings.VAR) / "federation", asked.port)
    for side, there in ((harbour, city), (city, harbour)):
        side.var.mkdir(parents=True, exist_ok=True)
        vendor = Path(settings.VAR) / "static-vendor"
        if vendor.exists() and not (side.var / "static-vendor").exists():
            (side.var / "static-vendor").symlink_to(vendor)
        print(_("Menyiapkan %s …") % side.name, flush=True)
        side.step("manage", "migrate")
        side.step("sample", "load")
        side.step("sample", "federation-step", "furnish", side.key, there.name)
    asyncio.run(_live(harbour, city))


async def _live(harbour: Side, city: Side) -> None:
    watchman, keeping, parts = Watchman(), [], []
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        for side in (harbour, city):
            for job in _jobs(side):
                log = LogFile(side.var / "log" / f"{job.name}.log")
                parts.append(Supervised(job, log=log, env=side.env(), tell=_tell_death, watchman=watchman))
                keeping.append(asyncio.ensure_future(parts[-1].keep_alive()))
        async with asyncio.timeout(READY_S):
            while not all([await answers(side.port, "/sehat") for side in (harbour, city)]):
                await asyncio.sleep(0.2)
        await asyncio.to_thread(_join, harbour, city)
        print(_welcome(harbour, city), flush=True)
        settling = await asyncio.create_subprocess_exec(
            *DOOR, "sample", "settle", env=harbour.env(), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await ended.wait()
        if settling.returncode is None:
            settling.terminate()
    finally:
        await asyncio.gather(*(part.stop() for part in parts))
        await asyncio.gather(*keeping, return_exceptions=True)
        watchman.end()


def _jobs(side: Side) -> Iterable[Job]:
    for part in ("web", "feed", "live", "watch", "jobs"):
        yield Job(part, (*DOOR, part))
    if side.key == "harbour":
        words = ("--cameras", str(len(CAMERAS)), "--first-port", str(FIELD_PORT), "--no-timeline")
        yield Job("field", (*DOOR, "field", "--cache", str(side.var / "field"), *words))


def _tell_death(name: str, code: int, pause_s: float, deaths: int) -> None:
    print(_("“%(name)s” berhenti (kode %(code)d), dinyalakan lagi.") % {"name": name, "code": code}, flush=True)


def _join(harbour: Side, city: Side) -> None:
    """As two people on the telephone: each reads its fingerprint to the other, both accept; then the harbour lends."""
    for side, there in ((harbour, city), (city, harbour)):
        read_out = there.step("sample", "federation-step", "fingerprint")
        side.step("sample", "federation-step", "join", there.url, read_out, there.prefix)
    harbour.step("sample", "federation-step", "lend")
    city.step("sample", "federation-step", "sync")


def _welcome(harbour: Side, city: Side) -> str:
    from .loading import password_of

    return "\n".join([
        _("Dua instalasi terbuka dan saling mengenal."),
        f"  {harbour.name}: {harbour.url}/pusat/kamera/instalasi/  (supervisor / {password_of('supervisor')})",
        f"  {city.name}: {city.url}/pusat/kamera/PLB-{LENT[0]}/  (operator / {password_of('operator')})",
        _("Buka kamera itu sebagai operator untuk “Mengawasi banjir atau bencana”, lalu akhiri pinjamannya di sana."),
        _("Ctrl-C menghentikan keduanya."),
    ])  # fmt: skip


# -- one act inside one of the two


def step(asked: argparse.Namespace) -> None:
    from .loading import require_sample

    require_sample()
    act, *said = asked.words
    acts: dict[str, Callable[..., None]] = {
        "furnish": _furnish, "fingerprint": _fingerprint, "join": _accept, "lend": _lend, "sync": _sync,
    }  # fmt: skip
    acts[act](*said)


def _furnish(key: str, there: str) -> None:
    """The sample city reduced to what is shown: the harbour keeps four cameras, the city none of its own."""
    from satukota.base import clock
    from satukota.city.models import Kota, Opd
    from satukota.shared.monitoring.models import Target

    kept = CAMERAS if key == "harbour" else ()
    names = {"harbour": "Pelabuhan Contoh", "city": "Kota Contoh"}
    today = clock.local(clock.now()).date()
    Kota.objects.update(name=names[key])
    ours = Target.objects.filter(retired_on=None).exclude(kind="peer_camera")
    ours.exclude(code__in=kept).update(retired_on=today)
    ours.filter(code__in=kept).update(link=None, power=None)
    Opd.objects.get_or_create(
        code="instalasi-mitra", defaults={"name": there, "short_name": there, "kind": "lain", "valid_from": today}
    )


def _fingerprint() -> None:
    from satukota.base import clock
    from satukota.base.signed_requests import fingerprint_of
    from satukota.work.cameras.federation import keys

    print(fingerprint_of(keys.current(clock.now()).public))


def _accept(url: str, read_out: str, prefix: str) -> None:
    from satukota.base import clock
    from satukota.base.accounts.models import User
    from satukota.city.models import Opd
    from satukota.work.cameras.federation import joining
    from satukota.work.cameras.models import Peer

    if Peer.objects.filter(address=url, closed_at=None).exists():
        return
    now = clock.now()
    joining.join(
        joining.look_at(url, now), fingerprint=read_out, prefix=prefix, opd=Opd.objects.get(code="instalasi-mitra"),
        by=User.objects.get(username="supervisor"), at=now,
    )  # fmt: skip


def _lend() -> None:
    from satukota.base import clock
    from satukota.base.accounts.models import User
    from satukota.work.cameras.federation import loans
    from satukota.work.cameras.models import Loan, Peer

    now = clock.now()
    if Loan.objects.filter(revoked_at=None).exists():
        return
    today = clock.local(now).date()
    loans.make(
        number=f"PKS/CONTOH/{Loan.objects.count() + 1}", peer=Peer.objects.get(closed_at=None), codes=LENT,
        purposes=["disaster", "incident"], hours=[], areas=[], starts_on=today, ends_on=today + timedelta(days=365),
        counts=True, by=User.objects.get(username="supervisor"), at=now,
    )  # fmt: skip


def _sync() -> None:
    from satukota.base import clock
    from satukota.work.cameras.federation import receiving
    from satukota.work.cameras.models import Peer

    receiving.sync(Peer.objects.get(closed_at=None), clock.now())
