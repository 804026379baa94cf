"""Can the picture of a CCTV camera be trusted?

One look is one decoded keyframe (`Sight`), judged against the reference pictures an operator accepted or the rule
learned (`Reference`) and against what the camera looked like before (`Memory`). Three outcomes: good, fault,
unverified; unverified is never shown as good. How it decides and how well: docs/picture-truth.md, measured.json.

OpenCV is loaded at the first `judge` or `learn`, so that pages that only need the words stay light.
"""

from __future__ import annotations

from collections.abc import Sequence

from .memory import Memory
from .model import DAY, NIGHT_COLOUR, NIGHT_IR, Judgement, Reference, Sight, hour_bin, mode_of
from .policy import DEFAULT, Policy

__all__ = [
    "DAY",
    "DEFAULT",
    "NIGHT_COLOUR",
    "NIGHT_IR",
    "Judgement",
    "Memory",
    "Policy",
    "Reference",
    "Sight",
    "hour_bin",
    "judge",
    "learn",
    "mode_of",
]


def judge(
    sight: Sight,
    references: Sequence[Reference],
    memory: Memory,
    policy: Policy = DEFAULT,
    *,
    same_look: bool = False,
) -> Judgement:
    """Say whether this keyframe shows what the camera is there to show.

    `memory` is the camera's, from its last judgement. When the answer wants another keyframe, take the next one of
    the same session and call again with the memory just returned and `same_look=True`; the second answer replaces
    the first. A caller that cannot wait uses the first as it is.
    """
    from . import judging

    return judging.judge(sight, references, memory, policy, same_look=same_look)


def learn(references: Sequence[Reference], sight: Sight, judgement: Judgement) -> Reference | None:
    """Return the learned reference of this mode and hour bin after this look, or None when nothing may be learned.

    The result replaces the unaccepted reference of the same mode and hour bin; accepted ones are never replaced.
    """
    from . import learning

    return learning.learn(references, sight, judgement)
