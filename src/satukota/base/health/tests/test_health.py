"""What the house says about itself: honest when it cannot know, loud when something is wrong, and no more than that."""

import json
import logging
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pythonjsonlogger.json import JsonFormatter

from satukota.base.health import metrics, registry, requests
from satukota.base.health.own import certificates
from satukota.base.health.registry import Gauge, Level, Unit
from satukota.base.health.words import seconds_words
from satukota.base.messages.models import Message
from satukota.base.messages.tests.test_outbox import User

ALERTS = Path(__file__).resolve().parents[5] / "docs" / "operating" / "alerts.yml"
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def gauge(measure, **options):
    return Gauge("x", "", "X", "Help.", measure, **options)


@pytest.mark.parametrize(
    ("value", "low", "level"),
    [(0, False, Level.OK), (5, False, Level.WARN), (9, False, Level.BAD), (None, False, Level.UNKNOWN),
     (0.5, True, Level.OK), (0.15, True, Level.WARN), (0.05, True, Level.BAD)],
)  # fmt: skip
def test_a_value_is_judged_by_its_limits(value, low, level):
    limits = {"warn": 0.15, "bad": 0.05} if low else {"warn": 5, "bad": 9}
    assert gauge(lambda at: {}, low_is_bad=low, **limits).level(value) is level


@pytest.mark.django_db
def test_a_figure_that_cannot_be_taken_is_unknown_and_hurts_no_other():
    def broken(at):
        raise DatabaseError("gone")

    (told,) = registry.measure(gauge(broken, labels=("place",)), AT)
    assert (told.value, told.level, told.labels) == (None, Level.UNKNOWN, ("",))
    assert registry.worst([told, registry.Told(told.gauge, (), 1.0, Level.BAD)]) is Level.BAD
    assert registry.worst([]) is Level.UNKNOWN


@pytest.mark.django_db
def test_every_gauge_can_be_measured_on_an_empty_city():
    told = registry.everything(AT)
    assert {each.gauge.key for each in told} >= {"disk_free_ratio", "database_size_bytes", "jobs_failed"}
    unknown = {each.gauge.key for each in told if each.level is Level.UNKNOWN}
    never = {"backup_age_seconds", "backup_verified_age_seconds"}
    assert unknown <= never | {"feed_age_seconds", "runner_silence_seconds", "runner_behind_seconds", "uplink_lost"}


@pytest.mark.django_db
def test_a_letter_that_waits_for_hours_is_broken():
    someone = User.objects.create(username="contoh")
    Message.objects.create(
        recipient=someone, channel="email", kind="k", about="1", subject="s", body="b", created_at=AT
    )
    told = {(each.gauge.key, each.labels): each for each in registry.everything(AT + timedelta(hours=2))}[
        ("outbox_oldest_seconds", ("email",))
    ]
    assert (told.value, told.level) == (7200.0, Level.BAD)


def test_a_certificate_that_cannot_be_read_is_unknown(settings, tmp_path):
    (tmp_path / "a.pem").write_text("no certificate")
    settings.CERTIFICATES = [str(tmp_path / "a.pem"), str(tmp_path / "none.pem")]
    assert certificates(AT) == {("a.pem",): None, ("none.pem",): None}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "sudah lewat"), (0, "0 detik"), (119, "119 detik"), (120, "2 menit"), (7200, "2 jam"), (200_000, "2 hari")],
)
def test_time_is_told_in_the_largest_fitting_unit(seconds, words):
    assert seconds_words(seconds) == words


@pytest.mark.django_db
def test_the_metrics_are_what_prometheus_reads(client: Client):
    client.get("/sehat")
    answer = client.get("/metrik", HTTP_X_REQUEST_ID="proxy-0001")
    assert answer.status_code == 200 and answer.headers["X-Request-ID"] == "proxy-0001"
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    assert families["satukota_database_size_bytes"].samples[0].value > 0
    assert families["satukota_request_seconds"].type == "histogram"
    assert len(families) == answer.content.decode().count("# TYPE ")


@pytest.mark.django_db
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed")
def test_promtool_has_no_complaint(client: Client):
    done = subprocess.run(["promtool", "check", "metrics"], input=client.get("/metrik").content, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("extra", "status"),
    [({"REMOTE_ADDR": "10.0.0.9"}, 404), ({"HTTP_X_FORWARDED_FOR": "8.8.8.8"}, 404), ({"REMOTE_ADDR": "x"}, 404)],
)
def test_without_a_token_only_this_machine_reads_the_metrics(client: Client, extra, status):
    assert client.get("/metrik", **extra).status_code == status


@pytest.mark.django_db
def test_with_a_token_the_token_alone_counts(client: Client, settings):
    settings.METRICS_TOKEN = "a-long-metrics-token-4711"
    assert client.get("/metrik").status_code == 404
    assert client.get("/metrik", HTTP_AUTHORIZATION="Bearer a-long-metrics-token-471").status_code == 404
    assert client.get("/metrik", HTTP_AUTHORIZATION="Bearer a-long-metrics-token-4711").status_code == 200


@pytest.mark.parametrize("given", ["", "x", "a b c d e f g h", "é" * 10, "a" * 65, "<script>alert(1)</script>"])
def test_a_request_number_that_is_none_is_replaced(client: Client, given):
    assert len(client.get("/sehat", HTTP_X_REQUEST_ID=given).headers["X-Request-ID"]) == 32


def test_the_log_line_carries_the_number_and_never_the_path(client: Client, caplog):
    caplog.handler.addFilter(requests.RequestIdFilter())
    with caplog.at_level(logging.INFO, "satukota.request"):
        client.get("/sehat?rahasia=08120000001", HTTP_X_REQUEST_ID="proxy-0002")
    (record,) = [record for record in caplog.records if record.name == "satukota.request"]
    assert (record.request_id, record.view, record.status) == ("proxy-0002", "sehat", 200)
    line = JsonFormatter("{message}{request_id}", style="{").format(record)
    assert "08120000001" not in line and json.loads(line)["request_id"] == "proxy-0002"
    assert requests.current.get() == ""


@pytest.mark.django_db
def test_a_level_stands_beside_every_gauge():
    text = metrics.exposition(AT).decode()
    assert 'satukota_health_level{gauge="disk_free_ratio"}' in text
    assert Unit.RATIO.value == "ratio"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian package prometheus) is not installed")
def test_promtool_takes_the_alert_rules():
    done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_every_alert_speaks_of_a_metric_that_exists():
    known = {f"satukota_{gauge.key}" for gauge in registry.gauges()}
    known |= {"satukota_health_level", "satukota_request_seconds_bucket"}
    assert set(re.findall(r"satukota_[a-z_]+", ALERTS.read_text(encoding="utf-8"))) <= known
