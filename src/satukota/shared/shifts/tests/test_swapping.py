"""Swaps count when both agreed, once, and only among those who sit there."""

import pytest

from satukota.base import clock
from satukota.base.errors import AlreadyDone, UserError
from satukota.shared.shifts import actions, queries

from .make import NOW, Desk, hours, names

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Desk()


def ask(desk, back=True):
    """yusuf gives the night to ani, for her next day."""
    return actions.ask_swap(desk.shifts[1].pk, asked_id=desk.third.person.pk,
                            in_return_id=desk.shifts[2].pk if back else None, by=desk.second, at=NOW)  # fmt: skip


def test_nothing_changes_until_the_other_agrees(desk):
    swap = ask(desk)
    assert [names(row) for row in desk.shifts[1:3]] == [["yusuf"], ["ani"]]
    assert list(queries.open_swaps(desk.third)) == [swap]
    actions.agree(swap.pk, by=desk.third, at=NOW)
    assert [names(row) for row in desk.shifts[1:3]] == [["ani"], ["yusuf"]]
    assert not queries.open_swaps(desk.third)


def test_only_the_one_asked_agrees_and_only_once(desk):
    swap = ask(desk, back=False)
    for other in (desk.second, desk.first, desk.supervisor):
        with pytest.raises(UserError):
            actions.agree(swap.pk, by=other, at=NOW)
    actions.agree(swap.pk, by=desk.third, at=NOW)
    for again in (actions.agree, actions.decline):
        with pytest.raises(AlreadyDone):
            again(swap.pk, by=desk.third, at=NOW)
    assert names(desk.shifts[1]) == ["ani"]


def test_a_swap_of_the_past_or_of_a_plan_that_changed_does_not_count(desk):
    swap = ask(desk)
    with pytest.raises(UserError):
        actions.agree(swap.pk, by=desk.third, at=desk.shifts[1].starts_at + hours(1))
    actions.seat(desk.shifts[1].pk, people=[desk.first.person.pk], why="Sakit", by=desk.supervisor, at=NOW)
    with pytest.raises(UserError):
        actions.agree(swap.pk, by=desk.third, at=NOW)
    swap.refresh_from_db()
    assert swap.state == "asked" and names(desk.shifts[1]) == ["sari"]


def test_asking_twice_oneself_or_a_stranger_is_refused(desk):
    swap = ask(desk)
    with pytest.raises(AlreadyDone):
        ask(desk)
    actions.withdraw(swap.pk, by=desk.second, at=NOW)
    for person in (desk.second.person.pk, desk.stranger.person.pk):
        with pytest.raises(UserError):
            actions.ask_swap(desk.shifts[1].pk, asked_id=person, in_return_id=None, by=desk.second, at=NOW)
    with pytest.raises(UserError):  # the first shift runs already
        actions.ask_swap(desk.shifts[0].pk, asked_id=desk.third.person.pk, in_return_id=None, by=desk.first, at=NOW)
    with pytest.raises(UserError):  # not one's own
        actions.ask_swap(desk.shifts[1].pk, asked_id=desk.third.person.pk, in_return_id=None, by=desk.first, at=NOW)
