"""What pages, the API and works are told."""

from datetime import date, timedelta

import numpy as np
import pytest
import shapely

from satukota.base import clock
from satukota.city.models import Place, Rt
from satukota.shared.coverage import history, queries, streets, views
from satukota.shared.coverage.models import DailyShare
from satukota.shared.coverage.queries import Question
from satukota.shared.ground.models import DemandKind, GroundSource
from satukota.shared.monitoring.models import Target
from satukota.shared.monitoring.tests.make import NOON, down, later, make_target, stored

from .make import Town, measured
from .make import town as make_town

TENTH = pytest.approx(10 / 30, abs=1e-6)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: later(3600))


def fall(*targets: Target, at_s: float = 60) -> None:
    stored(down(sure=True), *targets, at=later(at_s))


def test_before_the_first_measuring_nothing_is_claimed(town: Town):
    town.camera("A", 0)
    assert queries.now() is None and queries.unseen_points() is None and streets.lost() == []
    assert queries.state().day is None and streets.pieces() is None and not history.store_last_day(NOON)
    assert [each.share.seen for each in queries.by_kelurahan()] == [None, None]
    assert not queries.state().is_measured


def test_without_ground_there_is_nothing_to_see_and_pages_can_say_so(db):
    with make_town(ground=False) as town:
        town.camera("A", 0)
        assert measured().points == 0
        found = queries.now()
        assert found is not None and found.whole.seen is None and found.whole.blind is None
        assert queries.state().is_measured and not queries.state().has_points
        pieces = streets.pieces()
        assert pieces is not None and pieces.features == [] and streets.lost() == []
        assert len(queries.unseen_points().index) == 0


def test_an_area_without_points_has_no_share_instead_of_zero(town: Town):
    town.street.delete()
    Place.objects.create(code="P", name="Pasar Contoh", kind="market", kelurahan=town.west, lon=town.at(20)[0],
                         lat=town.at(20)[1])  # fmt: skip
    town.camera("A", 0)
    measured()
    shares = {each.kelurahan.name: each.share for each in queries.by_kelurahan()}
    assert shares["Barat"].seen == 1.0 and shares["Timur"].seen is None and shares["Timur"].lost is None
    assert list(queries.by_place().values())[0].seen == 1.0


def test_weights_of_zero_make_no_share(town: Town):
    from satukota.shared.ground.kinds import defaults

    for kind in defaults():
        DemandKind.objects.create(
            code=kind.code, name=kind.name, basis=kind.basis, classes=list(kind.classes), purpose=kind.purpose,
            weight=0, source="uji", valid_from=date(2026, 1, 1),
        )  # fmt: skip
    town.camera("A", 0)
    assert measured().points == 0
    assert queries.now().whole.seen is None


def test_shares_by_area_kind_count_and_owner(town: Town):
    town.camera("A", 0)
    town.camera("B", 0, partner=True)
    town.camera("C", 150, partner=True)
    measured()
    found = queries.now()
    assert found.whole.seen == pytest.approx(20 / 30) and found.own == TENTH
    assert found.by_count == [pytest.approx(20 / 30), TENTH, 0.0]
    assert found.by_kind["people"].seen == found.whole.seen and set(found.by_kind) == {"people"}
    west = queries.now(town.west.pk)
    assert west.whole.seen == pytest.approx(10 / 15)
    sharp = queries.now(question=Question(sharpness="identify"))
    assert 0 < sharp.whole.seen < found.whole.seen
    assert queries.now(question=Question("night")).whole.seen == pytest.approx(6 / 30)
    with pytest.raises(KeyError):
        queries.now(question=Question(sharpness="rubbish"))


def test_shares_by_rt(town: Town):
    ring = [town.at(*corner) for corner in ((0, -50), (60, -50), (60, 50), (0, 50), (0, -50))]
    rt = Rt.objects.create(kelurahan=town.west, number="001", area={"type": "Polygon", "coordinates": [ring]})
    town.camera("A", 0)
    measured()
    assert queries.by_rt(town.west.pk)[rt.pk].seen == 1.0 and queries.by_rt(town.east.pk) == {}


def test_what_would_be_lost_if_a_link_died(town: Town):
    link = make_target("FO-1", "link")
    behind, other = town.camera("A", 0), town.camera("B", 150)
    Target.objects.filter(pk=behind.pk).update(link=link)
    measured()
    after = queries.if_down([link.pk])
    assert after.whole.seen == TENTH and after.whole.lost == TENTH
    assert queries.if_down([other.pk, behind.pk, 999_999]).whole.seen == 0
    assert queries.now().whole.seen == pytest.approx(20 / 30)  # asking changed nothing


def test_what_is_lost_says_since_when_and_because_of_whom(town: Town):
    west, near, east = town.camera("A", 0), town.camera("A2", 30), town.camera("B", 150)
    measured()
    fall(west, at_s=60)
    assert [(one.because, round(one.share * 30)) for one in streets.lost()] == [((west.pk,), 3)]
    fall(near, at_s=120)
    [lost] = streets.lost()
    assert lost.street_id == town.street.pk and lost.name == "Jalan Contoh"
    assert lost.share == pytest.approx(13 / 30) and set(lost.because) == {west.pk, near.pk}
    assert lost.since == later(60)
    assert east.pk not in lost.because


def test_pieces_of_a_street_end_where_the_view_ends(town: Town):
    west = town.camera("A", 0)
    town.camera("B", 150, state="down")
    measured()
    pieces = streets.pieces()
    told = {piece["properties"]["state"]: piece["geometry"]["coordinates"] for piece in pieces.features}
    assert set(told) == {"seen", "blind", "lost"} and len(pieces.features) == 4
    ends = town.plane.to_metres(np.array(told["seen"]))[:, 0] - town.plane.to_metres([[west_lon(town), 0.12]])[0][0]
    assert ends[0] == pytest.approx(0, abs=1) and ends[-1] == pytest.approx(100, abs=1)
    fall(west)
    assert {piece["properties"]["state"] for piece in streets.pieces().features} == {"blind", "lost"}
    assert streets.pieces(streets=[]).features == [] and streets.pieces(box=(0, 0, 1, 1)).features == []
    box = (*town.at(90, -20), *town.at(110, 20))
    assert len(streets.pieces(box=box).features) == 4  # the whole street, however small the box


def west_lon(town: Town) -> float:
    return town.at(0)[0]


def test_a_street_names_who_sees_it_and_how_sharply(town: Town):
    west, east = town.camera("A", 0), town.camera("B", 150, state="down")
    measured()
    found = streets.street(town.street.pk)
    assert [(look.target_id, look.standing, look.points) for look in found.looks] == [
        (west.pk, "working", 10), (east.pk, "down", 10)
    ]  # fmt: skip
    assert found.looks[0].sharpest_px > 250 and found.needed_px == 25
    told = streets.told(found, {west.pk})
    assert [each.code for each in told.looks] == ["A"] and told.others == 1
    assert streets.street(10**9) is None


def test_unseen_points_do_not_depend_on_who_works(town: Town):
    west = town.camera("A", 0, hours=(("mon", "08:00", "09:00"),))
    measured()
    assert len(queries.unseen_points().index) == 20
    fall(west)
    assert len(queries.unseen_points().index) == 20


def test_views_are_geojson_as_rfc_7946_has_it(town: Town):
    """Rings with their inside on the left, holes the other way round, longitude first; all of it valid."""
    for number, fov in enumerate((360.0, 75.0)):
        town.camera(f"K{number}", 40 + 90 * number, fov_deg=fov)
    town.house(60, size_m=4.0)
    _mark, found = views.views()
    for view in found:
        shape = shapely.geometry.shape(view.geometry)
        assert shape.is_valid and shape.bounds[0] > 117 and abs(shape.bounds[1]) < 1
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw and not any(ring.is_ccw for ring in part.interiors)


def test_views_are_shapes_cut_by_houses_and_say_what_is_lacking(town: Town):
    one, two = town.camera("A", 0), town.camera("B", 150)
    town.turn("B", bearing_deg=None)
    mark, found = views.views()
    open_view = found[0].geometry
    assert open_view["type"] == "Polygon" and found[1].geometry is None and found[1].lacks == ("bearing",)
    town.house(42)
    GroundSource.objects.filter(kind="buildings").update(sha256="new")
    again, cut = views.views()
    assert again != mark and cut[0].geometry != open_view
    shown = views.geojson(cut, {one.pk})
    assert [feature["properties"]["code"] for feature in shown["features"]] == ["A"]
    assert [each.code for each in views.lacking({one.pk, two.pk})] == ["B"]
    with pytest.raises(KeyError):
        views.views(sharpness="rubbish")


def test_the_last_hours_are_weighed_by_minutes(town: Town):
    west = town.camera("A", 0)
    measured()
    fall(west, at_s=900)
    span = history.over(NOON, later(3600))
    assert span.watched_s == 3600
    assert span.kota.seen == pytest.approx(10 / 30 * 0.25) and span.kota.able == pytest.approx(10 / 30)
    assert span.areas[town.west.pk].seen == pytest.approx(10 / 15 * 0.25)
    assert span.areas[town.east.pk].seen == 0 and span.kota.weight_share == 1
    values, seconds = history.shares_over(NOON, later(3600))
    assert seconds == 3600 and values.sum() / 30 == pytest.approx(span.kota.seen)


def test_time_nobody_had_to_watch_does_not_count_as_required(town: Town):
    west = town.camera("A", 0)
    Target.objects.filter(pk=west.pk).update(required_hours=[["sun", "12:00", "12:15"]])
    measured()
    fall(west, at_s=900)
    span = history.over(NOON, later(3600))
    assert span.kota.seen == pytest.approx(10 / 30 * 0.25)
    # of 3,600 s the ten points were asked for during 900 s, and seen then; the other twenty never were
    assert span.kota.seen_required == pytest.approx(10 * 900 / (20 * 3600 + 10 * 900))


def test_nothing_is_claimed_about_the_time_before_the_first_look(town: Town):
    town.camera("A", 0)
    measured()
    before = history.over(NOON - timedelta(days=2), NOON - timedelta(days=1))
    assert before.watched_s == 0 and before.kota.seen is None
    assert history.over(NOON, NOON) is None
    assert history.over(later(7200), later(9000)) is None  # still to come
    partly = history.over(NOON - timedelta(hours=5), later(3600))
    assert partly.watched_s == 3600 and partly.kota.seen == TENTH


def test_days_are_stored_once_and_can_be_counted_anew(town: Town, monkeypatch):
    west = town.camera("A", 0)
    measured()
    fall(west, at_s=3600)
    tomorrow = NOON + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert history.store_due(tomorrow) == 2 and history.store_due(tomorrow) == 0
    rows = list(queries.history("kota", date(2026, 11, 1), date(2026, 12, 31)))
    assert [row.on for row in rows] == [date(2026, 11, 22), date(2026, 11, 23)]
    assert rows[0].watched_s == 12 * 3600 and rows[0].seen == pytest.approx(10 / 30 / 12) and rows[1].seen == 0
    assert DailyShare.objects.count() == 6
    assert queries.history(town.east.pk, date(2026, 11, 22), date(2026, 11, 22)).get().seen == 0
    DailyShare.objects.filter(kelurahan=None).update(seen=0.9)
    assert history.count_days(date(2026, 11, 22), date(2026, 11, 22), tomorrow) == 1
    assert queries.history("kota", date(2026, 11, 22), date(2026, 11, 22)).get().seen == pytest.approx(10 / 30 / 12)
    assert DailyShare.objects.count() == 6


def test_the_last_day_is_stored_for_the_pages_and_not_shown_when_it_is_old(town: Town, monkeypatch):
    town.camera("A", 0)
    measured()
    assert queries.state().day is None and history.store_last_day(later(3600))
    day = queries.state().day
    assert day.kota == TENTH and day.areas[town.east.pk] == 0
    monkeypatch.setattr(clock, "now", lambda: later(3600 + 601))
    assert queries.state().day is None
    assert queries.last_month().watched_s == 3600 + 601
