"""One look at one camera, start to finish. No database here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from satukota.base import addresses, clock
from satukota.base.secrets import Sealed
from satukota.rules import sun
from satukota.rules.picture_truth.stream_truth import (
    StreamExpected,
    StreamFinding,
    StreamPolicy,
    StreamSeen,
    fps_of,
    judge_stream,
)
from satukota.shared.monitoring.models import Verdict
from satukota.shared.monitoring.registry import Look, Step

from . import causes, rtsp
from .camera_memory import CameraMemory
from .eye import EyeFailed, Eyes, Learned, Question, Seen
from .eye.limits import MAX_HEIGHT, MAX_WIDTH
from .live import hub_client
from .onvif import clock as onvif_clock

DEADLINE_S = 90.0
HOLD_S = 3.0  # a camera that hangs up sooner cannot be watched
TAIL_PICTURES, TAIL_S = 6, 1.5  # with the key picture, for the frame rate: five gaps at least
WINDOW_S = 5.0  # when the rate looks wrong, and every WINDOW_EVERY looks
WINDOW_EVERY = 10
CLOCK_EVERY_S = 600.0
CLOCK_KEPT_S = 1800.0
SUSPECT_SHARE = 0.75
NIGHT_RATE, NIGHT_SHARE = 0.5, 0.9  # a slow shutter may halve the rate at night; what is clearly less is a fault
UP, DEGRADED, DOWN, UNKNOWN = Verdict.values


@dataclass(frozen=True)
class Brief:
    """What a look needs to know of one camera."""

    camera_id: int
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_sealed: Sealed | str = field(default="", repr=False)
    secret_lost: bool = False
    may_log_in: bool = True
    onvif_url: str = ""
    expected: StreamExpected = StreamExpected()
    sensitivity: str = "sedang"
    lon: float | None = None
    lat: float | None = None
    memory: CameraMemory = field(default_factory=CameraMemory)
    references: Sequence[tuple[str, bytes]] = field(default=(), repr=False)
    anchor_ids: frozenset[int] = frozenset()
    event_wanted: bool = True
    """a fault is not yet known of: show it large"""


@dataclass(frozen=True)
class Kept:
    """What `keep` stores beside the reading."""

    is_good: bool = False
    is_picture_fault: bool = False
    login_refused: bool = False
    password_sealed: Sealed | str = field(default="", repr=False)
    learned: Learned | None = field(default=None, repr=False)
    anchor_ids: frozenset[int] = frozenset()


@dataclass
class _Found:
    """What was seen until the look ended, however it ended."""

    seen: Seen | None = None
    size: tuple[int, int] | None = None
    codec: str = ""
    fps: float | None = None
    rtsp_offset_s: float | None = None
    cause: str = ""
    said: str = ""
    unreachable: bool = False
    measures: dict[str, float | str | None] = field(default_factory=dict)


async def look_at(brief: Brief, eyes: Eyes, limits: rtsp.Limits | None = None) -> Look:
    """Never raises for what the camera does."""
    started, trail, found = time.monotonic(), list[rtsp.Stage](), _Found()
    memory = replace(brief.memory, looks=brief.memory.looks + 1)
    ask_clock = asyncio.create_task(_ask_clock(brief, memory))
    try:
        if brief.secret_lost:
            raise rtsp.StreamFault("secret_lost")
        async with (
            asyncio.timeout(DEADLINE_S),
            hub_client.looking_at(
                brief.camera_id,
                brief.url,
                brief.username,
                brief.password,
                resolve=_resolve,
                may_log_in=brief.may_log_in,
                limits=limits,
                stages=trail,
            ) as session,
        ):
            await _watch(session, brief, eyes, memory, found, trail)
    except rtsp.StreamFault as fault:
        found.cause, found.said, found.unreachable = fault.cause, fault.said, fault.unreachable
    except TimeoutError:
        found.cause = "timeout"
    finally:
        stage = await _clock_stage(ask_clock)
    if stage is not None:
        trail.append(stage)
    if found.cause == "no_keyframe_yet":
        memory.gop_s = max(memory.gop_s, min(brief.memory.keyframe_wait_s, 30.0))
    return _told(brief, found, memory, trail, round((time.monotonic() - started) * 1000))


# -- the stream -------------------------------------------------------------------------------------------------


async def _watch(
    session: rtsp.Session | hub_client.HubSession,
    brief: Brief,
    eyes: Eyes,
    memory: CameraMemory,
    found: _Found,
    trail: list[rtsp.Stage],
) -> None:
    key = await session.keyframe(memory.keyframe_wait_s)
    found.codec, found.size, found.rtsp_offset_s = key.codec, key.size, session.clock_offset_s
    await session.watch(pictures=session.pace.frames + TAIL_PICTURES - 1, longest_s=TAIL_S)
    if key.size is not None and (key.size[0] > MAX_WIDTH or key.size[1] > MAX_HEIGHT):
        trail.append(rtsp.Stage("truth", False, 0, f"{key.size[0]}x{key.size[1]}"))
        found.cause = "wrong_resolution"
    else:
        await _judge(session, key, brief, eyes, memory, found, trail)
    await _count(session, brief, memory, found)
    with suppress(TimeoutError):
        await session.hold(HOLD_S)
    if session.pace.gop_s:
        memory.gop_s = max(session.pace.gop_s, 0.9 * memory.gop_s)
    found.measures |= {
        "key_kb": round(len(key.content) / 1000, 1),
        "gop_s": round(memory.gop_s, 2) or None,
        "lost_packets": session.lost_packets or None,
    }


async def _judge(
    session: rtsp.Session | hub_client.HubSession,
    key: rtsp.Keyframe,
    brief: Brief,
    eyes: Eyes,
    memory: CameraMemory,
    found: _Found,
    trail: list[rtsp.Stage],
) -> None:
    started = time.monotonic()
    try:
        seen = await eyes.look(_question(key, session, brief, memory.truth))
        if seen.wants_another:
            with suppress(rtsp.StreamFault):  # no second one in time: the first answer stands
                key = await session.keyframe(memory.keyframe_wait_s)
                seen = await eyes.look(_question(key, session, brief, seen.memory, same_look=True))
    except EyeFailed as failed:
        found.cause, found.said = failed.cause, failed.said
        trail.append(rtsp.Stage("truth", False, _ms_since(started), failed.said))
        return
    found.seen, found.size, memory.truth = seen, seen.size, seen.memory
    said = seen.cause or (f"({seen.suspect}?)" if seen.suspect else "")
    trail.append(rtsp.Stage("truth", seen.outcome == "good", _ms_since(started), said))


def _question(
    key: rtsp.Keyframe,
    session: rtsp.Session | hub_client.HubSession,
    brief: Brief,
    truth: bytes,
    *,
    same_look: bool = False,
) -> Question:
    now = clock.now()
    is_day = None if brief.lon is None or brief.lat is None else sun.is_light(now, brief.lon, brief.lat)
    return Question(
        codec=key.codec,
        content=key.content,
        sha=key.sha,
        at=now.timestamp(),
        hour=clock.local(now).hour,
        is_day=is_day,
        p_frame_bytes=session.pace.mean_p_bytes,
        sensitivity=brief.sensitivity,
        memory=truth,
        references=brief.references,
        same_look=same_look,
        event_wanted=brief.event_wanted,
    )


async def _count(
    session: rtsp.Session | hub_client.HubSession, brief: Brief, memory: CameraMemory, found: _Found
) -> None:
    """Frames a second; longer when it looks wrong, and now and then."""
    expected = _expected_fps(brief, found)
    pace = session.pace
    found.fps = fps_of(sorted(pace.seconds))
    looks_low = bool(expected) and (found.fps is None or found.fps < SUSPECT_SHARE * (expected or 0))
    if not (looks_low or memory.looks % WINDOW_EVERY == 0):
        return
    started = time.monotonic()
    await session.watch(pictures=pace.frames + 500, longest_s=WINDOW_S)
    waited = time.monotonic() - started
    found.fps = fps_of(sorted(pace.seconds))
    if found.fps is None and waited > WINDOW_S / 2:  # fewer than six pictures in all that time
        found.fps = (pace.frames - 1) / max(pace.span_s, waited)


def _expected_fps(brief: Brief, found: _Found) -> float | None:
    return brief.expected.fps * NIGHT_RATE if _is_dark(found) and brief.expected.fps else brief.expected.fps


def _is_dark(found: _Found) -> bool:
    return found.seen is not None and found.seen.mode != "day"


async def _resolve(host: str, port: int) -> list[str]:
    try:
        return await addresses.resolve(host, port)
    except addresses.AddressRefused as refused:
        raise rtsp.AddressRefused(refused.code) from None


# -- the clock --------------------------------------------------------------------------------------------------


async def _ask_clock(brief: Brief, memory: CameraMemory) -> rtsp.Stage | None:
    """Ask an ONVIF camera for its time now and then, and again when it was wrong."""
    now = clock.now().timestamp()
    wrong = memory.clock_offset_s is not None and abs(memory.clock_offset_s) > 60
    if not brief.onvif_url or not (wrong or not 0 <= now - memory.clock_asked_at < CLOCK_EVERY_S):
        return None
    memory.clock_asked_at = now
    started = time.monotonic()
    try:
        memory.clock_offset_s = await onvif_clock.offset_s(brief.onvif_url)
    except onvif_clock.NoTime as problem:
        memory.clock_offset_s = None
        return rtsp.Stage("clock", False, _ms_since(started), str(problem))
    return rtsp.Stage("clock", True, _ms_since(started), f"{memory.clock_offset_s:+.1f} s")


async def _clock_stage(task: asyncio.Task[rtsp.Stage | None]) -> rtsp.Stage | None:
    """Its answer, when it came while the stream was looked at; its own limit is shorter than any such look."""
    done, _ = await asyncio.wait([task], timeout=onvif_clock.LIMIT_S)
    if not done:
        task.cancel()
        return None
    return task.result()


# -- the verdict ------------------------------------------------------------------------------------------------


def _told(brief: Brief, found: _Found, memory: CameraMemory, trail: list[rtsp.Stage], took_ms: int) -> Look:
    findings = _findings(brief, found, memory)
    verdict, cause = _verdict(found, findings)
    seen = found.seen
    is_picture_fault = seen is not None and seen.outcome == "fault"
    return Look(
        verdict=verdict,
        cause=cause,
        took_ms=took_ms,
        measures=_measures(found, findings, memory),
        trail=[Step(stage.step, stage.ok, stage.ms, stage.said) for stage in trail],
        # Weak evidence became a fault only after several looks; strong evidence is one look and wants a second.
        sure=is_picture_fault and seen is not None and not seen.sure,
        unreachable=found.unreachable,
        picture=seen.picture if seen is not None else None,
        memory=memory.to_bytes(),
        kept=Kept(
            is_good=seen is not None and seen.outcome == "good",
            is_picture_fault=is_picture_fault,
            login_refused=found.cause == "login_refused" and brief.may_log_in,
            password_sealed=brief.password_sealed,
            learned=seen.learned if seen is not None and verdict == UP else None,
            anchor_ids=brief.anchor_ids,
        ),
    )


def _verdict(found: _Found, findings: Sequence[StreamFinding]) -> tuple[str, str]:
    """What makes the camera useless comes first, then what is somebody's work, then what could not be judged."""
    seen = found.seen
    if found.cause == "codec_unsupported" and any(finding.cause == "wrong_codec" for finding in findings):
        return DEGRADED, "wrong_codec"
    if found.cause == "wrong_resolution":
        return DEGRADED, found.cause
    if found.cause:
        return causes.verdict_of(found.cause), found.cause
    assert seen is not None
    if seen.outcome == "fault" and seen.cause not in causes.PARTLY_USABLE:
        return DOWN, seen.cause
    if findings:
        return DEGRADED, findings[0].cause
    if seen.outcome == "fault":
        return DEGRADED, seen.cause
    if seen.outcome != "good":
        return UNKNOWN, seen.cause
    return UP, ""


def _findings(brief: Brief, found: _Found, memory: CameraMemory) -> tuple[StreamFinding, ...]:
    width, height = found.size or (brief.expected.width or 0, brief.expected.height or 0)
    codec = found.codec or (found.said if found.cause == "codec_unsupported" else brief.expected.codec or "")
    expected = replace(brief.expected, fps=_expected_fps(brief, found))
    policy = StreamPolicy(fps_share=NIGHT_SHARE) if _is_dark(found) else StreamPolicy()
    return judge_stream(StreamSeen(width, height, codec, found.fps, _offset_s(found, memory)), expected, policy)


def _offset_s(found: _Found, memory: CameraMemory) -> float | None:
    is_fresh = clock.now().timestamp() - memory.clock_asked_at < CLOCK_KEPT_S
    if memory.clock_offset_s is not None and is_fresh:
        return memory.clock_offset_s
    return found.rtsp_offset_s


def _measures(found: _Found, findings: Sequence[StreamFinding], memory: CameraMemory) -> dict[str, float | str | None]:
    measures: dict[str, float | str | None] = dict(found.seen.measures) if found.seen is not None else {}
    offset = _offset_s(found, memory)
    measures |= found.measures
    measures |= {
        "fps": None if found.fps is None else round(found.fps, 1),
        "width": found.size[0] if found.size else None,
        "height": found.size[1] if found.size else None,
        "codec": found.codec or None,
        "clock_offset_s": None if offset is None else round(offset, 1),
        "mode": found.seen.mode if found.seen is not None else None,
        "suspect": found.seen.suspect if found.seen is not None else None,
        "unverified": found.seen.cause if found.seen is not None and found.seen.outcome == "unverified" else None,
        "also": ", ".join(finding.cause for finding in findings) or None,
    }
    return {name: value for name, value in measures.items() if value is not None}


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
