"""Scenarios are checked when read, the timeline does what it says, and the command line ends cleanly."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from satukota_field.clips import Clip, Recipe, write_clip
from satukota_field.field import TOWN_CLOCK, light_now
from satukota_field.payloads import rtp_payloads, split_nals
from satukota_field.running import run_in_thread
from satukota_field.scenario import SAMPLE, ScenarioError, Step, load_scenario
from tests.field.streets import CACHE, camera, town

ROOT = Path(__file__).resolve().parents[2]


def test_the_sample_town_is_as_agreed():
    sample = load_scenario(SAMPLE)
    assert [c.code for c in sample.cameras] == [f"MB-{n:03d}" for n in range(1, 67)]
    assert sample.links == ("FO-01", "FO-02", "FO-03", "FO-04", "FO-05", "FO-06", "FO-07", "FO-08", "RD-01", "4G-01")
    assert sum(c.link == "FO-07" for c in sample.cameras) == 14
    assert {c.power for c in sample.cameras} == {f"GD-{n:02d}" for n in range(1, 11)}
    assert [c.code for c in sample.cameras if c.onvif] == [f"MB-{n:03d}" for n in range(1, 9)]
    ports = sample.ports
    assert (ports.rtsp, ports.switch, ports.witness, ports.discovery, ports.onvif, ports.control) == (
        18600, 18640, 18680, 18689, 18691, 18699,
    )  # fmt: skip
    assert min(step.at_s for step in sample.timeline) >= 90  # until then references are learned
    early = {step.do for step in sample.timeline if step.at_s <= 330}
    assert {"set MB-009 frozen", "set MB-057 closing", "link FO-07 down", "link FO-07 up"} <= early
    # The ill ones are not behind the link that dies, so that each stays visible for what it is.
    ill = {step.do.split()[1] for step in sample.timeline if step.do.startswith("set") and step.at_s <= 110}
    assert not ill & {c.code for c in sample.cameras if c.link == "FO-07"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cameras = 3", "missing or unknown"),
        ("[[cameras]]\ncode = 'A'", "missing or unknown"),
        ("[[cameras]]\ncode='../x'\nlink='F'\npower='G'\nseed=1", "camera code"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\nfault='melted'", "no such fault: melted"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\nsize=[641, 360]", "size must be even"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\nfps=0", "fps must be"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\ncodec='av1'", "codec is one of"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\ncodec='h265'\nonvif=true", "codec is one of"),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\ncodec='mjpeg'\nsize=[642, 360]", "whole eights"),
        (
            "[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\nlogin={user='x', password='y', scheme='z'}",
            "login scheme",
        ),
        ("[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1\nvideo='absent.mp4'", "no such video file"),
        ("links=['X']\n[[cameras]]\ncode='A'\nlink='F'\npower='G'\nseed=1", "not listed"),
        ("cameras = [", "scenario.toml"),
    ],
)
def test_mistakes_in_a_scenario_are_named(tmp_path: Path, text: str, reason: str):
    (tmp_path / "scenario.toml").write_text(text)
    with pytest.raises(ScenarioError, match=reason):
        load_scenario(tmp_path / "scenario.toml")


def test_more_cameras_share_pictures_and_fewer_keep_a_sound_timeline():
    sample = load_scenario(SAMPLE)
    many, few = sample.with_number(1000), sample.with_number(5)
    assert len({c.code for c in many.cameras}) == 1000
    assert len({c.seed for c in many.cameras}) == 66
    assert all(step.do.split()[1] in {"MB-002", "FO-01"} or step.do.startswith("power") for step in few.timeline)
    for number in (0, 1001):
        with pytest.raises(ScenarioError):
            sample.with_number(number)


def test_the_timeline_acts_and_repeats():
    scenario = town(
        camera("A"), timeline=(Step(0.2, "link FO-01 down", every_s=1.0), Step(0.7, "link FO-01 up", every_s=1.0))
    )
    with run_in_thread(scenario, cache=CACHE, light="day") as field:
        started, seen = time.monotonic(), [True]  # the clock of the timeline starts with the first pictures
        while time.monotonic() - started < 2.6:
            state = field.control.status()["links"][0]["up"]
            if not seen or seen[-1] != state:
                seen.append(state)
            time.sleep(0.02)
    assert seen[:5] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("clock", "light"), [("05:00", "night"), ("06:00", "dusk"), ("12:00", "day"), ("18:10", "dusk"), ("23:59", "night")]
)
def test_light_follows_the_clock_of_the_town(clock: str, light: str):
    hour, minute = map(int, clock.split(":"))
    assert light_now(dt.datetime(2026, 8, 17, hour, minute, tzinfo=TOWN_CLOCK)) == light


def test_a_film_is_served_as_it_is_and_can_fall_ill(tmp_path: Path):
    film = ROOT.parent / "shared" / "data" / "video" / "intel-car-detection.mp4"
    if not film.exists():
        pytest.skip("no sample films beside the checkout")
    scenario = town(camera("FILM", video=str(film), width=320, height=180))
    with run_in_thread(scenario, cache=tmp_path, light="day") as field:
        field.control.set("FILM", "black")
        field.control.set("FILM", "healthy")
        clip = field.server.mounts["FILM"].live
        assert clip is not None and len(clip.pictures) > 10 and clip.still(0)[:2] == b"\xff\xd8"


def test_a_film_that_is_none_is_named_and_hurts_nobody_else(tmp_path: Path):
    (tmp_path / "text.mp4").write_text("not a film")
    scenario = town(camera("BAD", video=str(tmp_path / "text.mp4")), camera("GOOD"))
    with run_in_thread(scenario, cache=CACHE, light="day", ready=False) as field:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (field.server.failed and field.server.mounts["GOOD"].is_ready):
            time.sleep(0.1)
        assert list(field.server.failed) == ["BAD"] and "BAD live" in field.server.failed["BAD"]
        assert field.server.mounts["GOOD"].is_ready


def test_a_broken_clip_in_the_cache_is_made_again(tmp_path: Path):
    scenario = town(camera("A"))
    with run_in_thread(scenario, cache=tmp_path, light="day"):
        pass
    (clip,) = tmp_path.glob("*/*.clip")
    whole = clip.read_bytes()
    for broken in (whole[:-100], whole[:10], b"", b"x" * 50):
        clip.write_bytes(broken)
        with pytest.raises(ValueError, match=clip.name):
            Clip(clip)
    with run_in_thread(scenario, cache=tmp_path, light="day") as field:
        assert field.control.status()["clips_made"] == 1
    assert Clip(clip).pictures


def test_recipes_that_differ_have_different_keys():
    one = Recipe(1, "A", 160, 96, 5.0, 1.0, "day")
    keys = {one.key()} | {
        Recipe(**{**one.__dict__, **change}).key()
        for change in ({"seed": 2}, {"name": "B"}, {"light": "dusk"}, {"kind": "frozen"}, {"fps": 6.0}, {"gop_s": 2.0})
    }
    assert len(keys) == 7


def test_fragments_put_together_are_the_nal_unit():
    for length in (1, 1399, 1400, 1401, 1402, 2797, 2798, 2799, 50_000):
        nal = bytes([0x65]) + bytes(k % 251 for k in range(length - 1))
        parts = list(rtp_payloads(nal))
        assert all(len(part) <= 1400 for part in parts)
        if len(parts) == 1:
            assert parts[0] == nal
            continue
        assert [part[0] & 31 for part in parts] == [28] * len(parts)
        assert [part[1] >> 6 for part in parts] == [2] + [0] * (len(parts) - 2) + [1]  # start, middle, end
        assert bytes([(parts[0][0] & 0xE0) | (parts[0][1] & 31)]) + b"".join(part[2:] for part in parts) == nal


def test_start_codes_of_both_lengths_are_found():
    assert list(split_nals(b"\0\0\0\x01gab\0\0\x01hcd\0\0\0\x01e")) == [b"gab", b"hcd", b"e"]


def test_a_film_without_parameter_sets_is_not_written(tmp_path: Path):
    with pytest.raises(ValueError, match="parameter sets"):
        write_clip(tmp_path / "x.clip", (2, 2), 1.0, [(True, b"\0\0\0\x01\x65abc")], [])
    assert not list(tmp_path.iterdir())


def lives(pid: int) -> bool:
    """Whether this process runs; one that ended and was not yet collected by its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def run_field(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "satukota_field", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_a_second_even_while_baking(tmp_path: Path, sign: signal.Signals):
    field = run_field("--free-ports", "--cache", str(tmp_path), "--light", "day", "--cameras", "4")
    control = int(field.stdout.readline().split()[-1])
    asked = subprocess.run(
        [sys.executable, "-m", "satukota_field", "status", "--port", str(control)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert len(json.loads(asked.stdout)["cameras"]) == 4
    workers = [int(pid) for pid in Path(f"/proc/{field.pid}/task/{field.pid}/children").read_text().split()]
    assert workers  # it was caught at work
    started = time.monotonic()
    field.send_signal(sign)
    assert field.wait(5) == 0
    assert time.monotonic() - started < 1.0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert "Traceback" not in field.stderr.read()


def test_workers_follow_a_killed_server(tmp_path: Path):
    field = run_field("--free-ports", "--cache", str(tmp_path), "--light", "day", "--cameras", "4")
    field.stdout.readline()
    time.sleep(0.3)
    workers = [int(pid) for pid in Path(f"/proc/{field.pid}/task/{field.pid}/children").read_text().split()]
    field.kill()
    field.wait()
    until = time.monotonic() + 5
    while time.monotonic() < until and any(lives(pid) for pid in workers):
        time.sleep(0.05)
    assert workers and not any(lives(pid) for pid in workers)


def test_the_command_line_says_what_is_wrong(tmp_path: Path):
    for words, reason in (
        (("--scenario", str(tmp_path / "absent.toml")), "absent.toml"),
        (("--fault", "MB-012"), "write CODE=FAULT"),
        (("--fault", "MB-999=frozen"), "no such camera: MB-999"),
        (("--fault", "MB-001=melted"), "no such fault: melted"),
        (("--cameras", "0"), "--cameras must be"),
    ):
        field = run_field(*words)
        _, told = field.communicate(timeout=20)
        assert field.returncode == 2 and reason in told and "Traceback" not in told
    field = run_field("status", "--port", "1")
    assert "no field answers" in field.communicate(timeout=20)[1] and field.returncode == 3
