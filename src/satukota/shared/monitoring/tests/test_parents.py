"""What hangs on a failed link or power supply is explained by it, whichever was found down first."""

import asyncio

import pytest

from satukota.shared.monitoring import queries
from satukota.shared.monitoring.models import StatusChange, Target
from satukota.shared.monitoring.probes import Children, FeederProbe, judge_children

from .make import NOON, closed_port, down, later, make_target, server, stored, up

pytestmark = pytest.mark.django_db


def street(count: int = 4, **link) -> tuple[Target, list[Target]]:
    fo = make_target("FO-07", kind="link", **({"address": "10.0.0.1:80"} | link))
    return fo, [make_target(f"MB-{number:03d}", link=fo, kind="camera") for number in range(count)]


def roots(*targets: Target) -> list[str | None]:
    return [StatusChange.objects.filter(target=t, now="down").values_list("root__code", flat=True)[0] for t in targets]


def test_children_that_fall_after_their_link_have_it_as_root(heard):
    fo, cameras = street()
    stored(up(), fo, *cameras, at=NOON)
    stored(down(sure=True), fo, at=later(2))
    for second in (3, 8):
        stored(down(), *cameras, at=later(second))
    assert roots(*cameras) == ["FO-07"] * 4 and roots(fo) == [None]


def test_in_one_batch_the_parent_is_announced_first(heard):
    fo, cameras = street()
    heard.clear()
    stored(down(sure=True), *cameras, fo, at=NOON)
    assert heard[0].target == fo and roots(*cameras) == ["FO-07"] * 4


def test_children_that_fell_just_before_are_explained_when_the_link_falls(heard):
    fo, cameras = street()
    stored(up(), fo, *cameras, at=NOON)
    stored(down(sure=True), *cameras[:3], at=later(60))
    stored(down(sure=True), cameras[3], at=later(-600))
    StatusChange.objects.filter(target=cameras[3], now="down").update(at=later(-600))
    assert roots(*cameras) == [None] * 4
    stored(down(sure=True), fo, at=later(90))
    assert roots(*cameras) == ["FO-07"] * 3 + [None]
    assert heard[-1].target == fo, "the parent's own change is announced, so that incidents can regroup"


def test_a_black_picture_behind_a_failed_link_is_its_own_trouble(heard):
    fo, [one, two] = street(2)
    stored(down(sure=True), fo, at=NOON)
    stored(down("black", unreachable=False, sure=True), one, at=later(1))
    stored(down("black", unreachable=False, sure=True), two, at=later(-1))
    assert roots(one, two) == [None, None]


def test_the_top_most_failed_parent_is_the_root(heard):
    power = make_target("GD-03", kind="power", address="10.0.0.9:80")
    fo, [camera] = street(1, power=power)
    stored(down(sure=True), power, at=NOON)
    stored(down(sure=True), fo, at=later(1))
    stored(down(sure=True), camera, at=later(2))
    assert roots(fo, camera) == ["GD-03", "GD-03"]
    assert [root.target.code for root in queries.roots_down()] == ["GD-03"]
    assert queries.roots_down()[0].down_behind == 2


def test_parents_registered_in_a_circle_end_nothing(heard):
    one = make_target("FO-1", kind="link")
    two = make_target("FO-2", kind="link", link=one)
    Target.objects.filter(pk=one.pk).update(link=two)
    camera = make_target("MB", link=one)
    stored(down(sure=True), one, two, camera, at=NOON)
    assert camera.state == "down" and {t.code for t in queries.behind(two)} == {"FO-1", "MB"}


def test_a_first_silent_look_wakes_siblings_now_and_parents_in_a_moment(heard):
    power = make_target("GD-03", kind="power")
    fo, cameras = street(3, power=power)
    stored(up(), power, fo, *cameras, at=NOON)
    Target.objects.update(next_due_at=later(300))
    stored(down(), cameras[0], at=later(10))
    due = dict(Target.objects.values_list("code", "next_due_at"))
    assert due["MB-001"] == due["MB-002"] == later(10) and due["FO-07"] == due["GD-03"] == later(12)
    Target.objects.filter(code="MB-001").update(next_due_at=later(300))
    stored(down("black", unreachable=False), cameras[2], at=later(20))
    assert Target.objects.get(code="MB-001").next_due_at == later(300), "a black picture is nobody else's business"


def test_behind_reaches_every_depth():
    power = make_target("GD-03", kind="power")
    fo, cameras = street(2, power=power)
    far = make_target("FO-08", kind="link", link=fo)
    last = make_target("MB-9", link=far)
    make_target("ELSEWHERE")
    assert {t.code for t in queries.behind(power)} == {fo.code, far.code, last.code, *(c.code for c in cameras)}
    assert {t.code for t in queries.behind(far)} == {"MB-9"} and not queries.behind(last).exists()


@pytest.mark.parametrize(
    ("looked", "silent", "verdict"),
    [(0, 0, "unknown"), (1, 1, "unknown"), (2, 2, "down"), (10, 8, "down"), (10, 7, "up"), (1, 0, "up"), (4, 3, "up")],
)
def test_a_link_without_an_address_is_known_by_its_children(looked, silent, verdict):
    assert judge_children(Children(looked, silent)).verdict == verdict


def test_children_looked_at_long_ago_or_explained_by_another_parent_say_nothing(heard, clock_at):
    fo, cameras = street(4, address="")
    power = make_target("GD-03", kind="power")
    Target.objects.filter(pk__in=[camera.pk for camera in cameras[:3]]).update(power=power)
    stored(down(), *cameras[:3], at=NOON)
    stored(up(), cameras[3], at=later(-90))
    clock_at(later(5))

    def prepared() -> dict[int, object]:
        return FeederProbe("link").prepare([fo, power], {})

    assert prepared() == {fo.pk: Children(3, 3), power.pk: Children(3, 3)}
    stored(down(sure=True), power, at=later(5))
    assert prepared() == {fo.pk: Children(0, 0), power.pk: Children(3, 3)}


def test_a_switch_is_dialled_twice_before_it_is_called_down(inline):
    probe = FeederProbe("link")
    probe.again_s = 0.05

    async def looks():
        async with server() as port:
            alive = await probe.look(f"127.0.0.1:{port}")
        return alive, await probe.look(f"127.0.0.1:{closed_port()}")

    alive, dead = asyncio.run(looks())
    assert alive.verdict == "up" and not alive.sure
    assert dead.verdict == "down" and dead.sure and dead.unreachable
    assert [step.step for step in dead.trail] == ["dns", "tcp", "dns", "tcp"]
