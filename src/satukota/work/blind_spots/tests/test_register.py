"""From found to closed by a reading, and open again by itself."""

from datetime import timedelta

import cv2
import numpy as np
import pytest

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.base.messages.models import Message
from satukota.shared.coverage.tests.make import measured, new_version
from satukota.shared.monitoring.models import Target
from satukota.shared.monitoring.tests.make import NOON, later, make_opd
from satukota.work.blind_spots.actions import acts, finding, watching
from satukota.work.blind_spots.models import BlindSpot

from .make import acts_of, look, make_user, search

S = BlindSpot.State
PHOTO = cv2.imencode(".jpg", np.full((40, 60, 3), 90, np.uint8))[1].tobytes()


def test_what_nobody_sees_is_found_with_its_reasons_and_ranked(town):
    town.camera("MB-001", 0)  # sees the first 100 m
    report = search()
    spots = list(BlindSpot.objects.all())
    assert report.found == report.open == len(spots) > 1
    assert [spot.weight for spot in spots] == sorted((spot.weight for spot in spots), reverse=True)
    first = spots[0]
    assert "Jalan Contoh" in first.title and first.owner == make_opd() and first.kelurahan in (town.west, town.east)
    assert sum(row["points"] for row in first.reasons) == len(first.points)
    assert sum(spot.city_share for spot in spots) == pytest.approx(report.unseen_share, abs=0.1)
    assert all(point[0] > town.at(95)[0] for spot in spots for point in spot.points)


def test_searching_again_adds_nothing_even_for_what_was_rejected(town):
    search()
    number = BlindSpot.objects.first().number
    acts.do(number, "tolak", by=make_user(), at=NOON, text="Tanah perusahaan")
    assert finding.find(later(60)).found == 0
    assert BlindSpot.objects.get(number=number).state == S.REJECTED


def test_a_city_without_measured_coverage_is_told_so(town):
    with pytest.raises(UserError, match="belum dihitung"):
        finding.find(NOON)
    assert finding.find_and_tell(NOON) is None
    assert "belum dihitung" in finding.Finding.objects.get(pk=1).problem


def test_the_first_search_starts_by_itself_once_coverage_is_measured_and_then_one_a_night(town):
    night, soon_after = NOON.replace(hour=18), NOON.replace(hour=18, minute=30)  # 02.00 and 02.30 local
    assert not finding.ask_when_due(NOON)  # nothing measured: nothing to search
    town.camera("MB-001", 0)
    measured()
    assert finding.ask_when_due(NOON) and not finding.ask_when_due(later(60))  # at any hour, and once
    assert not finding.ask_when_due(NOON.replace(hour=12))  # an evening: the next is for the night
    assert finding.ask_when_due(night + timedelta(days=1)) and not finding.ask_when_due(soon_after + timedelta(days=1))


def _ready(town, share: float = 0.6) -> tuple[BlindSpot, Target, object]:
    """A spot in state installed whose camera sees all of it."""
    search()
    spot = BlindSpot.objects.first()
    BlindSpot.objects.filter(pk=spot.pk).update(needed_share=share)
    west = min(point[0] for point in spot.points)
    camera = town.camera("MB-009", (west - town.at(0)[0]) * 111_195 - 12, range_m=300.0, width_px=30_000)
    by = make_user("engineer")
    acts.do(spot.number, "rencana", by=by, at=NOON, text="Satu kamera")
    acts.do(spot.number, "pasang", by=by, at=later(10), target_code="mb-009")
    return spot, Target.objects.get(pk=camera.pk), by


def test_only_a_reading_of_a_camera_that_sees_enough_closes_a_spot(town):
    spot, camera, by = _ready(town)
    Target.objects.filter(pk=camera.pk).update(kind="camera")
    with pytest.raises(UserError, match="belum diperiksa"):
        acts.do(spot.number, "uji", by=by, at=later(20))
    reading = look(camera, later(25))
    assert acts.do(spot.number, "uji", by=by, at=later(30)).state == S.TESTED
    closed = acts.do(spot.number, "tutup", by=by, at=later(40))
    proof = closed.proofs.first()
    assert closed.state == S.CLOSED and closed.closed_at == later(40)
    assert (proof.reading, proof.is_enough, proof.target) == (reading, True, camera) and proof.share >= 0.6
    assert acts_of(spot) == ["found", "planned", "installed", "tested", "closed"]
    assert AuditEntry.objects.filter(act="blind_spots.closed", on_id=str(spot.pk)).exists()


def test_a_camera_that_is_down_or_looks_away_proves_nothing(town):
    spot, camera, by = _ready(town)
    look(camera, later(25), "down")
    assert acts.do(spot.number, "uji", by=by, at=later(30)).state == S.INSTALLED
    look(camera, later(35))
    town.turn("MB-009", bearing_deg=270.0)
    assert acts.do(spot.number, "uji", by=by, at=later(40)).state == S.INSTALLED
    assert [proof.is_enough for proof in spot.proofs.all()] == [False, False]
    assert spot.proofs.first().share < 0.6 <= spot.proofs.last().share
    with pytest.raises(AlreadyDone):
        acts.do(spot.number, "tutup", by=by, at=later(50))


def _closed(town) -> tuple[BlindSpot, Target]:
    spot, camera, by = _ready(town)
    look(camera, later(25))
    acts.do(spot.number, "uji", by=by, at=later(30))
    acts.do(spot.number, "tutup", by=by, at=later(40))
    return BlindSpot.objects.get(pk=spot.pk), camera


def test_a_closed_spot_opens_by_itself_when_its_camera_stays_dead_and_the_owner_is_told_once(town, settings):
    settings.BLIND_AGAIN_MINUTES = 60
    spot, camera = _closed(town)
    look(camera, later(100), "down")
    assert watching.watch_over(later(120)) == 0
    spot.refresh_from_db()
    assert (spot.state, spot.blind_since) == (S.CLOSED, later(120))
    assert watching.watch_over(later(120) + timedelta(minutes=60)) == 1
    assert watching.watch_over(later(120) + timedelta(minutes=61)) == 0
    spot.refresh_from_db()
    assert (spot.state, spot.episode, spot.closed_at) == (S.INSTALLED, 2, None)
    assert acts_of(spot)[-1] == "blind_again"
    assert set(Message.objects.filter(kind="blind_again", channel="screen").values_list("about", flat=True)) == {
        f"{spot.number}#2"
    }


def test_a_short_outage_and_a_doubt_open_nothing(town):
    spot, camera = _closed(town)
    look(camera, later(100), "down")
    watching.watch_over(later(120))
    look(camera, later(200), "up")
    watching.watch_over(later(220))
    look(camera, later(300), "unknown")
    watching.watch_over(later(320))
    spot.refresh_from_db()
    assert (spot.state, spot.blind_since) == (S.CLOSED, None)


def test_another_camera_that_sees_it_keeps_it_closed(town):
    spot, camera = _closed(town)
    first = next(one for one in town.watchers if one.code == "MB-009")
    town.camera("MB-010", 0, lon=first.lon, lat=first.lat, range_m=300.0, width_px=30_000)
    look(camera, later(100), "down")
    watching.watch_over(later(120))
    spot.refresh_from_db()
    assert spot.blind_since is None


def test_a_retired_camera_sends_its_spot_back_to_the_beginning(town, settings):
    settings.BLIND_AGAIN_MINUTES = 0
    spot, camera = _closed(town)
    Target.objects.filter(pk=camera.pk).update(retired_on=NOON.date())
    town.watchers.clear()
    assert watching.watch_over(later(120)) == 1
    spot.refresh_from_db()
    assert spot.state == S.PROPOSED


def test_a_spot_is_measured_on_its_own_points_after_the_ground_was_replaced(town):
    spot, _camera = _closed(town)
    new_version("osm")
    town.street.delete()
    measured(later(100))
    assert watching.watch_over(later(120)) == 0
    spot.refresh_from_db()
    assert spot.state == S.CLOSED and spot.seen >= 0.6


def test_acts_out_of_order_by_strangers_or_without_words_are_refused(town):
    search()
    spot, by = BlindSpot.objects.first(), make_user()
    for key, state in (("tutup", AlreadyDone), ("pasang", AlreadyDone), ("terbangkan", Missing)):
        with pytest.raises(state):
            acts.do(spot.number, key, by=by, at=NOON)
    with pytest.raises(UserError, match="kosong"):
        acts.do(spot.number, "tolak", by=by, at=NOON, text="  ")
    with pytest.raises(UserError, match="bukan foto"):
        acts.do(spot.number, "survei", by=by, at=NOON, text="Ada tiang", file=b"MZ not a picture")
    stranger = make_user(opd=make_opd("dishub"))
    with pytest.raises(Missing):
        acts.do(spot.number, "survei", by=stranger, at=NOON, text="Ada tiang")
    assert acts_of(spot) == ["found"]


def test_a_survey_keeps_its_photo_and_a_spot_changes_hands_with_a_reason(town):
    search()
    spot, by = BlindSpot.objects.first(), make_user("bapperida")
    acts.do(spot.number, "survei", by=by, at=NOON, text="Ada tiang PLN", file=PHOTO)
    dishub = make_opd("dishub")
    acts.do(spot.number, "serahkan", by=by, at=later(5), text="Jalan kota", opd_id=dishub.pk)
    spot.refresh_from_db()
    assert (spot.state, spot.owner) == (S.SURVEYED, dishub)
    assert spot.timeline.get(act="surveyed").file.media_type == "image/jpeg"
    with pytest.raises(AlreadyDone):
        acts.do(spot.number, "survei", by=by, at=later(6), text="Sekali lagi")
