"""From a status change to the shares, in one transaction."""

import io
import zlib
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import shapely
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from satukota.base.feed.models import FeedEntry
from satukota.shared.coverage import board, following, queries, registry
from satukota.shared.coverage.counting import WHOLE
from satukota.shared.coverage.following import catch_up
from satukota.shared.coverage.models import CurrentCoverage, PointSet, WatcherView
from satukota.shared.ground.models import Obstacle, Terrain
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.monitoring.tests.make import NOON, down, later, stored, unknown, up

from .make import Town, measured, new_version, source


def shares() -> dict:
    return CurrentCoverage.objects.get().shares["kota"]


def told() -> list[dict]:
    return [entry.payload for entry in FeedEntry.objects.filter(topic="coverage_changed").order_by("pk")]


def falls(*targets: Target, at_s: float = 60) -> None:
    stored(down(sure=True), *targets, at=later(at_s))


def rises(*targets: Target, at_s: float = 120) -> None:
    for step in range(3):
        stored(up(), *targets, at=later(at_s + step))


def test_a_camera_that_falls_takes_its_part_of_the_street_at_once_and_gives_it_back(town: Town):
    west, east = town.camera("A", 0), town.camera("B", 150)
    measured()
    before = shares()
    assert before["seen"] == before["able"] == pytest.approx(20 / 30) and before["lost"] == 0
    falls(west)
    after = shares()
    assert after["able"] == before["able"] and after["seen"] == pytest.approx(10 / 30)
    assert after["lost"] == pytest.approx(10 / 30)
    entry = told()[-1]
    assert entry["kota"] == after and entry["target"] == west.pk and entry["state"] == "down"
    assert set(entry["kelurahan"]) == {"64.74.01.1001"} and entry["points"] == 10
    assert entry["lost"] == entry["streets"] == [town.street.pk] and entry["recovered"] == []
    rises(west)
    assert shares()["seen"] == before["seen"] and told()[-1]["recovered"] == [town.street.pk]
    assert east.pk in CurrentCoverage.objects.get().working


def test_a_house_hides_what_is_behind_it(town: Town):
    town.camera("A", 0)
    town.house(42)
    measured()
    assert shares()["seen"] == pytest.approx(5 / 30, abs=1e-6)  # four before the house and its wall; not the rest


def test_unknown_is_neither_seen_nor_lost(town: Town):
    west = town.camera("A", 0)
    measured()
    for step in range(3):
        stored(unknown("picture_frozen_maybe"), west, at=later(60 + step))
    assert west.state == "unknown"
    now = shares()
    assert (now["seen"], now["lost"]) == (0, 0) and now["doubted"] == pytest.approx(10 / 30)


def test_what_our_own_lost_line_hides_is_doubted_at_the_next_turn(town: Town):
    west = town.camera("A", 0)
    measured()
    stored(down(), west, at=later(60))
    Target.objects.filter(pk=west.pk).update(pending_cause="no_uplink")
    assert following.catch_up(later(65)) is True
    assert shares()["doubted"] == pytest.approx(10 / 30)
    assert following.catch_up(later(70)) is False


def test_degraded_sees_unless_its_cause_touches_what_it_sees(town: Town):
    west = town.camera("A", 0)
    registry._sources[:] = [registry.Source(registry._sources[0].watchers, frozenset({"blocked"}))]
    measured()
    Target.objects.filter(pk=west.pk).update(state="degraded", cause="wrong_clock")
    following.catch_up(later(5))
    assert shares()["seen"] == pytest.approx(10 / 30)
    Target.objects.filter(pk=west.pk).update(cause="blocked")
    following.catch_up(later(10))
    assert shares()["seen"] == 0 and shares()["doubted"] == pytest.approx(10 / 30)


def test_the_same_change_twice_and_two_out_of_order_change_nothing_more(town: Town):
    west = town.camera("A", 0)
    measured()
    falls(west)
    fall = StatusChange.objects.get(target=west, now="down")
    before = told()
    following.follow([fall])
    following.follow([fall, fall])
    older = StatusChange(target=west, at=NOON - timedelta(hours=1), was="down", now="up")
    following.follow([older])
    assert told() == before and shares()["lost"] == pytest.approx(10 / 30)


def test_a_change_that_is_rolled_back_leaves_nothing_in_memory(town: Town):
    west = town.camera("A", 0)
    measured()
    with pytest.raises(RuntimeError), transaction.atomic():
        falls(west)
        raise RuntimeError
    assert shares()["seen"] == pytest.approx(10 / 30)
    west.refresh_from_db()
    falls(west)
    assert shares()["seen"] == 0 and told()[-1]["points"] == 10


def test_three_hundred_behind_one_link_are_one_entry_and_a_fixed_number_of_queries(town: Town):
    cameras = [town.camera(f"C{n:03}", (n * 7) % 300) for n in range(60)]
    measured()
    count = len(told())
    Target.objects.filter(pk__in=[one.pk for one in cameras]).update(state="down")
    with CaptureQueriesContext(
        connection,
    ) as made:
        following.catch_up(later(5))
    assert len(told()) == count + 1 and told()[-1]["target"] is None
    assert len([q for q in made.captured_queries if "SAVEPOINT" not in q["sql"]]) <= 9


def test_a_retired_watcher_is_neither_seen_nor_lost(town: Town):
    west = town.camera("A", 0)
    measured()
    Target.objects.filter(pk=west.pk).update(retired_on=NOON.date())
    following.catch_up(later(5))
    assert shares()["able"] == 0 == shares()["lost"]
    town.watchers.clear()
    assert measured().watchers == 0 and not WatcherView.objects.exists()


def test_a_partner_is_asked_within_the_agreed_hours_only(town: Town):
    town.camera("A", 0, partner=True, hours=(("sun", "08:00", "16:00"),))  # NOON is a Sunday, 12.00 WITA
    measured()
    assert shares()["seen"] == pytest.approx(10 / 30)
    following.catch_up(later(5 * 3600))
    assert shares()["able"] == 0 == shares()["lost"]


def test_a_partner_counts_in_the_agreed_areas_only(town: Town):
    """It sees from 100 to 200 m; the border of the two kelurahan is at 150 m."""
    town.camera("A", 100, partner=True)
    for areas, points in ((None, 10), ({town.west.pk}, 5), ({town.west.pk, town.east.pk}, 10), (set(), 0)):
        town.turn("A", areas=None if areas is None else frozenset(areas))
        assert measured().measured == 1  # what it may count in is part of its view
        assert shares()["seen"] == pytest.approx(points / 30, abs=1e-6)


def test_by_night_the_light_ends_the_view(town: Town):
    town.camera("A", 0)
    measured()
    following.catch_up(later(12 * 3600))
    assert CurrentCoverage.objects.get().light == "night" and shares()["seen"] == pytest.approx(3 / 30)
    assert told()[-1]["streets"] is None  # the whole map looks otherwise


@pytest.mark.parametrize("lacking", [
    {"bearing_deg": None}, {"fov_deg": None}, {"range_m": None}, {"width_px": None}, {"lon": None}, {"fov_deg": 0.0},
    {"range_m": -5.0}, {"range_m": float("inf")},
])  # fmt: skip
def test_a_watcher_that_lacks_a_fact_sees_nothing_and_is_not_lost(town: Town, lacking: dict):
    town.camera("A", 0)
    town.turn("A", **lacking)
    report = measured()
    assert shares()["able"] == 0 == shares()["lost"]
    assert WatcherView.objects.get().lacks and report.points == 30


def test_all_round_needs_no_bearing(town: Town):
    town.camera("A", 100, bearing_deg=None, fov_deg=360.0, width_px=12000)
    measured()
    assert shares()["seen"] > 10 / 30


def test_only_what_changed_is_measured_again(town: Town):
    town.camera("A", 0)
    town.camera("B", 150)
    assert measured().measured == 2
    assert measured().measured == 0
    town.turn("A", bearing_deg=270.0)
    report = measured()
    assert report.measured == 1 and shares()["seen"] == pytest.approx(10 / 30)
    new_version("osm")
    assert measured().measured == 2 and PointSet.objects.count() == 1


def test_ground_replaced_while_it_is_measured_is_measured_again(town: Town, monkeypatch):
    from satukota.shared.coverage import measuring

    town.camera("A", 0)
    plain, times = measuring._sights, []

    def replaced_meanwhile(*args):
        found = plain(*args)
        if not times:
            new_version("osm")
        times.append(1)
        return found

    monkeypatch.setattr(measuring, "_sights", replaced_meanwhile)
    measured()
    assert len(times) == 2 and PointSet.objects.count() == 1
    from satukota.shared.ground import queries as ground

    assert PointSet.objects.get().ground_version == ground.version()


def test_ground_that_never_rests_is_said(town: Town, monkeypatch):
    from satukota.base.errors import UserError
    from satukota.shared.coverage import measuring

    town.camera("A", 0)
    plain = measuring._sights
    monkeypatch.setattr(measuring, "_sights", lambda *args: (new_version("osm"), plain(*args))[1])
    with pytest.raises(UserError, match="terus berubah"):
        measured()
    assert measuring.measure_and_tell(NOON) is None and "terus berubah" in CurrentCoverage.objects.get().problem


def test_turned_presets_count_for_their_time(town: Town):
    ways = (registry.Preset(90.0, 60.0, 0.25), registry.Preset(270.0, 60.0, 0.75))
    town.camera("A", 100, presets=ways)
    measured()
    assert shares()["seen"] == pytest.approx((10 * 0.25 + 10 * 0.75) / 30, abs=0.01)


def test_a_turning_watcher_that_zooms_counts_for_what_is_sharp_enough(town: Town):
    """1,000 px wide at 60 degrees: 25 px/m up to 34 m; zoomed to 6 degrees as far as it looks, 40 % of the time."""
    ways = (registry.Preset(90.0, 60.0, 0.6), registry.Preset(90.0, 6.0, 0.4))
    town.camera("A", 0, presets=ways, width_px=1000)
    measured()
    index = np.argsort(board.board().points.lonlat[:, 0])
    with queries.answered(queries.NOW, NOON) as found:
        best = found[0].working.best[index]
    assert best[:10].tolist() == [*[WHOLE] * 3, *[400] * 7]


def test_a_tree_and_a_ridge_hide_as_a_house_does_until_they_are_gone(town: Town):
    """Half way along 100 m of street; the ground rises 10 m at one cell of a raster."""
    town.camera("A", 0)
    measured()
    assert shares()["seen"] == pytest.approx(10 / 30, abs=1e-5)
    crown = shapely.Polygon([town.at(x, y) for x, y in ((48, -5), (52, -5), (52, 5), (48, 5))])
    tree = Obstacle.objects.create(source=source("obstacles"), key="1", kind="tree", outline=shapely.to_wkb(crown),
                                   height_m=9.0, height_from="measured")  # fmt: skip
    measured(later(1))
    assert shares()["seen"] == pytest.approx(5 / 30, abs=1e-5)
    tree.source.delete()
    (west, north) = town.plane.to_metres([town.at(-100, 100)])[0]
    heights = np.zeros((20, 20), "<i2")
    heights[:, 15] = 100  # decimetres, 55 m along the street
    Terrain.objects.create(source=source("terrain"), epsg=town.plane.epsg, west=west, north=north, step_m=10.0, rows=20,
                           columns=20, content=zlib.compress(heights.tobytes()))  # fmt: skip
    measured(later(2))
    assert shares()["seen"] == pytest.approx(6 / 30, abs=1 / 30)
    Terrain.objects.get().source.delete()
    measured(later(3))
    assert shares()["seen"] == pytest.approx(10 / 30, abs=1e-5)


def test_points_of_an_older_version_are_not_answered_but_measured_again(town: Town):
    """As a database from before an upgrade has them: without a column of today."""
    town.camera("A", 0)
    measured()
    row = PointSet.objects.get()
    with np.load(io.BytesIO(bytes(row.content))) as kept:
        older = {name: kept[name] for name in kept.files if name != "along"}
    out = io.BytesIO()
    np.savez_compressed(out, **older)
    PointSet.objects.update(content=out.getvalue(), ground_version="older")
    board.forget()
    assert queries.now() is None and catch_up(later(1)) is False
    assert measured(later(2)).measured == 1 and queries.now().whole.seen > 0


def test_the_job_is_asked_for_once_per_change(town: Town):
    from django_tasks_db.models import DBTaskResult

    from satukota.shared.coverage import measuring

    town.camera("A", 0)
    assert measuring.ask_when_due(NOON) is True and measuring.ask_when_due(later(5)) is False
    measured()
    assert measuring.ask_when_due(later(10)) is False
    town.turn("A", bearing_deg=10.0)
    assert measuring.ask_when_due(later(15)) is True and measuring.ask_when_due(later(20)) is False
    assert measuring.ask_when_due(later(15 + 601)) is True  # the job left no trace
    assert DBTaskResult.objects.count() == 0  # given out on commit, which a test's transaction never does


def test_damaged_views_do_not_keep_a_fall_from_being_stored(town: Town):
    west = town.camera("A", 0)
    measured()
    WatcherView.objects.update(day=b"rubbish")
    board.forget()
    falls(west)
    assert StatusChange.objects.filter(target=west, now="down").exists()
    with pytest.raises(ValueError, match="packed"):
        following.catch_up(later(65))  # a chore that fails is shown on the health page
    WatcherView.objects.all().delete()
    assert measured().measured == 1 and shares()["lost"] == pytest.approx(10 / 30)


def test_hours_nobody_can_read_are_hours_nobody_agreed_to(town: Town):
    town.camera("A", 0, partner=True, hours=(("someday", "25:00", "x"),))
    measured()
    assert shares()["able"] == 0


def test_a_weight_that_cannot_be_is_said_and_the_old_shares_stay(town: Town, monkeypatch):
    import numpy as np

    from satukota.shared.coverage import measuring
    from satukota.shared.ground import queries as ground

    town.camera("A", 0)
    measured()
    plain = ground.demand()
    broken = replace(plain, weight=np.where(np.arange(30) == 3, -1.0, plain.weight))
    new_version("osm")
    monkeypatch.setattr(ground, "demand", lambda: broken)
    assert measuring.measure_and_tell(NOON) is None
    assert "bobot" in CurrentCoverage.objects.get().problem and shares()["seen"] == pytest.approx(10 / 30)
