"""Each fault of the field simulator leads to its cause within two looks, over real RTSP with real H.264."""

import asyncio
from typing import Any

import pytest

from satukota.rules.picture_truth.stream_truth import StreamExpected
from satukota.shared.monitoring.registry import Look
from satukota.work.cameras import looking, rtsp
from satukota.work.cameras.eye import Eyes
from satukota_field.logins import Login
from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import FAULTS, CameraSpec, Scenario

from .probe_make import after, make_brief

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

WIDTH, HEIGHT, FPS = 640, 360, 10.0
SEED = 1  # a street whose blur and turn the rule calls certain; how often it can is measured in docs/picture-truth.md
LIMITS = rtsp.Limits(connect_s=2.0, reply_s=3.0)
EXPECTED = {
    "healthy": ("up", ""),
    "frozen": ("down", "frozen"),
    "black": ("down", "black"),
    "covered": ("down", "covered"),
    "defocused": ("down", "defocused"),
    "turned": ("down", "turned"),
    "low_fps": ("degraded", "low_fps"),
    "one_fps": ("degraded", "low_fps"),
    "resolution_change": ("degraded", "wrong_resolution"),
    "huge": ("degraded", "wrong_resolution"),
    "wrong_clock": ("degraded", "clock_drift"),
    "slow": ("up", ""),
    "silent": ("down", "no_data"),
    "hanging": ("down", "rtsp_silent"),
    "refusing": ("down", "closed_by_camera"),
    "unauthorised": ("down", "login_refused"),
    "closing": ("down", "closed_by_camera"),
    "html": ("down", "not_rtsp"),
    "no_keyframe": ("unknown", "no_keyframe_yet"),
    "busy": ("unknown", "busy"),
}
NEEDS_HISTORY = {"frozen_noise"}  # its own low difference must be known first: 20 looks


def test_every_fault_of_the_simulator_is_expected_here():
    assert set(EXPECTED) | NEEDS_HISTORY == set(FAULTS)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory) -> dict[str, list[Look]]:
    """fault → its looks: healthy ones first, whose picture is accepted, then two with the fault."""
    login = Login("contoh", "rahasia-kamera")
    cameras = tuple(
        CameraSpec(fault, "L", "P", SEED, "CONTOH SIMULASI", WIDTH, HEIGHT, FPS, login=login) for fault in EXPECTED
    )
    scenario = Scenario(cameras, loop_s=12)
    with run_in_thread(scenario, cache=tmp_path_factory.mktemp("clips"), light="day") as field:
        return asyncio.run(_rounds(field))


async def _rounds(field: RunningField) -> dict[str, list[Look]]:
    eyes = Eyes(1)
    expected = StreamExpected(WIDTH, HEIGHT, "h264", FPS)
    briefs = {fault: make_brief(field.url(fault, login=False), expected=expected) for fault in EXPECTED}
    seen: dict[str, list[Look]] = {fault: [] for fault in EXPECTED}

    async def look(fault: str, *, accept: bool = False) -> None:
        seen[fault].append(await looking.look_at(briefs[fault], eyes, LIMITS))
        briefs[fault] = after(briefs[fault], seen[fault][-1], accept=accept)

    async def everyone(**how: Any) -> None:
        await asyncio.gather(*(look(fault, **how) for fault in EXPECTED))

    await everyone(accept=True)
    await everyone()
    for fault in EXPECTED:
        await asyncio.to_thread(field.control.set, fault, fault)
    await asyncio.sleep(2.5)  # the stream changes at its next key picture
    await everyone()
    await everyone()
    eyes.close()
    return seen


def test_all_are_well_before(rounds, settings):
    assert {fault: (looks[1].verdict, looks[1].cause) for fault, looks in rounds.items()} == dict.fromkeys(
        EXPECTED, ("up", "")
    )


@pytest.mark.parametrize("fault", EXPECTED)
def test_the_fault_is_known_within_two_looks(rounds, fault):
    last = rounds[fault][-1]
    assert (last.verdict, last.cause) == EXPECTED[fault], last


@pytest.mark.parametrize("fault", ["hanging"])
def test_where_nobody_answers_the_line_may_be_the_cause(rounds, fault):
    assert rounds[fault][-1].unreachable


def test_what_was_seen_is_what_another_program_sees(tmp_path, settings):
    import av

    with run_in_thread(
        Scenario((CameraSpec("A", "L", "P", SEED, "CONTOH SIMULASI", WIDTH, HEIGHT, FPS),), loop_s=4),
        cache=tmp_path, light="day",
    ) as field:  # fmt: skip
        ours = asyncio.run(_one(make_brief(field.url("A"))))
        with av.open(field.url("A"), options={"rtsp_transport": "tcp"}, timeout=(5, 5)) as theirs:
            stream = theirs.streams.video[0]
            first = next(iter(theirs.decode(stream)))
            assert (ours.measures["width"], ours.measures["height"]) == (first.width, first.height)
            assert ours.measures["codec"] == stream.codec_context.name
            assert ours.measures["fps"] == pytest.approx(float(stream.average_rate), rel=0.05)


async def _one(brief: looking.Brief) -> Look:
    eyes = Eyes(1)
    try:
        return await looking.look_at(brief, eyes, LIMITS)
    finally:
        eyes.close()


@pytest.fixture(autouse=True, scope="module")
def _sample_city():
    """Loopback may be dialled; module-wide, because the looks are shared."""
    from django.conf import settings

    before, settings.SAMPLE = settings.SAMPLE, True
    yield
    settings.SAMPLE = before
