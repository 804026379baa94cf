"""What may become the new normal: only clean looks, slowly, and never away from what an operator accepted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .model import Gray, Judgement, Reference, Sight, hour_bin, mode_of
from .scene import Scene, dimmed_share, likeness

LEARN_EVERY_S = 600.0
STEP = 3  # grey levels towards the look: a running median, so that traffic leaves no ghosts
DRIFT_PX = 3.0
_MIN_AGREEMENT = 0.35
_MIN_SHARPNESS = 0.6
# Half-vanished contours may not be learned: the strongest contours of the rest would take their place, and the
# blocks behind slow dirt would no longer count as blocks that had any.
_DIMMED_BELOW = 0.5
_MAX_DIMMED = 0.15
_MAX_CHANGED = 0.4


def learn(references: Sequence[Reference], sight: Sight, judgement: Judgement) -> Reference | None:
    """See satukota.rules.picture_truth.learn."""
    if judgement.outcome != "good" or judgement.suspect or judgement.wants_another_keyframe or sight.decode_errors:
        return None
    mode, at_bin = mode_of(sight), hour_bin(sight.hour)
    mine = [ref for ref in references if not ref.accepted and (ref.mode, ref.hour_bin) == (mode, at_bin)]
    before = max(mine, key=lambda ref: ref.taken_at, default=None)
    if before is not None and sight.at - before.taken_at < LEARN_EVERY_S:
        return None
    gray = sight.gray if before is None else towards(before.gray, sight.gray)
    anchors = [ref for ref in references if ref.accepted]
    of_mode = [ref for ref in anchors if ref.mode == mode]
    if not any(_stays_near(gray, anchor) for anchor in of_mode or anchors):
        return None
    return Reference(mode, at_bin, gray, False, sight.at)


def towards(old: Gray, new: Gray) -> Gray:
    """`old` moved by at most STEP grey levels per pixel towards `new`."""
    step = np.clip(new.astype(np.int16) - old, -STEP, STEP)
    return (old + step).astype(np.uint8)


def _stays_near(gray: Gray, anchor: Reference) -> bool:
    scene = Scene.of(gray)
    like = likeness(scene, anchor.stats, sway_px=0.0)
    is_there = like.r_here >= 0.2 or like.agreement >= 0.5
    moved = like.moved_px > DRIFT_PX if like.r >= 0.2 else False
    return (
        is_there
        and not moved
        and like.agreement >= _MIN_AGREEMENT
        and like.sharpness >= _MIN_SHARPNESS
        and dimmed_share(scene.gradient, anchor.stats, _DIMMED_BELOW) <= _MAX_DIMMED
        and like.changed_share <= _MAX_CHANGED
    )
