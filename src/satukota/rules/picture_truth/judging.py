"""From one keyframe to one judgement: evidence in order of certainty, then n of m for what is weak."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .memory import RING_BITS, Memory, thumb_of
from .model import DAY, NIGHT_COLOUR, NIGHT_IR, Judgement, Reference, Sight, hour_bin, mode_of
from .policy import Policy
from .scene import Likeness, Pose, Scene, agreement_at, likeness, pose_between

GOOD, FAULT, UNVERIFIED = "good", "fault", "unverified"
COMPARED_AT_MOST = 4
GLARE_SHARE = 0.03
CHANGED_MOSTLY = 0.5
LAYOUT_KEPT = 0.7  # blur of any strength keeps light and dark where they were; a cover does not
_STIR_BLOCKS = (9, 16)  # rows, columns of 20x20 pixels
_STIR_IGNORED = 4  # most-changed blocks left out: the running digits of a clock drawn into the picture
_STIR_FLOOR = 0.02  # grey levels: rounding
_CONFIRMED_WITHIN_PX = 2.0


@dataclass(frozen=True)
class Evidence:
    """What one keyframe says by itself."""

    cause: str = ""
    strong: bool = False
    confirm: bool = False
    """another keyframe of this look could clear it: a truck has passed by then"""
    partial: bool = False
    """a part of the view only: it has to last longer"""
    unverified: str = ""
    """why the view could not be recognised; set only beside weak or no evidence"""


@dataclass(frozen=True)
class View:
    """The sight beside the reference it fits best."""

    scene: Scene
    reference: Reference | None = None
    like: Likeness | None = None
    may_accuse: bool = False
    """the reference shows the same light, so what is missing is really missing"""

    def is_recognised(self, policy: Policy) -> bool:
        like = self.like
        return like is not None and (
            like.agreement >= policy.agreement_same
            or (like.r_here >= policy.r_same and like.agreement >= policy.agreement_lost)
        )

    def is_displaced(self, policy: Policy) -> bool:
        """The whole view stands elsewhere: contours fit clearly better after moving it back."""
        like = self.like
        return (
            like is not None
            and like.r >= policy.r_same
            and like.moved_px > policy.moved_px
            and like.aligned_agreement >= policy.agreement_moved
            and like.aligned_agreement >= like.agreement + 0.1
        )

    def is_soft(self, policy: Policy) -> bool:
        """Fine contours are gone, coarse ones and all light and dark are where they were."""
        return self.like is not None and self.like.detail < policy.detail_low and self.like.layout > LAYOUT_KEPT

    def is_clean(self, policy: Policy) -> bool:
        return (
            self.like is not None
            and self.like.agreement >= policy.agreement_same
            and not self.is_displaced(policy)
            and self.like.sharpness >= policy.sharpness_low
            and not self.is_soft(policy)
            and self.like.hidden_share < policy.hidden_share
            and self.like.lost_share < policy.covered_share
            and self.like.changed_share < policy.blocked_share
        )


def judge(
    sight: Sight, references: Sequence[Reference], memory: Memory, policy: Policy, *, same_look: bool
) -> Judgement:
    """See satukota.rules.picture_truth.judge."""
    if sight.decode_errors:  # a smeared picture looks covered and says nothing about the lens
        return Judgement(UNVERIFIED, "decode_errors", False, None, memory)
    view = _best_view(sight, references, policy)
    measures = _measures(view)
    evidence = _evidence(sight, references, view, memory, policy, measures)
    # A picture with nothing in it packs to the same bytes every time.
    shows_something = view.scene.has_contours or view.is_recognised(policy)
    if not (evidence.cause and evidence.strong) and shows_something:
        frozen = _frozen(sight, view, memory, policy, measures, same_look=same_look)
        evidence = frozen or evidence
    return _decide(sight, view, memory, policy, evidence, measures, same_look=same_look)


# -- the view ---------------------------------------------------------------------------------------------------


def _best_view(sight: Sight, references: Sequence[Reference], policy: Policy) -> View:
    """The first reference that fits well, else the best of the nearest in mode and hour.

    One of another light counts only when it fits well or nothing of the same light can accuse.
    """
    scene = Scene.of(sight.gray)
    best, best_rank = View(scene), (False, False, -1.0)
    for reference, same_light in _nearest(sight, references)[:COMPARED_AT_MOST]:
        like = likeness(scene, reference.stats, policy.moved_px)
        view = View(scene, reference, like, same_light and reference.stats.is_usable)
        if view.is_clean(policy):
            return view
        rank = (view.may_accuse, view.is_recognised(policy), like.agreement + like.r_here)
        if rank > best_rank:
            best, best_rank = view, rank
    return best


def _nearest(sight: Sight, references: Sequence[Reference]) -> list[tuple[Reference, bool]]:
    """References by mode and hour, each with whether it may accuse: one of another light can only recognise."""
    mode = mode_of(sight)
    at_bin = hour_bin(sight.hour)

    def order(reference: Reference) -> tuple[bool, int, bool]:
        apart = abs(reference.hour_bin - at_bin)
        return not _same_light(sight, mode, reference), min(apart, 6 - apart), not reference.accepted

    return [(reference, _same_light(sight, mode, reference)) for reference in sorted(references, key=order)]


def _same_light(sight: Sight, mode: str, reference: Reference) -> bool:
    if reference.mode == mode:
        return True
    # Grey by day (covered, or the IR filter stuck): the sun still shows what the day reference shows.
    return sight.is_light and mode == NIGHT_IR and reference.mode == DAY


# -- evidence ---------------------------------------------------------------------------------------------------


def _evidence(
    sight: Sight,
    references: Sequence[Reference],
    view: View,
    memory: Memory,
    policy: Policy,
    measures: dict[str, float],
) -> Evidence:
    dark = _dark_or_constant(sight, references, view, policy)
    if dark is not None:
        return dark
    white = _white_out(view, policy)
    if white is not None:
        return white
    if view.like is None:
        return Evidence(unverified="no_reference")
    if view.is_displaced(policy):
        return Evidence("turned", strong=view.like.moved_px >= policy.moved_far_px, confirm=True)
    if not view.may_accuse:
        return _without_same_light(sight, view, policy)
    if not sight.is_light and view.scene.white_share > GLARE_SHARE and not view.is_recognised(policy):
        return Evidence(unverified="no_contours")  # headlights into the lens hide the street, not the camera
    usual = memory.norm("agreement", mode_of(sight))
    dropped = usual.n >= 10 and view.like.agreement < usual.mean - max(6 * usual.dev, policy.agreement_drop)
    return _against(view, view.like, policy, measures, dropped=dropped)


def _dark_or_constant(sight: Sight, references: Sequence[Reference], view: View, policy: Policy) -> Evidence | None:
    scene = view.scene
    is_black = scene.p95 < policy.black_p95 and scene.std < policy.black_std
    is_constant = scene.constant_share >= policy.constant_share
    if not (is_black or is_constant) or (view.is_recognised(policy) and scene.std >= 0.5):
        return None
    if not sight.is_light and scene.mean < policy.black_p95:
        # At night pixels alone cannot tell dark from covered: only what this camera showed on other nights can.
        nights = (NIGHT_IR, NIGHT_COLOUR)
        if not any(ref.mode in nights and ref.stats.is_usable for ref in references):
            return Evidence(unverified="too_dark")
    if scene.mean < policy.black_p95:
        return Evidence("black", strong=True)
    return Evidence("white_out" if scene.p5 > policy.white_p5 else "no_signal", strong=True)


def _white_out(view: View, policy: Policy) -> Evidence | None:
    scene = view.scene
    if scene.p5 > policy.white_p5 and scene.std < policy.white_std:
        return Evidence("white_out", strong=True, confirm=True)  # washed out, even where traces are left
    is_white = scene.white_share > policy.white_share or (scene.p5 > policy.white_p5 and scene.std < 15)
    if not is_white:
        return None
    gone = view.like is not None and view.like.agreement < policy.agreement_lost
    if view.is_recognised(policy) and scene.white_share <= policy.white_share:
        return None  # a bright but legible picture: fog, a white wall
    return Evidence("white_out", strong=scene.white_share > 0.85 and (gone or view.like is None), confirm=True)


def _without_same_light(sight: Sight, view: View, policy: Policy) -> Evidence:
    if view.is_recognised(policy):
        return Evidence()
    if view.reference is not None and _is_same_mode(sight, view.reference):
        return Evidence(unverified="no_contours")  # its reference has no contours to recognise
    return Evidence(unverified="no_reference" if view.scene.has_contours or sight.is_light else "too_dark")


def _is_same_mode(sight: Sight, reference: Reference) -> bool:
    return _same_light(sight, mode_of(sight), reference)


def _against(view: View, like: Likeness, policy: Policy, measures: dict[str, float], *, dropped: bool) -> Evidence:
    """Against a usable reference of the same light."""
    recognised = view.is_recognised(policy)
    if view.is_soft(policy):
        return Evidence("defocused", strong=True, confirm=True)
    if not recognised and like.contour_ratio < policy.contour_left:
        if like.layout > LAYOUT_KEPT and like.sharpness < policy.sharpness_low:
            return Evidence("defocused", strong=True, confirm=True)
        if like.agreement < policy.agreement_none:
            return Evidence("covered", strong=True, confirm=True)
    # Behind a cover contours are gone; in another view other contours stand in their place.
    if like.lost_share >= policy.covered_share and like.lost_share > like.changed_share and like.agreement < 0.5:
        much = like.lost_share >= policy.covered_strong and like.agreement < policy.agreement_same
        strong = much or like.agreement < policy.agreement_none
        return Evidence("covered", strong=strong, confirm=strong)
    if like.sharpness < policy.sharpness_strong and like.agreement >= policy.agreement_none:
        return Evidence("defocused", strong=True, confirm=True)
    if dropped or like.agreement < policy.agreement_same or like.changed_share >= policy.blocked_share:
        other = _another_view(view, like, policy, measures)
        if other.cause or other.unverified:
            return other
    if like.sharpness < policy.sharpness_low:
        return Evidence("defocused")
    if like.hidden_share >= policy.hidden_share and like.hidden_share > like.changed_share:
        return Evidence("covered", partial=True)
    return Evidence()


def _another_view(view: View, like: Likeness, policy: Policy, measures: dict[str, float]) -> Evidence:
    """Little fits: turned, zoomed, blocked or another scene. Only here corners are matched."""
    assert view.reference is not None
    pose = pose_between(view.scene.gray, view.reference.gray)
    if pose is not None and agreement_at(pose, view.scene.gray, view.reference.stats) < policy.agreement_moved:
        pose = None  # corners of repeated windows agree on anything; contours then do not
    if pose is not None:
        measures |= {
            "inliers": pose.inliers,
            "roll_deg": round(pose.roll_deg, 1),
            "zoom": round(pose.zoom, 3),
        }
        if _is_turned(pose, policy):
            return Evidence("turned", strong=True, confirm=True)
    if pose is not None or view.is_recognised(policy):
        return Evidence("blocked") if like.changed_share >= policy.blocked_share else Evidence()
    if not view.scene.has_contours:
        return Evidence(unverified="no_contours")
    is_elsewhere = like.changed_share >= CHANGED_MOSTLY or like.agreement < policy.agreement_none
    if like.agreement < policy.agreement_lost and like.r_here < policy.r_lost and is_elsewhere:
        return Evidence("view_lost", strong=True, confirm=True)
    return Evidence("view_lost", unverified="no_contours")


def _is_turned(pose: Pose, policy: Policy) -> bool:
    return abs(pose.roll_deg) > 2.0 or abs(pose.zoom - 1.0) > 0.05 or math.hypot(pose.dx, pose.dy) > policy.moved_px


# -- frozen -----------------------------------------------------------------------------------------------------


def _frozen(
    sight: Sight, view: View, memory: Memory, policy: Policy, measures: dict[str, float], *, same_look: bool
) -> Evidence | None:
    if memory.looks == 0 or memory.thumb is None:
        return None
    stir = _stir(sight, memory)
    measures["quiet"] = round(stir, 3)
    if same_look and memory.pending != "frozen":
        return None
    confirmed = same_look or memory.fault == "frozen"
    if sight.keyframe_sha and sight.keyframe_sha[:16] == memory.last_sha:
        measures["identical"] = 1
        return Evidence("frozen", strong=confirmed, confirm=True)
    if not _is_stiller_than_ever(sight, memory, policy, stir):
        return None
    measures["still"] = 1
    return Evidence("frozen", strong=confirmed, confirm=True)


def _stir(sight: Sight, memory: Memory) -> float:
    """Mean grey-level change since the last keyframe in the block that changed most, the clock's few left out.

    A street has something moving in a few blocks of every pair of looks; a picture encoded anew differs by coding
    noise, much the same in all of them. A mean over the picture would hide the one behind the other.
    """
    assert memory.thumb is not None
    now = thumb_of(sight.gray)
    change = np.maximum(now, memory.thumb) - np.minimum(now, memory.thumb)
    rows, columns = _STIR_BLOCKS
    tall, wide = change.shape[0] // rows, change.shape[1] // columns
    blocks = change.reshape(rows, tall, columns, wide).sum((1, 3), dtype=np.int64).ravel()
    return float(np.partition(blocks, -_STIR_IGNORED - 1)[-_STIR_IGNORED - 1]) / (tall * wide)


def _is_stiller_than_ever(sight: Sight, memory: Memory, policy: Policy, stir: float) -> bool:
    """No more change than coding makes, and far less than any live look of late.

    Silent where live looks change little more than coding does, and where something far off still moves.
    """
    mode = mode_of(sight)
    if memory.last_mode != mode:
        return False
    norm = memory.norm("quiet", mode)
    own_low = math.exp(norm.low) - _STIR_FLOOR
    if norm.n < policy.freeze_history or own_low < policy.freeze_live:
        return False
    if stir >= min(policy.freeze_coding, policy.freeze_share * own_low):
        return False
    sizes = memory.norm("p_frame", mode)
    lively = sight.p_frame_bytes is not None and sizes.n > 0 and sight.p_frame_bytes > 0.5 * sizes.mean
    return not lively


# -- decision ---------------------------------------------------------------------------------------------------


def _decide(
    sight: Sight,
    view: View,
    memory: Memory,
    policy: Policy,
    evidence: Evidence,
    measures: dict[str, float],
    *,
    same_look: bool,
) -> Judgement:
    if evidence.cause == "turned" and view.like is not None and evidence.confirm:
        memory, evidence = _steady_turn(view.like, memory, policy, evidence, same_look=same_look)
    n, m = policy.n_of_m("hidden" if evidence.partial else evidence.cause)
    after = (
        memory if evidence.unverified and not evidence.cause else memory.with_mark(evidence.cause, same_look=same_look)
    )
    enough = bool(evidence.cause) and after.count(evidence.cause, m) >= n
    is_fault = bool(evidence.cause) and (evidence.strong or enough)
    # Stillness can be a gap in the traffic: it is asked about until it has lasted.
    known = memory.fault == evidence.cause and ("still" not in measures or memory.count("frozen", RING_BITS) > 2)
    asks = bool(evidence.cause) and evidence.confirm and not same_look and not known
    clean = not evidence.cause and not evidence.unverified
    after = _remembered(sight, after, view, measures, clean=clean and not same_look)
    after = replace(
        after,
        pending=evidence.cause if asks else "",
        fault=evidence.cause if is_fault and evidence.strong and not asks else "",
    )
    if is_fault:
        return Judgement(FAULT, evidence.cause, evidence.strong, None, after, measures, asks)
    suspect = evidence.cause or None
    if evidence.unverified:
        return Judgement(UNVERIFIED, evidence.unverified, False, suspect, after, measures, asks)
    return Judgement(GOOD, "", False, suspect, after, measures, asks)


def _steady_turn(
    like: Likeness, memory: Memory, policy: Policy, evidence: Evidence, *, same_look: bool
) -> tuple[Memory, Evidence]:
    """A turned camera stays turned by the same amount; sway and passing texture do not.

    A far turn in perspective has no single displacement, and matched corners have their own: where nothing of the
    old view is left in its place, two keyframes that fit elsewhere are enough.
    """
    before = memory.shift
    steady = math.hypot(like.dx - before[0], like.dy - before[1]) <= _CONFIRMED_WITHIN_PX
    if not steady:
        memory = memory.without_marks("turned")
    if same_look and memory.pending == "turned" and not steady and like.agreement >= policy.agreement_lost:
        evidence = replace(evidence, strong=False)
    return replace(memory, shift=(like.dx, like.dy)), evidence


def _remembered(sight: Sight, memory: Memory, view: View, measures: Mapping[str, float], *, clean: bool) -> Memory:
    mode = mode_of(sight)
    stir = measures.get("quiet")
    still = stir if stir is not None and "still" in measures else None
    if memory.still is not None and still is None and stir is not None and "identical" not in measures:
        # It moves again: the stillness was a street without traffic, and belongs to the camera's own usual.
        memory = memory.with_norms(memory.last_mode, {"quiet": math.log(memory.still + _STIR_FLOOR)})
    if clean:
        samples = {}
        if stir is not None and memory.last_mode == mode:
            samples["quiet"] = math.log(stir + _STIR_FLOOR)
        if sight.p_frame_bytes is not None and math.isfinite(sight.p_frame_bytes):
            samples["p_frame"] = sight.p_frame_bytes
        if view.like is not None:
            samples |= {"agreement": view.like.agreement, "sharpness": min(view.like.sharpness, 4.0)}
        memory = memory.with_norms(mode, samples)
    return replace(
        memory,
        looks=memory.looks + 1,
        last_at=sight.at,
        last_sha=sight.keyframe_sha[:16],
        last_mode=mode,
        thumb=thumb_of(sight.gray),
        still=still,
    )


def _measures(view: View) -> dict[str, float]:
    scene = view.scene
    measures = {
        "mean": round(scene.mean, 1),
        "std": round(scene.std, 1),
        "p95": scene.p95,
        "white": round(scene.white_share, 3),
        "constant": round(scene.constant_share, 3),
        "contours": round(scene.edge_strength, 1),
        "noise": round(scene.noise, 1),
    }
    like = view.like
    if like is not None:
        measures |= {
            "r": round(like.r, 3),
            "r_here": round(like.r_here, 3),
            "dx": round(like.dx, 1),
            "dy": round(like.dy, 1),
            "agreement": round(like.agreement, 3),
            "sharpness": round(like.sharpness, 3),
            "detail": round(like.detail, 3),
            "contour_ratio": round(like.contour_ratio, 3),
            "layout": round(like.layout, 3),
            "lost": round(like.lost_share, 3),
            "hidden": round(like.hidden_share, 3),
            "changed": round(like.changed_share, 3),
        }
    return measures
