"""What one sign-in costs: Argon2 as the product uses it, and the whole act around it.

Two figures. `ours`: right passwords checked per core second, through allauth and the counting of failures, on SQLite.
`peer`: Django's other hash, PBKDF2-SHA256 at its default rounds, in the same run. A hash must be dear for a thief and
bearable for a server, so the budget has two ends. Memory is what one Argon2 hash holds while it runs.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
LEAST, MOST = 5, 200  # sign-ins per core second
LEAST_MB = 19  # OWASP password storage: Argon2id with at least 19 MiB
PASSWORD = "jambu-perahu-lentera-7"


def set_up(folder: str) -> None:
    os.environ |= {"SATUKOTA_VAR": folder, "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "satukota.project.settings"}
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def per_core_second(act: Callable[[], Any], seconds: float) -> float:
    """How often `act` runs in one second of one core's time; processor time of all threads, median of five parts."""
    act()
    rates = []
    for _ in range(5):
        began, times, end = time.process_time(), 0, time.monotonic() + seconds / 5
        while time.monotonic() < end or not times:
            act()
            times += 1
        rates.append(times / (time.process_time() - began))
    return median(rates)


def sign_in_act() -> Callable[[], Any]:
    from allauth.core import context
    from django.test import RequestFactory

    from satukota.base.accounts.adapter import InvitedOnly
    from satukota.base.accounts.models import User

    User.objects.create_user("siti", password=PASSWORD)

    def sign_in() -> None:
        request = RequestFactory().post("/akun/login/")
        with context.request_context(request):
            assert InvitedOnly(request).authenticate(request, username="siti", password=PASSWORD) is not None

    return sign_in


def run(seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, get_hasher, make_password

        hasher = get_hasher("default")
        whole = per_core_second(sign_in_act(), seconds)
        argon2, pbkdf2 = make_password(PASSWORD), make_password(PASSWORD, hasher="pbkdf2_sha256")
        alone = per_core_second(lambda: check_password(PASSWORD, argon2), seconds)
        peer = per_core_second(lambda: check_password(PASSWORD, pbkdf2), seconds)
        memory_mb = hasher.memory_cost / 1024
    return {
        "name": "login", "ours": round(whole, 1), "peer": round(peer, 1),
        "peer_name": f"PBKDF2-SHA256, {PBKDF2PasswordHasher.iterations:,} rounds, hash alone",
        "ratio": round(whole / peer, 2), "unit": "sign-ins per core second", "budget": [LEAST, MOST],
        "ok": LEAST <= whole <= MOST and memory_mb >= LEAST_MB,
        "argon2": {"time_cost": hasher.time_cost, "memory_mb": memory_mb, "lanes": hasher.parallelism,
                   "hashes_per_core_second": round(alone, 1)},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    result = run(parser.parse_args().seconds)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)
