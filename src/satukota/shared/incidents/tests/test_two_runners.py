"""Two runners at once, each a process of its own, on the database the tests run on."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from satukota.shared.incidents import opening
from satukota.shared.incidents.models import Incident

from .make import NIGHT, changed, make_city, make_street, make_target, only, turns

ROOT = Path(settings.ROOT)


@pytest.fixture
def database_url(tmp_path):
    """Call it once the rows are there: on SQLite the test's database in memory is copied to a file."""

    def url() -> str:
        if connection.vendor == "sqlite":
            with sqlite3.connect(tmp_path / "copy.sqlite3") as copy:
                connection.connection.backup(copy)
            return f"sqlite:///{tmp_path / 'copy.sqlite3'}"
        at = connection.settings_dict
        login = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}@" if at["USER"] else ""
        return f"postgresql://{login}{quote(at['HOST'], safe='')}:{at['PORT']}/{at['NAME']}"

    return url


def run_runners(url: str, shares: list[list[int]], tmp_path: Path) -> None:
    start = tmp_path / "start"
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "satukota.project.settings"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), *sys.path])
    worker = str(Path(__file__).with_name("runner_worker.py"))
    command = [sys.executable, worker, str(start)]
    running = [
        subprocess.Popen([*command, json.dumps(share)], env=environment, stderr=subprocess.PIPE) for share in shares
    ]
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("start.*"))) < len(shares):
        ended = [each for each in running if each.poll() is not None]
        assert not ended, ended[0].stderr.read().decode()
        assert time.monotonic() < until, "the runners did not get ready"
        time.sleep(0.01)
    start.touch()
    for each in running:
        _out, said = each.communicate(timeout=60)
        assert each.returncode == 0, said.decode()


def rows(url: str, sql: str) -> list[tuple]:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as copy:
            return copy.execute(sql).fetchall()
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_runners_find_fourteen_cameras_and_their_link_down_and_open_one_incident(tmp_path, database_url):
    city = make_city()
    link, cameras = make_street(city)
    first = changed(link, "down", "tcp_timeout", at=NIGHT)
    ids = [changed(camera, "down", "tcp_timeout", at=NIGHT, root=link).pk for camera in cameras]
    url = database_url()
    run_runners(url, [[*ids[:7], first.pk], ids[7:]], tmp_path)
    live = "FROM incidents_incident WHERE state = 'received' AND merged_into_id IS NULL"
    assert rows(url, f"SELECT number, root_id {live}") == [("INS-2026-000001", link.pk)]
    assert rows(url, "SELECT count(*), count(DISTINCT target_id) FROM incidents_member") == [(15, 15)]
    assert rows(url, "SELECT count(*) FROM incidents_entry WHERE act = 'opened'") == [(1,)]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_runners_opening_many_incidents_give_each_its_own_number_without_gaps(tmp_path, database_url):
    city = make_city()
    ids = [changed(make_target(city, f"MB-{n:03d}"), "down", "black", at=NIGHT).pk for n in range(1, 41)]
    url = database_url()
    run_runners(url, [ids[:20], ids[20:]], tmp_path)
    numbers = [number for (number,) in rows(url, "SELECT number FROM incidents_incident ORDER BY number")]
    assert numbers == [f"INS-2026-{n:06d}" for n in range(1, 41)]


@pytest.mark.django_db
def test_the_table_refuses_a_second_live_incident_and_create_finds_the_first():
    """The constraint behind the lock: a writer that did not see the first row still ends in it."""
    city = make_city()
    camera = make_target(city, "MB-001")
    turns(camera, "down", "black", at=NIGHT)
    first = only()
    fields = {"title": "x", "kind": "camera", "severity": 1, "owner": city.diskominfo}
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.create(number="INS-2026-000077", opened_at=NIGHT, root=camera, **fields)
    assert opening.create(NIGHT, root=camera, **fields) == (first, False)
