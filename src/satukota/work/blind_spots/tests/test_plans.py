"""Plans: what they keep to, what they prove, how they run, stop and come back."""

import os
import resource
import time

import numpy as np
import pytest
import shapely

from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.city.models import Place
from satukota.rules.coverage import Viewpoint, sees
from satukota.rules.siting import solve
from satukota.shared.coverage import measuring
from satukota.shared.coverage.tests.make import measured, new_version
from satukota.shared.coverage.tests.make import source as ground_source
from satukota.shared.ground import queries as ground
from satukota.shared.ground.models import Structure
from satukota.shared.monitoring.tests.make import NOON, later, make_opd
from satukota.work.blind_spots import access, costs
from satukota.work.blind_spots.actions import acts, planning
from satukota.work.blind_spots.models import BlindSpot, PartnerOffer, Plan
from satukota.work.blind_spots.queries import measured as planned_and_measured
from satukota.work.blind_spots.siting import building, candidates, dragging, running
from satukota.work.blind_spots.siting.asking import Asked, Move
from satukota.work.blind_spots.siting.instance import Instance
from satukota.work.blind_spots.words import gap_words

from .make import QUICK, RICH, look, make_plan, make_user, poles, run_plan, search

S = Plan.State
LARGE = int(os.environ.get("SATUKOTA_LARGE") or 0)


@pytest.fixture
def ready(town):
    """Five poles along the street, coverage measured, nobody watching."""
    make_opd()
    poles(town, 20, 80, 150, 220, 280)
    measured()
    return town


def test_a_plan_keeps_its_budget_says_why_each_and_proves_its_bound(ready):
    plan = run_plan(make_user(), budget_rp=60_000_000)
    cameras = list(plan.cameras.all())
    assert plan.state == S.DONE and plan.result["cost_rp"] == sum(row.cost_rp for row in cameras) <= 60_000_000
    assert [row.position for row in cameras] == [1, 2]
    assert cameras[0].gain >= cameras[1].gain > 0
    assert plan.result["value"] == pytest.approx(sum(row.gain for row in cameras))
    assert plan.result["after"] - plan.result["before"] == pytest.approx(plan.result["value"])
    assert plan.result["upper_bound"] >= plan.result["value"]
    assert plan.result["proven"] or plan.result["gap"] < 0.05
    assert plan.result["curve"][-1] == [plan.result["cost_rp"], pytest.approx(plan.result["value"])]
    for row in cameras:
        assert sum(one["weight"] for one in row.why) == pytest.approx(row.gain, abs=0.1)
        assert sum(point[2] for point in row.points) == pytest.approx(row.gain)
    by_area = sum(row["after"] - row["before"] for row in plan.result["by_kelurahan"])
    assert by_area == pytest.approx(plan.result["value"])


def test_the_same_question_and_seed_give_the_same_plan(ready):
    by = make_user()
    first, second = (run_plan(by, budget_rp=90_000_000, seed=7, rounds=3, seconds=60.0) for _turn in range(2))
    assert [(row.site_code, row.lens, row.bearing_deg) for row in first.cameras.all()] == [
        (row.site_code, row.lens, row.bearing_deg) for row in second.cameras.all()
    ]
    assert first.result["seed"] == 7 and first.ground_version == ground.version()


def test_a_way_to_look_sees_what_the_geometry_says_for_exactly_that_camera(ready):
    ready.house(110)
    measured(later(1))
    made = building.build(Asked.of({**QUICK, "lenses": ["wide", "normal", "tele", "round"]}))
    xy = ground.plane().to_metres(made.lonlat)
    assert made.options > 20
    for option in range(made.options):
        site = int(made.site[option])
        (x, y) = ground.plane().to_metres([made.site_lonlat[site]])[0]
        fov, reach, width = made.view[option]
        eye = Viewpoint(float(x), float(y), None if fov == 360 else float(made.bearing_deg[option]), float(fov),
                        float(reach), height_m=float(made.site_height_m[site]), width_px=int(width))  # fmt: skip
        seen = sees(measuring.scene(), [eye], xy)
        sharp = set(seen.points[seen.px_per_m >= made.needed[seen.points]].tolist())
        told = set(made.reached_by(option).tolist())
        rim = {n for n in sharp ^ told if _is_on_the_rim(xy[n] - (x, y), made.bearing_deg[option], fov, reach)}
        assert sharp ^ told == rim, (option, sharp ^ told)


def _is_on_the_rim(away, bearing, fov, reach):
    """Arcs are drawn as chords: within a few centimetres of the edge both answers are right."""
    off = abs((np.degrees(np.arctan2(*away)) - bearing + 180) % 360 - 180)
    return np.hypot(*away) > reach * 0.999 or abs(off - fov / 2) < 0.05


def test_a_budget_of_nothing_buys_nothing_and_says_so(ready):
    plan = run_plan(make_user(), budget_rp=0)
    assert plan.state == S.DONE and not plan.cameras.exists() and plan.result["value"] == 0
    assert "tidak ada kamera yang dapat dipasang" in plan.problem


def test_without_candidates_the_plan_fails_with_a_sentence(town):
    make_opd()
    measured()
    plan = run_plan(make_user(), budget_rp=RICH)
    assert plan.state == S.FAILED and "Tidak ada calon tempat" in plan.problem


def test_without_measured_coverage_the_plan_fails_with_a_sentence(town):
    make_opd()
    plan = run_plan(make_user(), budget_rp=RICH)
    assert plan.state == S.FAILED and "belum dihitung" in plan.problem


def test_a_floor_the_budget_cannot_meet_is_named_with_the_limit_that_binds(ready):
    plan = run_plan(make_user(), budget_rp=30_000_000, floor=0.6)
    assert plan.state == S.DONE and not plan.cameras.exists()
    assert "Kelurahan" in plan.problem and "karena batas anggaran" in plan.problem
    nowhere = run_plan(make_user(), budget_rp=RICH, floor=1.0, most_sites=1, lenses=["wide"])
    assert "calon tempat mana pun" in nowhere.problem and "Kelurahan" in nowhere.problem


def test_a_place_that_must_be_seen_is_seen_and_a_forbidden_one_stays_empty(ready):
    lon, lat = ready.at(280, 5)
    place = Place.objects.create(code="gardu", name="Gardu", kind="other", kelurahan=ready.east, lon=lon, lat=lat)
    measured(later(1))
    by = make_user()
    must = run_plan(by, most=1, budget_rp=RICH, must_places=[place.pk])
    assert must.cameras.count() == 1 and {row[0] > ready.at(180)[0] for row in must.cameras.get().points} & {True}
    never = run_plan(by, budget_rp=RICH, forbidden_places=[place.pk])
    assert never.cameras.count() and "T-5" not in {row.site_code for row in never.cameras.all()}
    ring = [ready.at(-40, -100), ready.at(200, -100), ready.at(200, 100), ready.at(-40, 100)]
    outside = run_plan(by, budget_rp=RICH, forbidden_areas=[[list(corner) for corner in ring]])
    assert {row.site_code for row in outside.cameras.all()} <= {"T-4", "T-5"}


def test_nobody_looks_sharply_into_a_private_yard(ready):
    ring = [ready.at(140, -20), ready.at(165, -20), ready.at(165, 20), ready.at(140, 20)]
    plan = run_plan(make_user(), budget_rp=RICH, private_areas=[[list(corner) for corner in ring]], private_px=20.0)
    assert plan.cameras.count()
    yard = shapely.Polygon(ring)
    seen = [point for row in plan.cameras.all() for point in row.points if point[3] >= 20.0]
    assert seen and not any(yard.buffer(-2e-5).contains(shapely.Point(point[0], point[1])) for point in seen)


def test_critical_places_get_two_views_when_two_are_asked_for(ready):
    plan = run_plan(make_user(), budget_rp=RICH, k=2, k_kinds=["people"], most=4)
    made = Instance.of(running.evidence.slot_content(running.slot(plan.pk)))
    views = np.zeros(len(made.weights), int)
    for row in plan.cameras.all():
        views[made.reached_by(row.option)] += 1
    assert (views >= 2).sum() > 5 and set(made.wanted[made.weights > 0]) == {2}


def test_what_is_seen_already_is_not_bought_again_unless_asked(ready):
    ready.camera("MB-001", 0, range_m=300.0, width_px=30_000)
    measured(later(1))
    by = make_user()
    plan = run_plan(by, budget_rp=RICH)
    assert plan.state == S.FAILED and "tidak ada yang belum terlihat" in plan.problem
    assert run_plan(by, budget_rp=RICH, keep_existing=False).cameras.count()


def test_a_partner_that_costs_nothing_joins_first(ready):
    lon, lat = ready.at(10)
    PartnerOffer.objects.create(code="PT-1", partner="PT Contoh", owner=make_opd(), lon=lon, lat=lat, bearing_deg=90,
                                fov_deg=60, range_m=250, width_px=20_000, joining_rp=1_000_000)  # fmt: skip
    by = make_user()
    plan = run_plan(by, budget_rp=2_000_000)
    assert [(row.site_kind, row.site_code) for row in plan.cameras.all()] == [("partner", "PT-1")]
    assert run_plan(by, budget_rp=2_000_000, use_partners=False).cameras.count() == 0


@pytest.mark.parametrize("asked", [
    {"purposes": {"detect": -1}}, {"purposes": {"detect": float("nan")}}, {"purposes": {"telepathy": 1}},
    {"budget_rp": -1}, {"most": -3}, {"floor": 1.5}, {"k": 0}, {"lenses": []}, {"lenses": ["x-ray"]},
    {"most_sites": 10**9}, {"seconds": 0}, {"time": "dusk"}, {"moves": [{"of": 1}]}, {"moves": ["x"]},
    {"private_px": 0},
    {"moves": [{"of": 0, "lon": 999, "lat": 0, "bearing_deg": 0, "lens": "wide"}]}, {"rounds": 0},
    {"purposes": dict.fromkeys(["monitor", "detect", "observe", "recognise", "identify"], 0)},
])  # fmt: skip
def test_a_question_nobody_can_mean_is_refused_in_words(asked):
    with pytest.raises(UserError) as problem:
        Asked.of(asked)
    assert problem.value.text.endswith(".") and problem.value.fix


def test_a_plan_under_way_is_not_started_again_and_stops_when_asked(ready):
    by = make_user()
    plan = make_plan(by, budget_rp=RICH)
    with pytest.raises(AlreadyDone):
        planning.run_again(plan.pk, by=by, at=NOON)
    assert planning.stop(plan.pk, by=by, at=NOON).state == S.STOPPED
    running.run(plan.pk, plan.run)  # the job comes after it was stopped: its run has been replaced
    plan.refresh_from_db()
    assert plan.state == S.STOPPED and not plan.result
    again = planning.run_again(plan.pk, by=by, at=later(5))
    running.run(again.pk, again.run)
    again.refresh_from_db()
    assert again.state == S.DONE and again.cameras.exists()
    with pytest.raises(AlreadyDone):
        planning.stop(plan.pk, by=by, at=NOON)


def test_a_plan_stopped_while_it_looks_ends_without_an_answer(ready, monkeypatch):
    by = make_user()
    plan = make_plan(by, budget_rp=RICH)
    monkeypatch.setattr(candidates, "AT_ONCE", 1)
    looked, real = [], candidates.all_round

    def and_then_stop(*args):
        looked.append(1)
        Plan.objects.filter(pk=plan.pk).update(is_stopping=True)
        return real(*args)

    monkeypatch.setattr(candidates, "all_round", and_then_stop)
    monkeypatch.setattr(running, "EVERY_S", 0.0)
    running.run(plan.pk, plan.run)
    plan.refresh_from_db()
    assert (plan.state, plan.is_stopping, len(looked)) == (S.STOPPED, False, 1) and "Dihentikan" in plan.problem


def test_a_plan_whose_runner_died_is_calculated_by_the_next_one(ready, monkeypatch):
    by = make_user()
    plan = make_plan(by, budget_rp=RICH)

    def dies(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(running, "solve", dies)
        running.run(plan.pk, plan.run)
    plan.refresh_from_db()
    assert plan.state == S.RUNNING
    running.run(plan.pk, plan.run)  # the queue gives the same job to the next runner
    plan.refresh_from_db()
    assert plan.state == S.DONE and plan.cameras.exists()


def test_ground_that_is_replaced_while_planning_is_not_mixed(ready, monkeypatch):
    by, real, turns = make_user(), candidates.look, []

    def replaced(*args, **more):
        if not turns:
            new_version("osm")
        turns.append(1)
        return real(*args, **more)

    monkeypatch.setattr(candidates, "look", replaced)
    plan = run_plan(by, budget_rp=RICH)
    assert plan.state == S.FAILED and "Lahan baru saja berganti" in plan.problem
    measured(later(60))
    again = planning.run_again(plan.pk, by=by, at=later(61))
    running.run(again.pk, again.run)
    again.refresh_from_db()
    assert again.state == S.DONE and again.ground_version == ground.version()


def test_another_offices_plan_looks_like_none(ready):
    plan = make_plan(make_user(), budget_rp=RICH)
    stranger = make_user(opd=make_opd("dishub"))
    for act in (planning.run_again, planning.stop, planning.apply):
        with pytest.raises(Missing):
            act(plan.pk, by=stranger, at=NOON)
    with pytest.raises(Missing):
        access.plan_for(stranger, plan.pk)


def _dragged(plan, metres_north=0.0, **more):
    row = plan.cameras.first()
    return row, Move(row.option, row.lon, row.lat + metres_north / 111_195, row.bearing_deg, row.lens, **more)


def test_a_dragged_camera_stays_where_it_was_put_and_the_plan_keeps_its_limits(ready):
    plan = run_plan(make_user(), budget_rp=60_000_000)
    row, move = _dragged(plan, metres_north=10)
    told = dragging.replan(plan, (move,))
    places = [tuple(one["geometry"]["coordinates"]) for one in told["cameras"]]
    assert any(abs(lon - move.lon) < 1e-9 and abs(lat - move.lat) < 1e-9 for lon, lat in places)
    assert told["summary"]["cost_rp"] <= 60_000_000 and told["summary"]["gap"] is not None
    assert row.option not in {one["properties"]["option"] for one in told["cameras"]}
    assert plan.cameras.count() == len(Plan.objects.get(pk=plan.pk).cameras.all())  # nothing was stored


def test_a_camera_dragged_to_look_into_a_private_yard_or_onto_forbidden_ground_is_refused(ready):
    yard = [list(ready.at(*corner)) for corner in ((40, -30), (60, -30), (60, -10), (40, -10))]
    square = [list(ready.at(*corner)) for corner in ((250, -60), (320, -60), (320, -30), (250, -30))]
    plan = run_plan(make_user(), budget_rp=RICH, private_areas=[yard], forbidden_areas=[square], private_px=20.0)
    row = plan.cameras.first()
    into = Move(row.option, *ready.at(50, 20), 180.0, "wide")
    with pytest.raises(UserError, match="privasi"):
        dragging.replan(plan, (into,))
    assert dragging.replan(plan, (Move(row.option, *ready.at(50, 20), 0.0, "wide"),))["cameras"]  # looking away
    with pytest.raises(UserError, match="terlarang"):
        dragging.replan(plan, (Move(row.option, *ready.at(280, -45), 0.0, "wide"),))


def test_a_plan_for_the_night_sees_as_far_as_infrared_and_knows_what_is_dark(ready):
    """A camera that sees the whole street by day lights 30 m of it: the night's plan wants the rest."""
    ready.camera("MB-001", 0, range_m=300.0, width_px=30_000)
    measured(later(1))
    by = make_user()
    assert run_plan(by, budget_rp=RICH).state == S.FAILED  # nothing unseen by day
    plan = run_plan(by, budget_rp=RICH, time="night")
    assert plan.state == S.DONE and plan.cameras.exists()
    for row in plan.cameras.all():
        (spot,) = ground.plane().to_metres([[row.lon, row.lat]])
        points = ground.plane().to_metres([point[:2] for point in row.points])
        assert np.hypot(*(points - spot).T).max() <= candidates.LENSES[row.lens].light_m
    already = Instance.of(running.evidence.slot_content(running.slot(plan.pk))).already
    assert 0 < (already > 0).sum() <= 3


def test_a_drag_beyond_the_budget_or_on_an_old_ground_is_refused_in_words(ready):
    plan = run_plan(make_user(), budget_rp=30_000_000)
    _row, move = _dragged(plan, metres_north=60)  # away from every pole: a pole of its own is too dear
    with pytest.raises(UserError, match="anggaran"):
        dragging.replan(plan, (move,))
    new_version("osm")
    with pytest.raises(UserError, match="Lahan berganti"):
        dragging.replan(plan, (move,))


def test_a_saved_drag_is_a_plan_of_its_own(ready):
    by = make_user()
    plan = run_plan(by, budget_rp=RICH, most=2)
    _row, move = _dragged(plan, metres_north=10)
    asked = Asked.of(plan.asked | {"moves": [vars_of(move)]})
    made = planning.ask(name="Pindah", owner_id=plan.owner_id, asked=asked, by=by, at=NOON, came_from=plan)
    running.run(made.pk, made.run)
    assert any(abs(row.lat - move.lat) < 1e-9 for row in made.cameras.all()) and made.cameras.count() == 2


def vars_of(move):
    return {name: getattr(move, name) for name in Move.__dataclass_fields__}


def test_a_plan_becomes_spots_to_close_once_and_measured_gain_stands_beside_the_planned(ready):
    search(later(1))
    by = make_user("engineer")
    plan = run_plan(by, budget_rp=60_000_000)
    linked, new = planning.apply(plan.pk, by=by, at=later(5))
    spots = list(BlindSpot.objects.filter(plan_camera__plan=plan))
    assert linked + new == len(spots) >= 1 and {spot.state for spot in spots} == {BlindSpot.State.PLANNED}
    with pytest.raises(AlreadyDone):
        planning.apply(plan.pk, by=by, at=later(6))
    with pytest.raises(AlreadyDone):
        planning.run_again(plan.pk, by=by, at=later(7))
    row = spots[0].plan_camera
    camera = ready.camera("MB-050", 0, lon=row.lon, lat=row.lat, bearing_deg=row.bearing_deg, fov_deg=row.fov_deg,
                          range_m=row.range_m, width_px=row.width_px, height_m=row.height_m)  # fmt: skip
    camera.__class__.objects.filter(pk=camera.pk).update(kind="camera")
    acts.do(spots[0].number, "pasang", by=by, at=later(8), target_code="MB-050")
    look(camera, later(9))
    assert acts.do(spots[0].number, "uji", by=by, at=later(10)).state == BlindSpot.State.TESTED
    (told,) = [one for one in planned_and_measured(plan) if one.spot == spots[0]]
    assert told.works and told.measured == pytest.approx(told.planned)


def test_an_ordinary_point_costs_what_the_press_says_and_a_price_holds_from_its_day(town):
    make_opd()
    assert costs.ordinary_point_rp({price.code: price for price in costs.defaults()}) == 50_000_000
    costs.decide("pole", amount_rp=15_000_000, source="Kontrak 2026", by=make_user(), at=NOON)
    assert costs.prices_on(NOON.date())["pole"].amount_rp == 15_000_000
    assert costs.prices_on(NOON.date().replace(year=2025))["pole"].amount_rp == 12_000_000
    for code, amount, source in (("pole", -1, "x"), ("gold", 1, "x"), ("pole", 1, " ")):
        with pytest.raises(UserError):
            costs.decide(code, amount_rp=amount, source=source, by=make_user(), at=NOON)


def test_cable_or_radio_whichever_is_cheaper_and_none_where_a_link_is():
    prices = {price.code: price for price in costs.defaults()}
    near = costs.parts_of("pole", "wide", has_power=True, link_m=100.0, prices=prices)
    far = costs.parts_of("junction", "tele", has_power=False, link_m=900.0, prices=prices)
    here = costs.parts_of("lamp", "round", has_power=True, link_m=0.0, prices=prices)
    assert near["fibre_m"] == 100 and "radio" not in near and "pole" not in near
    assert far["radio"] == far["pole"] == far["power"] == far["camera_tele"] == 1 and "fibre_m" not in far
    assert not {"fibre_m", "radio", "power"} & here.keys() and here["camera_round"] == 1


def test_the_bound_is_said_so_that_nobody_misreads_it():
    assert "paling banyak 1,25 % lebih baik; ini terbukti" in gap_words(0.0125, proven=False)
    assert gap_words(0.0, proven=True).startswith("Terbukti yang terbaik")
    assert "belum diketahui" in gap_words(None, proven=False)


@pytest.mark.skipif(not LARGE, reason="minutes: SATUKOTA_LARGE=1")
def test_a_hundred_thousand_candidates_report_progress_stop_and_stay_within_memory(ready, monkeypatch):
    """SATUKOTA_LARGE=1 asks for all of them, a larger number for so many."""
    count = LARGE if LARGE > 1 else 100_000
    start = ready.plane.to_metres([ready.at(0)])[0]
    spots = ready.plane.to_degrees(start + np.random.default_rng(3).uniform((-40, -10), (390, 10), (count, 2)))
    Structure.objects.bulk_create(
        Structure(
            source=ground_source("poles"), kind="pole", code=f"B-{n}", has_power=True, has_link=True, lon=lon, lat=lat
        )
        for n, (lon, lat) in enumerate(spots.tolist())
    )
    new_version("poles")
    measured(later(1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(candidates, "CELL_M", 0.001)
    asked = Asked.of({"most_sites": 100_000, "budget_rp": RICH, "seconds": 20.0})
    began = time.perf_counter()
    made = building.build(asked, tell=lambda done, whole: told.append((done, whole)))
    built_s = time.perf_counter() - began
    answer = solve(made.problem(asked), seconds=asked.seconds, gap=running.GAP)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{told[-1][1]} places, {made.options} ways: looked at in {built_s:.1f} s, chosen in {answer.took_s:.1f} s "
          f"(gap {answer.gap:.4%}), {grown_mb:.0f} MB more, told {len(told)} times")  # fmt: skip
    assert told[-1][0] == told[-1][1] > count / 2 and made.options <= candidates.MOST_OPTIONS * 1.1 and answer.chosen
    assert grown_mb < 2_000, grown_mb
    looks: list[int] = []
    with pytest.raises(candidates.Stopped):
        building.build(asked, tell=lambda done, _whole: looks.append(done), stop=lambda: len(looks) >= 3)
    assert looks[-1] == 3 * candidates.AT_ONCE  # after the next handful, not after all
