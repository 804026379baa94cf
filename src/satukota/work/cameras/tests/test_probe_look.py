"""From a camera's behaviour to a verdict, a cause, a trail and a picture."""

import asyncio
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from satukota.rules.picture_truth.stream_truth import StreamExpected
from satukota.shared.monitoring.registry import Look
from satukota.work.cameras import causes, looking
from satukota.work.cameras.eye import EyeFailed, Eyes, Question
from satukota.work.cameras.rtsp.wire import NotRtsp

from .probe_make import QUICK, after, kept, make_brief, noon_lon
from .rtsp_double import Camera, camera, clip, is_key

lab = SimpleNamespace()  # one event loop and one eye for all looks here: an eye takes half a second to start
STREET = StreamExpected(640, 360, "h264", 10.0)


@pytest.fixture(autouse=True, scope="module")
def _lab():
    with asyncio.Runner() as runner:
        lab.run, lab.eyes = runner.run, Eyes(1)
        yield
        lab.eyes.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch, settings):
    settings.SAMPLE = True
    monkeypatch.setattr(looking, "HOLD_S", 0.0)
    monkeypatch.setattr(looking, "WINDOW_S", 1.5)
    monkeypatch.setattr("satukota.work.cameras.camera_memory.SHORTEST_WAIT_S", 1.5)


def looks(count: int = 1, *, accept: bool = False, is_day: bool = True, turn: dict[int, dict[str, Any]] | None = None,
          brief: dict[str, Any] | None = None, **manners: Any) -> tuple[list[Look], Camera]:  # fmt: skip
    """Look `count` times; the first picture is accepted as reference if asked; `turn` changes manners before a look."""

    async def run() -> tuple[list[Look], Camera]:
        seen: list[Look] = []
        async with camera(**manners) as cam:
            now = make_brief(cam.url, **(brief or {}))
            for number in range(count):
                for name, value in (turn or {}).get(number, {}).items():
                    setattr(cam.manners, name, value)
                seen.append(await looking.look_at(now, lab.eyes, QUICK))
                now = after(now, seen[-1], accept=accept and number == 0, is_day=is_day)
        return seen, cam

    return lab.run(run())


def told(look: Look) -> tuple[str, str]:
    return look.verdict, look.cause


def test_a_good_camera_is_unverified_until_its_view_was_accepted_and_up_after():
    (first, second), cam = looks(2, accept=True, brief={"expected": STREET}, turn={1: {"first_at": 10}})
    assert told(first) == ("unknown", "no_reference")
    assert told(second) == ("up", "")
    assert [(step.step, step.ok) for step in second.trail] == [
        (name, True) for name in ("dns", "tcp", "rtsp", "stream", "picture", "truth")
    ]
    assert second.measures["fps"] == pytest.approx(10, abs=0.2)
    assert (second.measures["width"], second.measures["height"], second.measures["codec"]) == (640, 360, "h264")
    assert second.picture.startswith(b"\xff\xd8\xff") and kept(second).is_good
    assert len(second.memory) <= 8192 and not second.unreachable
    assert cam.asked.count("TEARDOWN") == cam.asked.count("PLAY") == 2


def test_a_camera_of_stills_is_judged_as_any_other():
    street, frozen = clip("jpeg"), clip("jpeg")[:1] * 20
    expected = StreamExpected(640, 360, "jpeg", 10.0)
    seen, _ = looks(4, accept=True, brief={"expected": expected}, codec="jpeg", units=street,
                    turn={1: {"first_at": 10}, 2: {"units": frozen}})  # fmt: skip
    assert [told(look) for look in seen[:2]] == [("unknown", "no_reference"), ("up", "")]
    assert seen[1].measures["codec"] == "jpeg" and seen[1].measures["fps"] == pytest.approx(10, abs=0.2)
    assert told(seen[3]) == ("down", "frozen")


def test_black_is_a_fault_and_shown_large():
    (_, second), _ = looks(2, accept=True, turn={1: {"units": clip(kind="black")}})
    assert told(second) == ("down", "black") and not second.sure
    assert kept(second).is_picture_fault and not kept(second).is_good


def test_a_frozen_stream_is_confirmed_by_a_second_key_picture_of_the_same_look():
    (_, second, third), cam = looks(3, accept=True, units=clip(frozen=False)[:1] * 12)
    assert told(third) == ("down", "frozen")
    assert cam.asked.count("PLAY") == 3  # within one session


def test_a_looped_key_picture_is_no_freeze_when_the_next_one_differs():
    (_, second), _ = looks(2, accept=True)  # every session starts with the very same key picture
    assert told(second) == ("up", "")


@pytest.mark.parametrize(
    ("expected", "manners", "cause"),
    [
        (StreamExpected(1280, 720, "h264", 10), {}, "wrong_resolution"),
        (StreamExpected(640, 360, "hevc", 10), {}, "wrong_codec"),
        (StreamExpected(640, 360, "h264", 25), {}, "low_fps"),
        (STREET, {"fps": 1.0, "pace_s": 0.4}, "low_fps"),
        (STREET, {"date_offset_s": 437}, "clock_drift"),
        (STREET, {"date_offset_s": 3600 * 8}, "clock_drift"),
        (StreamExpected(codec="h264"), {"sdp": "m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\n"}, "wrong_codec"),
    ],
)
def test_what_differs_from_the_register_is_degraded(expected, manners, cause):
    (look,), _ = looks(brief={"expected": expected}, **manners)
    assert told(look) == ("degraded", cause)


def test_one_frame_a_second_is_found_with_any_number_of_pictures():
    (look,), _ = looks(brief={"expected": STREET}, fps=1.0, pace_s=1.0)
    assert told(look) == ("degraded", "low_fps") and look.measures["fps"] <= 1.1


@pytest.mark.parametrize(("fps", "cause"), [(5.0, ""), (4.0, "low_fps"), (3.0, "low_fps")])
def test_a_slow_shutter_may_halve_the_rate_at_night_and_no_more(fps, cause):
    midnight = {"expected": STREET, "lon": noon_lon() - 180}
    (_, second), _ = looks(2, accept=True, is_day=False, brief=midnight, fps=fps, pace_s=0.1)
    assert second.measures["mode"] == "night_colour"
    assert told(second) == (("degraded" if cause else "up"), cause)


def test_a_rate_is_not_judged_where_none_is_registered():
    (first, second), _ = looks(2, accept=True, fps=1.0, pace_s=0.2)
    assert told(second) == ("up", "")


def test_eight_k_is_measured_and_never_decoded():
    sps = clip("h264", 640, 360, 1, 1)[0]
    key = next(unit for unit in sps if unit[0] & 31 == 5)
    pps = next(unit for unit in sps if unit[0] & 31 == 8)
    units = ((sps_of_size(7680, 4320), pps, key),)
    (look,), _ = looks(units=units, brief={"expected": STREET})
    assert told(look) == ("degraded", "wrong_resolution")
    assert (look.measures["width"], look.measures["height"]) == (7680, 4320)
    assert look.picture is None and look.trail[-1].said == "7680x4320"


def sps_of_size(width: int, height: int) -> bytes:
    """A baseline parameter set of that size (H.264 7.3.2.1.1), bit by bit."""

    def ue(value: int) -> str:
        bits = bin(value + 1)[2:]
        return "0" * (len(bits) - 1) + bits

    body = f"{66:08b}{0:08b}{51:08b}" + ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(width // 16 - 1)
    body += ue(height // 16 - 1) + "1" + "1" + "0" + "0" + "1"
    body += "0" * (-len(body) % 8)
    return b"\x67" + int(body, 2).to_bytes(len(body) // 8)


def test_a_stream_that_changes_its_size_is_judged_by_what_it_shows_now():
    (first, second), _ = looks(2, accept=True, brief={"expected": STREET}, turn={1: {"units": clip("h264", 320, 180)}})
    assert told(second) == ("degraded", "wrong_resolution") and second.measures["width"] == 320


@pytest.mark.parametrize(
    ("manners", "verdict", "cause", "unreachable"),
    [
        ({"raw": b"HTTP/1.1 200 OK\r\n\r\n<html>"}, "down", "not_rtsp", False),
        ({"mute": True}, "down", "rtsp_silent", True),
        ({"codes": {"DESCRIBE": 453}}, "unknown", "busy", False),
        ({"codes": {"DESCRIBE": 404}}, "down", "no_such_stream", False),
        ({"codes": {"SETUP": 461}}, "unknown", "no_tcp_transport", False),
        ({"no_data": True}, "down", "no_data", False),
        ({"no_keys": True}, "unknown", "no_keyframe_yet", False),
        ({"no_keys": True, "close_after": 2}, "down", "closed_by_camera", False),
        ({"login": "md5", "password": "lain"}, "down", "login_refused", False),
        ({"login": "unknown"}, "unknown", "auth_unsupported", False),
    ],
)
def test_trouble_with_the_stream_has_a_verdict_and_words(manners, verdict, cause, unreachable):
    (look,), _ = looks(**manners)
    assert told(look) == (verdict, cause) and look.unreachable == unreachable
    words = causes.words_of(cause)
    assert words is not None and str(words.title) and str(words.next_step)
    assert look.trail and not look.trail[-1].ok
    assert kept(look).login_refused == (cause == "login_refused")


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("", "address_invalid"),
        ("rtsp://contoh:kenari@10.0.0.1/x", "password_in_address"),
        ("rtsp://tidak-ada.invalid/x", "dns"),
        ("rtsp://169.254.169.254/x", "address_refused"),
        ("rtsp://0.0.0.0/x", "address_refused"),
        ("rtsp://127.0.0.1:{own}/pusat/", "address_refused"),
        ("rtsp://[::ffff:127.0.0.1]:{own}/pusat/", "address_refused"),
        ("rtsp://localhost:{own}/pusat/", "address_refused"),
    ],
)
def test_bad_addresses_are_told_apart_and_never_dialled(url, cause, settings):
    settings.PORT = 18999
    look = lab.run(looking.look_at(make_brief(url.format(own=18999)), lab.eyes, QUICK))
    assert look.cause == cause
    assert look.verdict == ("down" if cause == "dns" else "unknown") and look.unreachable == (cause == "dns")
    assert "kenari" not in repr(look)


def test_loopback_is_only_dialled_in_the_sample_city(settings):
    settings.SAMPLE = False
    (look,), cam = looks()
    assert look.cause == "address_refused" and cam.connections == 0


def test_a_password_that_cannot_be_opened_is_told_and_nothing_is_dialled():
    (look,), cam = looks(brief={"secret_lost": True})
    assert told(look) == ("unknown", "secret_lost") and cam.connections == 0


def test_the_password_is_nowhere_in_what_a_look_tells(caplog):
    caplog.set_level(10)
    for manners in ({"login": "basic"}, {"login": "md5"}, {"login": "basic", "echo": True, "codes": {"PLAY": 500}}):
        (look,), _ = looks(password="kenari-7", brief={"password": "kenari-7"}, **manners)
        assert "kenari-7" not in repr(look) and b"kenari-7" not in (look.memory or b"")
    assert "kenari-7" not in caplog.text


def test_a_camera_with_sparse_key_pictures_is_given_more_time_each_look():
    (first, second), _ = looks(2, no_keys=True)
    from satukota.work.cameras.camera_memory import CameraMemory

    waits = [CameraMemory.from_bytes(look.memory).keyframe_wait_s for look in (first, second)]
    assert waits[0] < waits[1] <= 60


def test_memory_of_another_version_is_forgotten_not_fatal():
    from satukota.work.cameras.camera_memory import CameraMemory

    for junk in (None, b"", b"x", b"CPM1\xff\xff{}", b"CPM1\x00\x02{}", os.urandom(500)):
        assert CameraMemory.from_bytes(junk) == CameraMemory()
    kept_memory = CameraMemory(7, 4.0, -12.5, 1.0, b"truth")
    assert CameraMemory.from_bytes(kept_memory.to_bytes()) == kept_memory


# -- the eye ----------------------------------------------------------------------------------------------------


def question(content: bytes, **fields: Any) -> Question:
    return Question("h264", content, b"1" * 16, time.time(), 12, True, **fields)


def key_picture() -> bytes:
    unit = next(unit for unit in clip() if is_key("h264", unit))
    return b"".join(b"\0\0\0\1" + nal for nal in unit)


@pytest.mark.parametrize(
    "junk", [b"", b"\0\0\0\1\x65" + b"x" * 500, b"\xff" * 5000, b"\0\0\0\1\x67" + b"\0" * 5000], ids=range(4)
)
def test_what_is_no_picture_is_told_and_the_eye_lives_on(junk):
    async def run():
        eyes = Eyes(1)
        with pytest.raises(EyeFailed) as caught:
            await eyes.look(question(junk))
        pids = eyes.pids
        seen = await eyes.look(question(key_picture()))
        assert eyes.pids == pids
        eyes.close()
        return caught.value.cause, seen.size

    assert asyncio.run(run()) == ("decode_errors", (640, 360))


def test_a_damaged_picture_is_unverified_not_covered():
    async def run():
        eyes = Eyes(1)
        whole = key_picture()
        seen = await eyes.look(question(whole[: len(whole) // 2] + b"\xa5" * 4000))
        eyes.close()
        return seen

    seen = asyncio.run(run())
    assert (seen.outcome, seen.cause) == ("unverified", "decode_errors")


def test_an_eye_that_hangs_is_ended_and_replaced():
    async def run():
        eyes = Eyes(1, wall_limit_s=1.0)
        await eyes.look(question(key_picture()))
        hung = eyes.pids[0]
        os.kill(hung, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(EyeFailed) as caught:
            await eyes.look(question(key_picture()))
        took = time.monotonic() - started
        seen = await eyes.look(question(key_picture()))
        assert eyes.pids != [hung] and seen.size == (640, 360)
        eyes.close()
        return caught.value.cause, took

    cause, took = asyncio.run(run())
    assert cause == "decoder_killed" and took < 3


def test_an_eye_that_dies_costs_one_look():
    async def run():
        eyes = Eyes(1)
        await eyes.look(question(key_picture()))
        os.kill(eyes.pids[0], signal.SIGKILL)
        with pytest.raises(EyeFailed):
            await eyes.look(question(key_picture()))
        await eyes.look(question(key_picture()))
        eyes.close()

    asyncio.run(run())


def test_an_eye_is_replaced_after_its_number_of_looks():
    async def run():
        eyes = Eyes(1, recycle=2)
        pids = []
        for _ in range(4):
            await eyes.look(question(key_picture()))
            pids += eyes.pids
        eyes.close()
        return pids

    pids = asyncio.run(run())
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_cancelled_look_does_not_leave_its_answer_to_the_next():
    async def run():
        eyes = Eyes(1)
        await eyes.look(question(key_picture()))
        task = asyncio.create_task(eyes.look(question(key_picture())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        small = clip("h264", 320, 180, 1, 1)[0]
        seen = await eyes.look(question(b"".join(b"\0\0\0\1" + nal for nal in small)))
        eyes.close()
        return seen.size

    assert asyncio.run(run()) == (320, 180)


def test_an_eye_knows_no_secrets_and_no_django(monkeypatch):
    monkeypatch.setenv("SATUKOTA_SECRET_KEYS", "kenari")

    async def run():
        eyes = Eyes(1)
        await eyes.look(question(key_picture()))
        pid = eyes.pids[0]
        environment = Path(f"/proc/{pid}/environ").read_text()
        mapped = Path(f"/proc/{pid}/maps").read_text()
        eyes.close()
        return environment, mapped

    environment, mapped = asyncio.run(run())
    assert "kenari" not in environment and "SATUKOTA" not in environment
    assert "psycopg" not in mapped and "_sqlite3" not in mapped


def test_eyes_end_when_the_prober_is_killed(tmp_path):
    import subprocess
    import sys

    program = (
        "import asyncio, sys, time\n"
        "from satukota.work.cameras.eye import Eyes, EyeFailed, Question\n"
        "async def main():\n"
        "    eyes = Eyes(1)\n"
        "    try: await eyes.look(Question('h264', b'x', b'', 0.0, 1))\n"
        "    except EyeFailed: pass\n"
        "    print(eyes.pids[0], flush=True); time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    source = str(looking.__file__).rpartition("/satukota/work/")[0]
    prober = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    )
    assert prober.stdout is not None
    eye = int(prober.stdout.readline())
    prober.kill()
    prober.wait()
    until = time.monotonic() + 5
    while os.path.exists(f"/proc/{eye}") and _is_alive(eye) and time.monotonic() < until:
        time.sleep(0.05)
    assert not (os.path.exists(f"/proc/{eye}") and _is_alive(eye))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_not_rtsp_keeps_no_more_than_it_says():
    assert len(NotRtsp(b"x" * 100_000).said) == 4096
