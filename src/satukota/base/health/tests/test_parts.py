"""The parts beside the pages: away is said, what overstays is said, and a figure is what the disk holds."""

import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from satukota.base.evidence import actions as evidence
from satukota.base.evidence.models import StoredFile
from satukota.base.health import parts, registry
from satukota.base.health.registry import Level

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
STATUS = {"now": 200}


class Part(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(STATUS["now"] if self.path == "/sehat" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def part() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Part)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


def test_a_part_that_answers_silent_or_away(settings: Any, part: int, silent: int) -> None:
    settings.FEED_PORT, settings.LIVE_PORT = part, silent
    assert parts.part_answers(AT) == {("feed",): 1.0, ("live",): 0.0}
    with socket.create_server(("127.0.0.1", 0)) as door:
        settings.LIVE_PORT = door.getsockname()[1]
    assert parts.part_answers(AT)[("live",)] == 0.0  # the door is closed now
    STATUS["now"] = 500
    assert parts.part_answers(AT)[("feed",)] == 0.0
    STATUS["now"] = 200


@pytest.mark.django_db
def test_a_part_that_is_away_is_broken_on_the_health_page(settings: Any, silent: int) -> None:
    settings.FEED_PORT = settings.LIVE_PORT = silent
    told = [each for each in registry.everything(AT) if each.gauge.key == "part_answers"]
    assert {each.level for each in told} == {Level.BAD} and len(told) == 2


def test_the_buffer_is_measured_on_the_disk(settings: Any, tmp_path: Path) -> None:
    settings.BUFFER_DIR, settings.BUFFER_MB = tmp_path / "buffer", 2
    assert parts.buffer_used(AT) == {(): 0.0}  # nothing was ever kept
    (tmp_path / "buffer" / "KAM-1").mkdir(parents=True)
    (tmp_path / "buffer" / "KAM-1" / "a.mp4").write_bytes(b"x" * 1_000_000)
    (tmp_path / "buffer" / "KAM-1" / "gone").symlink_to(tmp_path / "nowhere")
    assert parts.buffer_used(AT) == {(): 0.5}


@task()
def one() -> None:
    pass


@pytest.mark.django_db
def test_each_kind_of_job_tells_how_late_it_is() -> None:
    one.enqueue()
    DBTaskResult.objects.update(enqueued_at=AT - timedelta(hours=3))
    assert parts.job_lag(AT) == {("one",): 10_800.0}
    DBTaskResult.objects.update(status="RUNNING")
    assert parts.job_lag(AT) == {}


@pytest.mark.django_db
def test_evidence_past_its_day_is_seen_unless_it_is_held_or_gone(settings: Any, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path
    assert parts.evidence_overdue(AT) == {(): 0.0}
    file = evidence.keep(b"gambar", media_type="image/jpeg", kind="uji", source="K", taken_at=AT, delete_on=None)
    rows = StoredFile.objects.filter(pk=file.pk)
    rows.update(delete_on=date(2026, 11, 22))
    assert parts.evidence_overdue(AT) == {(): 0.0}  # its day is today
    rows.update(delete_on=date(2026, 11, 19))
    assert parts.evidence_overdue(AT) == {(): 3.5 * 86_400}  # 12.00 at the city
    rows.update(on_hold=True)
    assert parts.evidence_overdue(AT) == {(): 0.0}
    rows.update(on_hold=False, deleted_at=AT)
    assert parts.evidence_overdue(AT) == {(): 0.0}
