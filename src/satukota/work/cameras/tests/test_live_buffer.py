"""The last minutes of a camera: playable, cut where asked, bounded, and whole after kill -9."""

import asyncio
import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest
from asgiref.sync import sync_to_async

from satukota.shared.monitoring.models import Target
from satukota.work.cameras.live import buffer
from satukota.work.cameras.live.buffer import Recorder
from satukota.work.cameras.live.gate import Gate
from satukota.work.cameras.live.packing import Packer
from satukota.work.cameras.live.service import Hub
from satukota.work.cameras.models import LiveSource
from satukota.work.cameras.rtsp import AccessUnit

from . import make
from . import rtsp_double as double

START, STEP = 1_790_000_000.0, 0.1  # ten pictures a second, a key picture each second


def units(size: tuple[int, int] = (320, 180), begin: int = 0, count: int = 20) -> list[AccessUnit]:
    """`count` pictures from number `begin` on, by the camera's clock of 90 kHz."""
    coded = double.clip("h264", *size, frames=20, gop=10)
    made = []
    for number in range(begin, begin + count):
        nals = coded[number % 20]
        sets = [one for one in nals if one[0] & 31 in (7, 8)]
        slices = [one for one in nals if one[0] & 31 in (1, 5)]
        made.append(AccessUnit(number * 9000, slices, is_key=bool(sets), sets=sets))
    return made


def record(recorder: Recorder, packer: Packer, pictures: list[AccessUnit], begin: int = 0) -> None:
    for number, unit in enumerate(pictures, begin):
        for message in packer.pack(unit, START + number * STEP):
            recorder.offer(message)


def frames(content: bytes) -> list[float]:
    """Moments of the pictures that can be decoded, by PyAV."""
    with av.open(io.BytesIO(content)) as film:
        return [round(float(frame.time or 0), 3) for frame in film.decode(video=0)]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "7", keep_s=60)


def test_what_was_kept_plays_and_begins_at_zero(recorder):
    record(recorder, Packer("h264"), units(count=250))
    assert [one.began for one in buffer.segments(recorder.folder)] == [START, START + 10, START + 20]
    found = buffer.clips(recorder.folder, START + 12, START + 21)
    assert [(clip.began, round(clip.ended, 3)) for clip in found] == [(START + 10, START + 24.9)]
    told = frames(found[0].content)
    assert len(told) == 150 and told[0] == 0.0 and told[-1] == pytest.approx(14.9, abs=0.15)


def test_a_stream_that_changed_its_size_gives_a_clip_each(recorder):
    packer = Packer("h264")
    record(recorder, packer, units(count=30))
    record(recorder, packer, units((640, 360), 30, 30), 30)
    found = buffer.clips(recorder.folder, START, START + 60)
    assert [len(frames(clip.content)) for clip in found] == [30, 30]


def test_nothing_kept_is_no_clip(recorder):
    assert buffer.clips(recorder.folder, START, START + 60) == []
    record(recorder, Packer("h264"), units(count=20))
    assert buffer.clips(recorder.folder, START - 100, START - 50) == []


def test_it_forgets_what_is_older_and_stays_within_its_bytes(tmp_path):
    recorder = Recorder(tmp_path / "7", keep_s=20)
    record(recorder, Packer("h264"), units(count=600))
    kept = [one.began - START for one in buffer.segments(recorder.folder)]
    assert kept == [30.0, 40.0, 50.0]
    other = Recorder(tmp_path / "8", keep_s=60)
    record(other, Packer("h264"), units(count=150))
    newest = buffer.segments(recorder.folder)[-1].size + buffer.segments(other.folder)[-1].size
    assert buffer.keep_within(tmp_path, newest) == 3
    assert [len(buffer.segments(tmp_path / name)) for name in ("7", "8")] == [1, 1]
    assert buffer.keep_within(tmp_path, 0) == 0  # the newest of each stays
    assert buffer.measure(tmp_path)["cameras"] == 2


def test_a_full_disk_ends_the_segment_and_nothing_else(recorder, monkeypatch):
    packer = Packer("h264")
    record(recorder, packer, units(count=15))
    assert recorder._file is not None

    class Full:
        def write(self, _content: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None: ...

    recorder._file.close()
    recorder._file = Full()  # type: ignore[assignment]
    record(recorder, packer, units(begin=15, count=3), 15)
    assert recorder.problem == "disk_full"
    record(recorder, packer, units(begin=20, count=15), 20)  # space again: goes on at the next key picture
    assert recorder.problem == ""
    assert len(buffer.segments(recorder.folder)) == 2


def test_a_cut_or_foreign_file_is_read_as_far_as_it_is_whole(recorder):
    record(recorder, Packer("h264"), units(count=20))
    path = buffer.segments(recorder.folder)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    (recorder.folder / "catatan.mp4").write_bytes(b"bukan video")
    (recorder.folder / "1.mp4").write_bytes(b"\0\0\0\1junk")
    assert [len(frames(clip.content)) for clip in buffer.clips(recorder.folder, START, START + 10)] == [19]


WRITER = """
import sys
from pathlib import Path
from satukota.work.cameras.live.buffer import Recorder
from satukota.work.cameras.live.packing import Packer
from satukota.work.cameras.tests.test_live_buffer import record, units
recorder, packer = Recorder(Path(sys.argv[1]), 60), Packer("h264")
for number in range(0, 10_000, 10):
    record(recorder, packer, units(begin=number, count=10), number)
    print(number + 10, flush=True)
"""


def test_kill_minus_nine_loses_nothing_that_was_told(tmp_path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "DJANGO_SETTINGS_MODULE": "satukota.project.settings"}
    command = [sys.executable, "-c", "import django; django.setup()\n" + WRITER, str(tmp_path / "7")]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told = int(line)
        if told >= 120:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = sum(len(frames(clip.content)) for clip in buffer.clips(tmp_path / "7", START, START + 10_000))
    assert kept >= told


@pytest.mark.django_db(transaction=True)
def test_the_hub_keeps_the_cameras_that_ask_for_it(tmp_path, settings):
    settings.SAMPLE = True
    make.make_city()
    known = make.make_camera("MB-001")

    async def run() -> None:
        hub = Hub(Gate(), idle_s=0.1)
        async with double.camera(fps=20) as camera:
            await sync_to_async(Target.objects.filter(pk=known.pk).update)(address=camera.url)
            await sync_to_async(LiveSource.objects.create)(camera_id=known.pk, buffer_minutes=5)
            wanted = await hub.gate.buffered()
            assert wanted == {known.pk: 300.0}
            hub.buffer_these(tmp_path, wanted)
            async with asyncio.timeout(15):
                while (
                    not (found := buffer.clips(tmp_path / str(known.pk), 0, time.time()))
                    or len(frames(found[0].content)) < 10
                ):
                    await asyncio.sleep(0.1)
            hub.buffer_these(tmp_path, {})
            assert not hub.recorders and not hub.upstream(known.pk, "main").watchers
            await hub.stop()

    asyncio.run(run())
