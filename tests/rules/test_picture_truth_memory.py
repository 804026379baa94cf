"""What is carried from look to look, and what may be learned."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satukota.rules.picture_truth import Memory, Reference, Sight, hour_bin, judge, learn, mode_of
from satukota.rules.picture_truth.memory import MAX_BYTES
from satukota.rules.picture_truth.model import MAX_REFERENCE_BYTES
from tests.rules.picture_truth_camera import Camera, camera, noisy, street, turned_by

REFERENCE = Reference("day", 3, street(), True, 0.0)


def garbage(seed: int, kind: str):
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (180, 320), dtype=np.uint8)
    if kind == "flat":
        return np.full((180, 320), rng.integers(0, 256), np.uint8)
    if kind == "stripes":
        return np.tile((np.arange(320) // int(rng.integers(1, 9)) % 2 * 255).astype(np.uint8), (180, 1))
    spike = np.zeros((180, 320), np.uint8)
    spike[rng.integers(180), rng.integers(320)] = 255
    return spike


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.tuples(*[st.sampled_from(["noise", "flat", "stripes", "spike"])] * 2),
    chroma=st.floats(0, 200),
    hour=st.integers(0, 23),
    is_day=st.sampled_from([None, True, False]),
    p_frame=st.one_of(st.none(), st.floats(allow_nan=True)),
)
def test_no_picture_crashes_the_judgement(seed, kinds, chroma, hour, is_day, p_frame):
    memory = Memory.empty()
    reference = Reference("day", 0, garbage(seed + 1, kinds[1]), True, 0.0)
    for same_look in (False, True, False):
        sight = Sight(garbage(seed, kinds[0]), chroma, b"", 1.0, hour, is_day=is_day, p_frame_bytes=p_frame)
        said = judge(sight, [reference, REFERENCE], memory, same_look=same_look)
        assert said.outcome in ("good", "fault", "unverified")
        assert (said.cause == "") == (said.outcome == "good")
        json.loads(said.measures_json(), parse_constant=lambda bad: pytest.fail(f"{bad} is not JSON"))
        memory = Memory.from_bytes(said.memory.to_bytes())
        learn([REFERENCE], sight, said)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_junk_is_an_empty_memory(raw):
    assert Memory.from_bytes(raw).looks == 0
    assert Memory.from_bytes(b"PTM2" + raw).looks == 0


@pytest.mark.parametrize("raw", [None, b"", b"PTM2", b"PTM9" + b"x" * 50])
def test_nothing_and_other_versions_are_an_empty_memory(raw):
    assert Memory.from_bytes(raw).looks == 0


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 4000), bit=st.integers(0, 7))
def test_a_damaged_memory_is_empty_or_whole(at, bit):
    raw = bytearray(camera().memory.to_bytes())
    raw[at % len(raw)] ^= 1 << bit
    assert Memory.from_bytes(bytes(raw)).looks in (0, 3)


def test_a_memory_of_noise_fits_in_eight_kilobytes_and_comes_back_whole():
    eye = Camera(np.random.default_rng(1).integers(0, 256, (180, 320), dtype=np.uint8)).accept()
    for hour, chroma in [(12, 20.0), (0, 0.5), (20, 20.0)] * 10:
        eye.hour, eye.chroma = hour, chroma
        eye.look(p_frame_bytes=1234.5)
    raw = eye.memory.to_bytes()
    back = Memory.from_bytes(raw)
    assert len(raw) <= MAX_BYTES
    assert (back.looks, back.last_sha, back.rings, back.last_mode) == (
        eye.memory.looks,
        eye.memory.last_sha,
        eye.memory.rings,
        eye.memory.last_mode,
    )
    assert np.array_equal(back.thumb, eye.memory.thumb)
    assert back.to_bytes() == raw


def test_judging_from_stored_memory_is_judging_from_memory():
    eye, stored = camera(), camera()
    for look in range(8):
        picture = eye.live(turned_by(eye.scene, 10))
        stored.memory = Memory.from_bytes(stored.memory.to_bytes())
        one, other = eye.look(picture), stored.look(picture)
        assert (one.outcome, one.cause, one.suspect, one.measures) == (
            other.outcome,
            other.cause,
            other.suspect,
            other.measures,
        ), look


def test_a_reference_comes_back_as_it_was():
    back = Reference.from_bytes(REFERENCE.to_bytes())
    assert np.array_equal(back.gray, REFERENCE.gray)
    assert (back.mode, back.hour_bin, back.accepted, back.taken_at) == ("day", 3, True, 0.0)


def test_a_reference_of_noise_still_fits():
    raw = Reference("night_ir", 5, garbage(1, "noise"), False, 1.0).to_bytes()
    assert len(raw) <= MAX_REFERENCE_BYTES
    assert Reference.from_bytes(raw).mode == "night_ir"


@given(st.binary(max_size=200))
def test_junk_is_not_a_reference(raw):
    with pytest.raises(ValueError):
        Reference.from_bytes(raw)
    with pytest.raises(ValueError):
        Reference.from_bytes(REFERENCE.to_bytes()[:100] + raw)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gray": np.zeros((320, 180), np.uint8)},
        {"gray": np.zeros((180, 320), np.float32)},
        {"gray": None},
        {"hour": 24},
        {"chroma": float("nan")},
        {"chroma": -1.0},
        {"at": float("inf")},
    ],
)
def test_a_sight_of_the_wrong_shape_is_refused(wrong):
    right = {"gray": street(), "chroma": 1.0, "keyframe_sha": b"", "at": 0.0, "hour": 1}
    with pytest.raises(ValueError):
        Sight(**(right | wrong))


def test_judging_leaves_the_reference_as_it_was():
    eye = camera()
    before = eye.references[0].gray.copy(), eye.references[0].stats.spectrum.copy()
    eye.looks(5)
    assert np.array_equal(before[0], eye.references[0].gray)
    assert np.array_equal(before[1], eye.references[0].stats.spectrum)


def test_modes_and_hours():
    def mode(chroma, hour, is_day=None):
        return mode_of(Sight(street(), chroma, b"", 0.0, hour, is_day=is_day))

    assert mode(20, 12) == "day" and mode(0.5, 12) == "night_ir" and mode(0.5, 1) == "night_ir"
    assert mode(20, 1) == "night_colour" and mode(20, 18, True) == "day" and mode(20, 12, False) == "night_colour"
    assert [hour_bin(h) for h in (0, 3, 4, 12, 23)] == [0, 0, 1, 3, 5]


# -- learning -----------------------------------------------------------------------------------------------------


def learned_over(eye: Camera, pictures) -> list[Reference]:
    """The references after a long row of looks, the learned one replaced each time."""
    for picture in pictures:
        eye.at += 700
        sight = eye.sight(picture)
        said = judge(sight, eye.references, eye.memory)
        eye.memory = said.memory
        new = learn(eye.references, sight, said)
        if new is not None:
            same = (new.mode, new.hour_bin)
            eye.references = [r for r in eye.references if r.accepted or (r.mode, r.hour_bin) != same] + [new]
    return eye.references


def test_a_good_look_is_learned_and_the_accepted_reference_stays():
    eye = camera()
    accepted, learned = learned_over(eye, [eye.live()])
    assert accepted.accepted and not learned.accepted and learned.mode == "day"


def test_nothing_is_learned_without_an_accepted_reference():
    eye = Camera()
    said = eye.look()
    assert learn([], eye.sight(eye.live()), said) is None


def test_nothing_is_learned_twice_within_ten_minutes():
    eye = camera()
    learned_over(eye, [eye.live()])
    eye.at += 30
    sight = eye.sight(eye.live())
    assert learn(eye.references, sight, judge(sight, eye.references, eye.memory)) is None


def test_nothing_is_learned_while_suspect():
    eye = camera()
    picture = eye.live(turned_by(eye.scene, 10))
    said = eye.look(picture)
    assert said.suspect == "turned"
    assert learn(eye.references, eye.sight(picture), said) is None


def test_passers_by_leave_no_ghosts():
    eye = camera()
    accepted, learned = learned_over(eye, [eye.live() for _ in range(60)])
    off = np.abs(learned.gray.astype(int) - eye.scene)
    assert np.quantile(off, 0.99) <= 6


def test_a_slow_turn_is_never_learned_as_normal():
    eye = camera()
    outcomes = []
    for step in range(0, 40):
        learned_over(eye, [eye.live(turned_by(eye.scene, step // 2)) for _ in range(4)])
        outcomes.append(eye.look(eye.live(turned_by(eye.scene, step // 2))).outcome)
    assert outcomes[-1] == "fault"
    assert outcomes.index("fault") <= 2 * 12, "noticed before the view is 12 pixels off"


def test_slow_dirt_is_never_learned_as_normal():
    eye = camera()
    dirt = np.zeros((180, 320), np.float32)
    dirt[:, :260] = 1.0
    outcomes = []
    for share in np.linspace(0, 1, 60):
        dirty = [(f * (1 - dirt * share) + 70 * dirt * share).astype(np.uint8) for f in (eye.live() for _ in range(3))]
        learned_over(eye, dirty)
        outcomes.append(eye.look(dirty[0]).outcome)
    assert outcomes[-1] == "fault"


def test_a_slowly_brightening_morning_is_learned():
    eye = camera()
    pictures = [np.clip(eye.live() * gain, 0, 255).astype(np.uint8) for gain in np.linspace(1, 0.6, 50)]
    accepted, learned = learned_over(eye, pictures)
    darker = (eye.scene * 0.6).astype(int)
    assert np.abs(learned.gray.astype(int) - darker).mean() < np.abs(accepted.gray.astype(int) - darker).mean() / 3
    assert noisy(learned.gray, 1, 1).shape == (180, 320)
