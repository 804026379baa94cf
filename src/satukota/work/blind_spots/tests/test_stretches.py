"""Unseen points as stretches: each point once, connected, the heaviest first."""

import numpy as np

from satukota.work.blind_spots.stretches import REACH_M, STEP_M, stretches


def test_nothing_gives_nothing():
    assert stretches(np.empty((0, 2)), np.empty(0)) == []


def test_every_point_is_in_exactly_one_stretch_and_the_heaviest_is_first():
    chance = np.random.default_rng(4)
    xy, weight = chance.uniform(0, 900, (400, 2)), chance.uniform(0.1, 9, 400)
    found = stretches(xy, weight)
    assert sorted(np.concatenate(found).tolist()) == list(range(400))
    sums = [weight[members].sum() for members in found]
    assert sums == sorted(sums, reverse=True)


def test_a_stretch_is_connected_and_no_wider_than_its_reach():
    chance = np.random.default_rng(5)
    xy = chance.uniform(0, 500, (300, 2))
    for members in stretches(xy, np.ones(300)):
        apart = np.hypot(*(xy[members][:, None] - xy[members][None]).transpose(2, 0, 1))
        assert (apart <= REACH_M).all(axis=1).any()  # there is a middle
        reached = np.zeros(len(members), bool)
        reached[0] = True
        for _turn in members:
            reached |= (apart[reached] <= STEP_M).any(axis=0)
        assert reached.all()


def test_two_streets_with_a_gap_are_two_stretches():
    one = np.column_stack([np.arange(0, 50, 10.0), np.zeros(5)])
    other = one + (0, STEP_M + 1)
    found = stretches(np.concatenate([one, other]), np.ones(10))
    assert [members.tolist() for members in found] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_the_same_points_give_the_same_stretches_in_whatever_weights_tie():
    xy = np.column_stack([np.arange(0, 400, 10.0), np.zeros(40)])
    once, again = stretches(xy, np.ones(40)), stretches(xy, np.ones(40))
    assert [each.tolist() for each in once] == [each.tolist() for each in again]
