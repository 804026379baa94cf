"""Builders for tests about looks: briefs, references out of what a camera shows, looks one after the other."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from satukota.rules.picture_truth.stream_truth import StreamExpected
from satukota.shared.monitoring.registry import Look
from satukota.work.cameras import rtsp
from satukota.work.cameras.camera_memory import CameraMemory
from satukota.work.cameras.looking import Brief, Kept
from satukota.work.cameras.reference_actions import reference_of

QUICK = rtsp.Limits(connect_s=1.0, reply_s=1.0, goodbye_s=0.3)


def noon_lon() -> float:
    """A longitude where the sun is overhead now, so that a test at night looks by day."""
    from satukota.base import clock

    now = clock.now()
    return 180.0 - (now.hour * 60 + now.minute) / 4


def make_brief(url: str, **fields: Any) -> Brief:
    said = {"expected": StreamExpected(), "lon": noon_lon(), "lat": 0.0, "username": "contoh"} | fields
    return Brief(1, url, **{"password": "rahasia-kamera", **said})


def after(brief: Brief, seen: Look, *, accept: bool = False, is_day: bool = True) -> Brief:
    """The brief of the next look: with what this one remembered, and its picture accepted as reference if asked."""
    from satukota.base import clock

    references = list(brief.references)
    if accept:
        now = clock.now()
        made = reference_of(seen.picture or b"", now.timestamp(), clock.local(now).hour, is_day=is_day)
        references.append((f"accepted {uuid4()}", made.to_bytes()))  # a key is never used for two pictures
    return replace(brief, memory=CameraMemory.from_bytes(seen.memory), references=tuple(references))


def kept(seen: Look) -> Kept:
    assert isinstance(seen.kept, Kept)
    return seen.kept
