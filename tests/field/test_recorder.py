"""The simulated recorder as a public ONVIF client and a plain RTSP client see it."""

from __future__ import annotations

import asyncio
import datetime as dt
import struct
import time
from pathlib import Path
from typing import Any

import onvif
import pytest
from onvif.client import ONVIFService
from zeep.exceptions import Fault

from satukota_field.running import RunningField, run_in_thread
from satukota_field.scenario import RecorderSpec, ScenarioError
from tests.field.streets import CACHE, RtspClient, camera, digest, login, town

WSDL = Path(onvif.__file__).parent / "wsdl"


@pytest.fixture(scope="module")
def field():
    recorder = RecorderSpec("NVR", "FO-01", "GD-01", ("A",), login(), days=3, gaps=(("A", 600, 60), ("A", 300, 30)))
    with run_in_thread(town(camera("A"), recorders=(recorder,)), cache=CACHE, light="day") as running:
        yield running


async def asked(field: RunningField, service: str, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """The answers as the official descriptions read them."""
    number = field.server.recorders["NVR"].port
    name = {"search": "SearchBinding", "replay": "ReplayBinding"}[service]
    client = ONVIFService(
        f"http://127.0.0.1:{number}/onvif/{service}_service", "satukota", "contoh-rahasia-01",
        str(WSDL / f"{service}.wsdl"), binding_name=f"{{http://www.onvif.org/ver10/{service}/wsdl}}{name}",
    )  # fmt: skip
    await client.setup()
    try:
        found: list[Any] = []
        for action, said in calls:
            if "SearchToken" in said:
                said = said | {"SearchToken": found[-1]}
            found.append(await getattr(client.ws_client, action)(**said))
        return found
    finally:
        await client.close()


def search(field: RunningField, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    return asyncio.run(asked(field, "search", list(calls)))


def test_the_official_descriptions_read_what_it_holds(field: RunningField):
    summary, _, found = search(
        field, ("GetRecordingSummary", {}),
        ("FindRecordings", {"Scope": {}, "KeepAliveTime": dt.timedelta(seconds=10)}),
        ("GetRecordingSearchResults", {"SearchToken": ""}),
    )  # fmt: skip
    assert summary.NumberRecordings == 1
    (information,) = found.RecordingInformation
    assert information.RecordingToken == "REC-A" and information.RecordingStatus == "Recording"
    days = (information.LatestRecording - information.EarliestRecording).total_seconds() / 86_400
    assert days == pytest.approx(3, abs=0.01)


def test_the_official_descriptions_read_its_gaps(field: RunningField):
    now = dt.datetime.now(dt.UTC)
    _, found = search(
        field,
        ("FindEvents", {"StartPoint": now - dt.timedelta(seconds=900), "EndPoint": now, "Scope": {}, "SearchFilter": {},
                        "IncludeStartState": True, "KeepAliveTime": dt.timedelta(seconds=10)}),
        ("GetEventSearchResults", {"SearchToken": ""}),
    )  # fmt: skip
    assert found.SearchState == "Completed"
    told = [(one.StartStateEvent, round((now - one.Time).total_seconds())) for one in found.Result]
    assert [start for start, _ in told] == [True, False, False, False, False]
    ages = [age for _, age in told]
    assert (
        ages[0] == 900
        and ages[1] - ages[2] == pytest.approx(60, abs=1)
        and ages[3] - ages[4] == pytest.approx(30, abs=1)
    )


def test_a_wrong_password_and_an_unknown_recording_are_faults(field: RunningField):
    with pytest.raises(Fault, match="no such recording"):
        search(field, ("GetRecordingInformation", {"RecordingToken": "LAIN"}))
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    (uri,) = asyncio.run(asked(field, "replay", [("GetReplayUri", {"StreamSetup": setup, "RecordingToken": "REC-A"})]))
    assert uri.startswith("rtsp://127.0.0.1:") and uri.endswith("/rekaman/A")


def clock(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


class Replay(RtspClient):
    def ask_in(self, method: str, *headers: str, url: str | None = None) -> Any:
        challenge = self.ask(method, *headers, url=url)
        if challenge.status != 401:
            return challenge
        proof = digest(challenge.challenges[0], method, url or self.url, login())
        return self.ask(method, proof, *headers, url=url)

    def replay(self, *headers: str, require: str = "Require: onvif-replay") -> Any:
        self.ask_in("DESCRIBE", "Accept: application/sdp")
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        setup = self.ask_in("SETUP", transport, require, url=f"{self.url}/track1")
        if setup.status != 200:
            return setup
        session = f"Session: {setup.headers['session'].partition(';')[0]}"
        return self.ask_in("PLAY", session, require, "Rate-Control: no", *headers)


def url_of(field: RunningField) -> str:
    device = field.server.recorders["NVR"]
    return field.server.replay_url(device.recorder.tracks["A"])


def test_each_picture_of_a_replay_carries_its_moment_and_the_gap_is_marked(field: RunningField):
    since = time.time() - 605
    with Replay(url_of(field)) as client:
        assert client.replay(f"Range: clock={clock(since)}-{clock(since + 70)}").status == 200
        marks = []
        while not marks or not marks[-1][1] & 0x10:  # T: the last one
            packet = client.next_packet()
            if packet[0] & 0x10:
                kind, words, seconds, fraction, flags = struct.unpack_from(">HHIIB", packet, 12)
                assert (kind, words) == (0xABAC, 3)
                marks.append((seconds - 2_208_988_800 + fraction / 2**32 - since, flags))
    moments = [at for at, _ in marks]
    assert moments == sorted(moments) and -1.01 <= moments[0] <= 0 and moments[-1] == pytest.approx(70, abs=0.3)
    assert marks[0][1] & 0x80  # begins with a key picture
    (end,) = [n for n, (_, flags) in enumerate(marks[:-1]) if flags & 0x40]
    assert marks[end + 1][1] & 0xA0 == 0xA0  # D and C: the first one after it
    gap = field.server.recorders["NVR"].recorder.tracks["A"].gaps[0]
    assert gap.start - 0.21 <= since + moments[end] <= gap.start
    assert gap.end is not None and gap.end <= since + moments[end + 1] <= gap.end + 1.01


@pytest.mark.parametrize(
    ("headers", "require", "status"),
    [
        (["Range: npt=0-"], "Require: onvif-replay", 457),
        (["Range: clock=20200101T000000Z-20200101T000100Z"], "Require: onvif-replay", 457),
        ([], "Require: funny-tag", 551),
    ],
)
def test_what_it_cannot_play_is_refused(field: RunningField, headers: list[str], require: str, status: int):
    with Replay(url_of(field)) as client:
        assert client.replay(*headers, require=require).status == status


def test_a_camera_that_goes_silent_leaves_a_gap_and_words_make_one(field: RunningField):
    track = field.server.recorders["NVR"].recorder.tracks["A"]
    before = len(track.gaps)
    field.control.do("gap NVR A 100 10")
    assert len(track.gaps) == before + 1
    field.control.set("A", "silent")
    until = time.monotonic() + 5
    while not (track.gaps and track.gaps[-1].end is None) and time.monotonic() < until:
        time.sleep(0.1)
    assert track.gaps[-1].end is None
    field.control.set("A", "healthy")
    while track.gaps[-1].end is None and time.monotonic() < until:
        time.sleep(0.1)
    assert track.gaps[-1].end is not None


def test_a_recorder_of_unknown_cameras_is_refused():
    with pytest.raises(ScenarioError, match="NVR"):
        town(camera("A"), recorders=(RecorderSpec("NVR", "FO-01", "GD-01", ("B",)),))
