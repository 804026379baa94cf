"""The worker that makes clips: renders or reads pictures, encodes them, writes the file. A process of its own.

Run as `python -m satukota_field.baking`: one job per line on stdin ({"recipe": {…}, "path": "…"}), one answer per line
on stdout ({"ok": true} or {"error": "…"}). It ends when stdin does, so it never outlives the server.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from satukota_field.clips import Recipe, write_clip
from satukota_field.scenes import Scene
from satukota_field.scenes.lens import add_lettering, add_noise, spoil
from satukota_field.scenes.textures import Picture

HUGE = (7680, 4320)
REAL_FPS = {"low_fps": 3.0, "one_fps": 1.0}
SPOILED = {"black": 1.0, "covered": 0.85, "defocused": 4.0}  # lens faults and their level here


class Encoder:
    """H.264 Main or H.265 Main, no B-frames, fixed groups: one setting for every clip of a codec, so that streams
    switch at any keyframe."""

    def __init__(
        self, size: tuple[int, int], told_fps: float, group: int, *, codec: str = "h264", quick: bool = False
    ) -> None:
        self._output = av.open(os.devnull, "w", format="h264" if codec == "h264" else "hevc")
        self._stream: Any = self._output.add_stream(
            "libx264" if codec == "h264" else "libx265", rate=round(told_fps)
        )  # fmt: skip
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "yuv420p"
        self._stream.thread_count = 1
        groups = f"keyint={group}:min-keyint={group}:scenecut=0:bframes=0"
        own = {
            "h264": {"x264-params": f"cabac=1:{groups}:threads=1"},
            "h265": {"x265-params": f"{groups}:repeat-headers=1:pools=none:frame-threads=1:log-level=none"},
        }[codec]
        self._stream.options = {
            "preset": "ultrafast",  # half the time of superfast for a third more bytes; the wire is loopback
            "profile": "main",
            "crf": "40" if quick else "27",
            **own,
        }
        self._count = 0

    def units(self, frames: Iterable[Picture]) -> Iterator[tuple[bool, bytes]]:
        for frame in frames:
            yuv = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
            picture = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
            picture.pts, self._count = self._count, self._count + 1
            yield from ((packet.is_keyframe, bytes(packet)) for packet in self._stream.encode(picture))
        yield from ((packet.is_keyframe, bytes(packet)) for packet in self._stream.encode(None))
        self._output.close()


def bake(recipe: Recipe, path: Path) -> None:
    """Make the clip of this recipe. Raises ValueError or av.FFmpegError when the film cannot be used."""
    if recipe.video and recipe.kind == "live" and recipe.codec == "h264" and _copy_film(recipe, path):
        return
    size = HUGE if recipe.kind == "huge" else (recipe.width, recipe.height)
    if recipe.kind == "resolution_change":
        unit = 8 if recipe.codec == "mjpeg" else 2
        size = (recipe.width // (2 * unit) * unit, recipe.height // (2 * unit) * unit)
        recipe = replace(recipe, width=size[0], height=size[1])
    fps = 2.0 if recipe.kind == "huge" else REAL_FPS.get(recipe.kind, recipe.fps)
    group = max(1, round(recipe.gop_s * fps))
    stills: list[bytes] = []

    def kept(frames: Iterable[Picture]) -> Iterator[Picture]:
        for k, frame in enumerate(frames):
            if k % group == 0:
                stills.append(_jpeg(frame))
            yield frame

    # The declared rate stays the camera's: a camera that has become slow does not say so.
    pictures = kept(_frames(recipe, fps, group))
    if recipe.codec == "mjpeg":
        units = [(True, _jpeg(picture, 70)) for picture in pictures]
    else:
        encoder = Encoder(size, recipe.fps, group, codec=recipe.codec, quick=recipe.kind == "huge")
        units = list(encoder.units(pictures))
    write_clip(path, size, fps, units, stills, recipe.codec)


def _frames(recipe: Recipe, fps: float, group: int) -> Iterator[Picture]:
    """The pictures of a clip in order, whole groups only."""
    moments = [k / fps for k in range(max(1, round(recipe.loop_s * fps / group)) * group)]
    pictures = _film(recipe, moments) if recipe.video else _street(recipe, moments)
    if recipe.kind == "frozen":
        still = next(pictures)
        yield from (still for _ in range(group))
    elif recipe.kind == "frozen_noise":
        still = next(pictures)
        yield from (add_noise(still, 0.8, k) for k in range(group * 7))
    elif recipe.kind == "huge":
        large = cv2.resize(next(pictures), HUGE, interpolation=cv2.INTER_LINEAR)
        yield from (large for _ in range(group))
    elif recipe.kind == "black":
        yield from (picture for picture, _ in zip(pictures, range(group * 3), strict=False))
    else:
        yield from pictures


def _street(recipe: Recipe, moments: list[float]) -> Iterator[Picture]:
    scene = Scene(recipe.seed, recipe.name, (recipe.width, recipe.height))
    fault = recipe.kind if recipe.kind in (*SPOILED, "turned") else None
    for t_s in moments:
        yield scene.frame(t_s, recipe.light, fault, level=SPOILED.get(recipe.kind))


def _film(recipe: Recipe, moments: list[float]) -> Iterator[Picture]:
    """Pictures of a video file at these moments, from the start again when it ends, faults as filters on them."""
    assert recipe.video
    step, at, taken = moments[1] - moments[0] if len(moments) > 1 else 1.0, 0.0, 0
    while taken < len(moments):
        seen = 0
        with av.open(recipe.video) as container:
            for frame in container.decode(container.streams.video[0]):
                seen += 1
                if (frame.time or 0.0) + 1e-6 < at:
                    continue
                yield _spoiled_film(recipe, frame.to_ndarray(format="bgr24"))
                at, taken = at + step, taken + 1
                if taken == len(moments):
                    return
        if not seen:
            raise ValueError(f"{Path(recipe.video).name} holds no pictures")
        at = 0.0


def _spoiled_film(recipe: Recipe, picture: Picture) -> Picture:
    size = (recipe.width, recipe.height)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if recipe.kind == "turned":
        # A film has nothing beside its edges: a turned camera shows a part of it, larger and off the middle.
        h, w = picture.shape[:2]
        picture = cv2.resize(np.ascontiguousarray(picture[h // 4 :, w // 3 :]), size, interpolation=cv2.INTER_CUBIC)
    if recipe.kind in SPOILED:
        picture = spoil(picture, recipe.kind, SPOILED[recipe.kind], recipe.seed)
        if recipe.kind == "black":
            picture = add_noise(picture, 1.0, 1)
        add_lettering(picture, recipe.name, None)
    return picture


def _copy_film(recipe: Recipe, path: Path) -> bool:
    """Take an H.264 film without B-frames as it is; False when it has to be encoded anew."""
    assert recipe.video
    with av.open(recipe.video) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "h264" or stream.codec_context.has_b_frames:
            return False
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [out for packet in container.demux(stream) if packet.size for out in annex_b.filter(packet)]
        size = (stream.codec_context.width, stream.codec_context.height)
        fps = float(stream.average_rate or recipe.fps)
    if not packets or not packets[0].is_keyframe:
        return False
    with av.open(recipe.video) as container:
        first = next(container.decode(container.streams.video[0])).to_ndarray(format="bgr24")
    write_clip(path, size, fps, [(packet.is_keyframe, bytes(packet)) for packet in packets], [_jpeg(first)])
    return True


def _jpeg(picture: Picture, quality: int = 80) -> bytes:
    if picture.shape[1] > 1920:
        picture = cv2.resize(picture, (1920, 1080), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    """Pass jobs on; when the server is gone, even killed, end at once in the middle of a clip."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def main() -> None:
    cv2.setNumThreads(1)
    av.logging.set_level(None)
    os.nice(5)  # the server beside us paces frames and must not wait for us
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        line = jobs.get()
        job = json.loads(line)
        try:
            bake(Recipe(**job["recipe"]), Path(job["path"]))
            answer: dict[str, Any] = {"ok": True}
        except Exception as problem:  # the job fails, the worker goes on with the next
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
