"""What asking who may costs: per request for one thing, and for a list of 100 of 100,000 things.

Peer: django-guardian (object permissions of the same rows, `has_perm` and `get_objects_for_user`), same rows, same run.

    python benchmarks/bench_access.py [--rows 100000] [--rounds 40]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OFFICES = 5
LIST = 100


def set_up(folder: str) -> None:
    os.environ |= {"SATUKOTA_VAR": folder, "DJANGO_SETTINGS_MODULE": "satukota.project.settings"}
    sys.path.insert(0, str(ROOT / "src"))
    import django
    from django.conf import settings

    settings.INSTALLED_APPS += ["guardian"]
    settings.AUTHENTICATION_BACKENDS += ["guardian.backends.ObjectPermissionBackend"]
    settings.ANONYMOUS_USER_NAME = None
    settings.GUARDIAN_MONKEY_PATCH_USER = False
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def fill(rows: int) -> tuple[int, Any]:
    """Targets of five OPDs; someone who serves one of them. Guardian gets one row for each target they may see."""
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType
    from guardian.models import UserObjectPermission

    from satukota.base.accounts.models import User
    from satukota.city.models import Duty, Opd, Person
    from satukota.shared.monitoring.models import Target

    offices = [
        Opd.objects.create(code=f"opd{n}", name=f"Dinas {n}", short_name=f"Dinas {n}", kind="dinas",
                           valid_from=date(2020, 1, 1))
        for n in range(OFFICES)
    ]  # fmt: skip
    user = User.objects.create(username="petugas")
    person = Person.objects.create(name="Petugas Contoh", user=user)
    Duty.objects.create(person=person, role="engineer", opd=offices[0], from_on=date(2020, 1, 1))
    Target.objects.bulk_create(
        [Target(kind="camera", code=f"MB-{n:06}", name="Contoh", owner=offices[n % OFFICES]) for n in range(rows)],
        batch_size=2000,
    )
    kind = ContentType.objects.get_for_model(Target)
    view = Permission.objects.get(content_type=kind, codename="view_target")
    mine = Target.objects.filter(owner=offices[0]).values_list("pk", flat=True)
    UserObjectPermission.objects.bulk_create(
        [UserObjectPermission(permission=view, content_type=kind, object_pk=str(pk), user=user) for pk in mine],
        batch_size=2000,
    )
    return user.pk, Target.objects.filter(owner=offices[0]).first()


def median_ms(act: Callable[[], Any], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        act()
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


def run(rows: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        user_id, thing = fill(rows)
        from guardian.backends import ObjectPermissionBackend
        from guardian.shortcuts import get_objects_for_user

        from satukota.base.accounts.models import User
        from satukota.city import access
        from satukota.shared.monitoring.models import Target

        user = User.objects.get(pk=user_id)

        def anew() -> Any:
            """The account as a new request has it: nothing remembered."""
            user.__dict__.pop("_duties_held", None)
            user.__dict__.pop("_guardian_perms_cache", None)
            return user

        def allowed(is_allowed: bool) -> None:
            assert is_allowed

        def some(found: Any) -> None:
            assert len(list(found.order_by("pk")[:LIST])) == LIST

        every = Target.objects.all()
        guardian = ObjectPermissionBackend()
        ours = {
            "request": median_ms(lambda: allowed(access.may(anew(), "cameras.edit", thing.owner_id)), rounds),
            "list": median_ms(lambda: some(access.visible(every, anew(), "monitoring.view")), rounds),
        }
        peer = {
            "request": median_ms(lambda: allowed(guardian.has_perm(anew(), "monitoring.view_target", thing)), rounds),
            "list": median_ms(lambda: some(get_objects_for_user(anew(), "monitoring.view_target", every)), rounds),
        }
        bare = median_ms(lambda: some(every), rounds)
    return {
        "name": "access", "ours": round(ours["list"], 3), "peer": round(peer["list"], 3),
        "peer_name": "django-guardian get_objects_for_user", "ratio": round(ours["list"] / peer["list"], 4),
        "unit": f"ms median, list of {LIST} of {rows}", "budget": "no dearer than the peer",
        "ok": ours["list"] <= peer["list"],
        "list_without_access": round(bare, 3), "request_ms": round(ours["request"], 3),
        "peer_request_ms": round(peer["request"], 3),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    result = run(asked.rows, asked.rounds)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)
