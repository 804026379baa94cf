"""The first minute: the sample technician accepts what the first round brought, and nothing else."""

from datetime import timedelta

import cv2
import numpy as np
import pytest

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.project import sample
from satukota.project.sample import doors, settling
from satukota.shared.monitoring.models import Reading, Target
from satukota.work.cameras.models import Camera, CameraReference

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sample_city(settings, tmp_path):
    settings.SAMPLE, settings.FILES_DIR = True, tmp_path
    sample.load()


def street() -> bytes:
    """A picture with contours enough to be recognised."""
    canvas = np.full((360, 640, 3), 120, np.uint8)
    for n in range(12):
        colour = (40 + 15 * n, 220 - 12 * n, 90)
        cv2.rectangle(canvas, (20 + 50 * n, 40 + 13 * n), (55 + 50 * n, 300 - 7 * n), colour, -1)
    return cv2.imencode(".jpg", canvas)[1].tobytes()


def night() -> np.ndarray:
    """The street without colour, as infrared shows it."""
    gray = cv2.cvtColor(cv2.imdecode(np.frombuffer(street(), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)


def looked(code: str, verdict: str, cause: str = "", *, picture: bytes | None = None, age_s: float = 0) -> None:
    """The camera was looked at, with what the runner and the probe leave behind."""
    at = clock.now() - timedelta(seconds=age_s)
    target = Target.objects.get(code=code)
    Reading.objects.create(target=target, at=at, verdict=verdict, cause=cause)
    Target.objects.filter(pk=target.pk).update(last_reading_at=at, next_due_at=at + timedelta(seconds=30))
    if picture is not None:
        evidence.put_slot(f"camera/{code}/latest", picture)
        Camera.objects.filter(pk=target.pk).update(last_seen_at=at)


def test_a_clean_first_look_becomes_the_reference_by_the_technician():
    looked("MB-010", "unknown", "no_reference", picture=street())
    done = sample.accept_references()
    row = CameraReference.objects.get()
    assert done.accepted == ["MB-010"] and row.accepted_by.username == "teknisi" and len(done.unseen) == 65
    assert AuditEntry.objects.get(act="cameras.reference_accepted").actor.username == "teknisi"
    assert Target.objects.get(code="MB-010").next_due_at <= clock.now()


def test_a_second_time_accepts_nothing_more():
    looked("MB-010", "unknown", "no_reference", picture=street())
    sample.accept_references()
    looked("MB-010", "up", picture=street())
    assert sample.accept_references().accepted == []
    assert CameraReference.objects.count() == 1


@pytest.mark.parametrize(("verdict", "cause"), [("down", "covered"), ("down", "tcp_timeout"), ("unknown", "too_dark"),
                                                ("degraded", "low_fps"), ("unknown", "no_uplink")])  # fmt: skip
def test_a_look_that_found_anything_else_is_left_alone(verdict, cause):
    looked("MB-010", verdict, cause, picture=street())
    done = sample.accept_references()
    assert done.accepted == [] and not CameraReference.objects.exists()


def test_the_first_night_after_a_day_is_accepted_too():
    looked("MB-010", "unknown", "no_reference", picture=street())
    sample.accept_references()
    looked("MB-010", "unknown", "no_reference", picture=cv2.imencode(".jpg", night())[1].tobytes())
    assert sample.accept_references().accepted == ["MB-010"]
    assert set(CameraReference.objects.filter(retired_at=None).values_list("mode", flat=True)) >= {"night_ir"}


def test_a_picture_that_cannot_be_one_is_said_and_holds_nobody_back():
    looked("MB-010", "unknown", "no_reference", picture=b"no picture")
    looked("MB-011", "unknown", "no_reference")
    looked("MB-012", "unknown", "no_reference", picture=street())
    done = sample.accept_references()
    assert done.accepted == ["MB-012"] and set(done.refused) == {"MB-010", "MB-011"}


def test_settling_ignores_looks_of_an_earlier_run_and_ends_in_time(monkeypatch):
    looked("MB-010", "unknown", "no_reference", picture=street(), age_s=60)
    monkeypatch.setattr(settling, "PAUSE_S", 0.05)
    done = settling.settle(longest_s=0.2)
    assert done.accepted == [] and len(done.unseen) == 66


def test_a_camera_whose_pictures_are_still_being_made_is_waited_for(monkeypatch):
    monkeypatch.setattr(settling, "PAUSE_S", 0.0)
    rounds = iter(["busy", "no_reference"])

    def a_round(_):
        cause = next(rounds)
        for n in range(1, 67):
            looked(f"MB-{n:03d}", "unknown", cause, picture=street() if cause == "no_reference" else None)

    monkeypatch.setattr(settling.time, "sleep", a_round)
    assert len(settling.settle(longest_s=30).accepted) == 66


def test_settling_ends_as_soon_as_all_were_seen(monkeypatch):
    monkeypatch.setattr(settling, "PAUSE_S", 0.0)
    rounds = iter([["MB-001"], [f"MB-{n:03d}" for n in range(2, 67)]])

    def a_round(_):
        for code in next(rounds):
            looked(code, "unknown", "no_reference", picture=street())

    monkeypatch.setattr(settling.time, "sleep", a_round)
    done = settling.settle(longest_s=30)
    assert len(done.accepted) == 66 and done.unseen == []
    assert CameraReference.objects.count() == 66


def test_it_refuses_outside_the_sample_city(settings, capsys):
    settings.SAMPLE = False
    with pytest.raises(UserError):
        sample.accept_references()
    assert doors.main(["settle"]) == 1 and "SATUKOTA_SAMPLE" in capsys.readouterr().err
