"""The camera probe: can this camera be watched, and can what it shows be trusted?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from satukota.base import clock, secrets
from satukota.base.evidence import actions as evidence
from satukota.city.models import Kota
from satukota.rules.picture_truth.stream_truth import StreamExpected
from satukota.shared.monitoring.models import Reading, Target, Verdict
from satukota.shared.monitoring.registry import Look, Probe, Words

from . import causes, public, references
from .camera_memory import CameraMemory
from .eye import Eyes
from .looking import DEADLINE_S, Brief, Kept, look_at
from .models import Camera


class CameraProbe(Probe):
    """Measured and explained in docs/camera-probe.md."""

    kind = "camera"
    timeout_s = DEADLINE_S + 10
    at_once = 400

    def __init__(self) -> None:
        self._eyes: Eyes | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def prepare(self, targets: Sequence[Target], memories: dict[int, bytes]) -> dict[int, Brief]:
        """Three queries for any number of cameras."""
        cameras = {camera.pk: camera for camera in Camera.objects.filter(pk__in=[target.pk for target in targets])}
        known = references.for_looks(cameras, clock.local(clock.now()).hour)
        city = Kota.objects.values_list("lon", "lat").first()
        return {
            target.pk: _brief(target, cameras.get(target.pk), memories.get(target.pk), known.get(target.pk), city)
            for target in targets
        }

    async def look(self, brief: Brief) -> Look:
        return await look_at(brief, self._eyes_here())

    def _eyes_here(self) -> Eyes:
        loop = asyncio.get_running_loop()
        if self._eyes is None or self._loop is not loop:
            self.close()
            self._eyes, self._loop = Eyes(), loop
        return self._eyes

    def close(self) -> None:
        """End the decoding processes; they start again at the next look."""
        if self._eyes is not None:
            self._eyes.close()
            self._eyes = None

    def keep(self, kept: Sequence[tuple[Target, Reading, Look]]) -> None:
        """Pictures, learned references and what the register shows of the last look.

        At most seven statements, beside those for the rare: a learned reference, an event picture, a refused login.
        """
        mine = [(target, reading, look, look.kept) for target, reading, look in kept if isinstance(look.kept, Kept)]
        seen, good, good_pictures = [], [], []
        for target, reading, look, extra in mine:
            if look.picture:
                evidence.put_slot(f"camera/{target.code}/latest", look.picture)
                seen.append(Camera(pk=target.pk, last_seen_at=reading.at))
                if extra.is_good:
                    evidence.put_slot(f"camera/{target.code}/last_good", look.picture)
                    good.append(Camera(pk=target.pk, last_good_at=reading.at))
                    good_pictures.append((target.pk, target.code, look.picture, reading.at))
                if extra.is_picture_fault and _is_first(target, reading):
                    _keep_event_picture(target, reading, look.picture)
            if extra.login_refused:
                Camera.objects.filter(pk=target.pk, password_sealed=extra.password_sealed).update(
                    login_refused_at=reading.at
                )
        Camera.objects.bulk_update(seen, ["last_seen_at"], batch_size=500)
        Camera.objects.bulk_update(good, ["last_good_at"], batch_size=500)
        if good_pictures:
            public.offer(good_pictures)
        learned = [(target.pk, extra.learned, extra.anchor_ids) for target, _, _, extra in mine if extra.learned]
        if learned:
            references.keep_learned(learned)

    def words(self, cause: str) -> Words | None:
        return causes.words_of(cause) or super().words(cause)


def _brief(
    target: Target,
    camera: Camera | None,
    memory: bytes | None,
    known: references.OfCamera | None,
    city: tuple[float, float] | None,
) -> Brief:
    camera = camera or Camera(pk=target.pk)
    here = (target.lon, target.lat) if target.lon is not None and target.lat is not None else city or (None, None)
    password, secret_lost = "", False
    try:
        password = secrets.unseal(camera.password_sealed)
    except secrets.Unsealable:
        secret_lost = True
    return Brief(
        camera_id=target.pk,
        url=target.address,
        username=camera.username,
        password=password,
        password_sealed=camera.password_sealed,
        secret_lost=secret_lost,
        may_log_in=camera.login_refused_at is None,
        onvif_url=camera.onvif_address,
        expected=StreamExpected(camera.width, camera.height, camera.codec or None, camera.fps),
        sensitivity=camera.sensitivity,
        lon=here[0],
        lat=here[1],
        memory=CameraMemory.from_bytes(memory),
        references=tuple(known.contents) if known else (),
        anchor_ids=frozenset(known.anchor_ids) if known else frozenset(),
        event_wanted=target.state not in (Verdict.DOWN, Verdict.DEGRADED),
    )


def _is_first(target: Target, reading: Reading) -> bool:
    """The first fault look of an episode, or the one that changed the status; `target` is as it is after the look."""
    is_suspected_now = target.pending == reading.verdict and target.pending_count == 1
    return is_suspected_now or (target.state == reading.verdict and target.state_since == reading.at)


def _keep_event_picture(target: Target, reading: Reading, picture: bytes) -> None:
    reading.picture = evidence.keep(
        picture, media_type="image/jpeg", kind="incident_picture", source=target.code, taken_at=reading.at,
        delete_on=clock.local(reading.at).date() + timedelta(days=settings.PICTURE_DAYS),
    )  # fmt: skip
    Reading.objects.filter(pk=reading.pk).update(picture=reading.picture)
