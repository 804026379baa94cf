"""Sets, layers and sums, against a plain recount."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satukota.shared.coverage.counting import WHOLE, Layer, Matrix, grouped, joined, weight_units
from satukota.shared.coverage.packing import Points, pack, unpack


def pairs_of(*watchers: list[tuple[int, float, int]]):
    return joined([
        (np.array([p for p, _x, _m in one], np.int32), np.array([x for _p, x, _m in one], np.float32),
         np.array([m for _p, _x, m in one], np.int16)) for one in watchers
    ])  # fmt: skip


def layer_of(matrix: Matrix, weights: list[float], group: list[int] | None = None) -> Layer:
    groups = np.array(group or [0] * len(weights))
    return Layer(matrix, weight_units(np.array(weights, float)), groups, int(groups.max()) + 1)


def test_only_pairs_that_are_sharp_enough_count():
    matrix = Matrix(pairs_of([(0, 30, WHOLE), (1, 20, WHOLE)]), np.array([25.0, 25.0]), 2)
    layer = layer_of(matrix, [1, 1])
    assert layer.settle([0]).tolist() == [0]
    assert layer.best.tolist() == [WHOLE, 0]


def test_a_watcher_that_falls_takes_only_what_no_other_sees():
    matrix = Matrix(pairs_of([(0, 99, WHOLE), (1, 99, WHOLE)], [(1, 99, WHOLE), (2, 99, WHOLE)]), np.zeros(3), 3)
    layer = layer_of(matrix, [1, 2, 4])
    layer.settle([0, 1])
    before = int(layer.sums[0])
    assert layer.settle([1]).tolist() == [0]
    assert (before - int(layer.sums[0])) / before == pytest.approx(1 / 7)
    assert layer.settle([1]).tolist() == []  # twice the same changes nothing


def test_one_that_turns_counts_for_the_time_it_looks_there_and_two_do_not_add_up():
    matrix = Matrix(pairs_of([(0, 99, 250)], [(0, 99, 400)], [(0, 99, WHOLE)]), np.zeros(1), 1)
    layer = layer_of(matrix, [1])
    layer.settle([0, 1])
    assert int(layer.best[0]) == 400 and layer.share_by_count() == [0.4, 0.25, 0.0]
    assert layer.views(WHOLE // 2).tolist() == [0]
    layer.settle([0, 2])
    assert int(layer.best[0]) == WHOLE and layer.share_by_count() == [1.0, 0.25, 0.0]
    assert layer.views(WHOLE // 2).tolist() == [1]


def test_a_turning_watcher_counts_for_the_time_it_sees_a_point_sharply_enough():
    """Wide 60 % of the time, zoomed in 40 %: as seen by 30 px/m always, by 100 px/m for the zoomed part."""
    turning = pairs_of([(0, 120, 400), (0, 30, WHOLE), (1, 30, 600)])
    for needed, best in ((25.0, [WHOLE, 600]), (100.0, [400, 0]), (200.0, [0, 0])):
        layer = layer_of(Matrix(turning, np.full(2, needed), 2), [1, 1])
        layer.settle([0])
        assert layer.best.tolist() == best


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_following_changes_gives_the_same_as_counting_afresh(data):
    points, watchers = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 8))
    rows = [
        [(point, data.draw(st.sampled_from([5.0, 30.0])), data.draw(st.sampled_from([WHOLE, 300])))
         for point in sorted(data.draw(st.sets(st.integers(0, points - 1), max_size=points)))]
        for _one in range(watchers)
    ]  # fmt: skip
    weights = data.draw(st.lists(st.floats(0, 1e4), min_size=points, max_size=points))
    group = [point % 3 for point in range(points)]
    matrix = Matrix(pairs_of(*rows), np.full(points, 25.0), points)
    followed = layer_of(matrix, weights, [*group])
    for _turn in range(5):
        chosen = sorted(data.draw(st.sets(st.integers(0, watchers - 1))))
        followed.settle(chosen)
        afresh = layer_of(matrix, weights, [*group])
        afresh.settle(chosen)
        assert (followed.best == afresh.best).all() and followed.share_by_count() == afresh.share_by_count()
        assert followed.share_by_count(1)[0] in (
            None,
            int(followed.sums.sum()) / max(1, int(followed.units.sum()) * WHOLE),
        )
        assert (followed.sums == afresh.sums).all()
        plain = np.zeros(points)
        for one in chosen:
            for point, px, mille in rows[one]:
                plain[point] = max(plain[point], mille if px >= 25 else 0)
        assert (followed.best == plain).all()


def test_no_watchers_no_points_and_no_weight_are_answered():
    nothing = Matrix(joined([]), np.zeros(0), 0)
    empty = Layer(nothing, np.empty(0, np.int64), np.empty(0, np.int64), 1)
    assert empty.settle([]).tolist() == [] and grouped(empty.units, empty.group, 1).tolist() == [0]
    assert empty.share_by_count() == [None, None, None]
    assert weight_units(np.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("bad", [[-1.0, 2.0], [float("nan")], [float("inf"), 1.0]])
def test_a_weight_that_cannot_be_is_refused(bad):
    with pytest.raises(ValueError, match="weight"):
        weight_units(np.array(bad))


def test_packed_arrays_come_back_as_they_were_and_broken_ones_are_refused():
    point, px, mille = np.array([7, 2, 900_000], np.int32), np.array([1.5, 2, 3], np.float32), np.array([1, 2, 3])
    back = unpack(pack(point, px, mille))
    assert [column.tolist() for column in back] == [[2, 7, 900_000], [2.0, 1.5, 3.0], [2, 1, 3]]
    assert len(unpack(pack(point[:0], px[:0], mille[:0]))[0]) == 0
    with pytest.raises(ValueError, match="packed"):
        unpack(b"rubbish")


def test_points_come_back_as_they_were():
    ids = np.array([1, -1])
    points = Points(np.zeros((2, 2)), np.ones(2), np.array([25, 125]), np.array([0, 1]), ids, ids, ids, ids,
                    np.array(["road", "school"]), np.array([True, False]))  # fmt: skip
    back = Points.of(points.to_bytes())
    assert len(back) == 2 and back.kinds.tolist() == ["road", "school"] and back.street.tolist() == [1, -1]
