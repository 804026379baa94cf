"""What an eye does with one question: decode, judge, learn, show."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from satukota.rules.picture_truth import Memory, Policy, Reference, Sight, judge, learn, mode_of
from satukota.rules.picture_truth.policy import WORDS

from .decoding import EVENT_WIDTH, LATEST_WIDTH, CannotDecode, Decoder, Shrinker

REFERENCES_KEPT = 400  # about 200 KB each with what is calculated from them

Answer = tuple[dict[str, Any], list[bytes]]


class Forgotten(Exception):
    """A reference was named that this eye does not have (any more)."""


class Kept:
    """What an eye keeps from look to look: its tools, and the references used last with what was made of them."""

    def __init__(self) -> None:
        self.decoder, self.shrinker = Decoder(), Shrinker()
        self._references: OrderedDict[str, Reference | None] = OrderedDict()

    def reference(self, key: str, content: bytes) -> Reference | None:
        """None for stored bytes of another version: then the camera has no such reference. Raises Forgotten."""
        if key not in self._references:
            if not content:
                raise Forgotten
            try:
                self._references[key] = Reference.from_bytes(content)
            except ValueError:
                self._references[key] = None
            if len(self._references) > REFERENCES_KEPT:
                self._references.popitem(last=False)
        self._references.move_to_end(key)
        return self._references[key]


def look(facts: dict[str, Any], parts: list[bytes], kept: Kept) -> Answer:
    """Parts in: key picture, memory, references in the order of facts["references"], empty for those sent before.
    Parts out: memory, JPEG, learned reference."""
    codec, content, event_wanted = facts["codec"], parts[0], facts["event_wanted"]
    try:
        named = [kept.reference(key, part) for key, part in zip(facts["references"], parts[2:], strict=True)]
        frame, has_errors = kept.decoder.decode(codec, content)
    except Forgotten:
        return {"problem": "forgotten"}, [b"", b"", b""]
    except CannotDecode as problem:
        return {"problem": "undecodable", "said": str(problem)}, [b"", b"", b""]
    shown = kept.shrinker.small(frame, LATEST_WIDTH)
    sight = Sight(
        gray=shown.gray,
        chroma=shown.chroma,
        keyframe_sha=bytes.fromhex(facts["sha"]),
        at=facts["at"],
        hour=facts["hour"],
        decode_errors=has_errors,
        is_day=facts["is_day"],
        p_frame_bytes=facts["p_frame_bytes"],
    )
    references = [reference for reference in named if reference is not None]
    policy = Policy.of(facts["sensitivity"] if facts["sensitivity"] in WORDS else "sedang")
    memory = Memory.from_bytes(parts[1])
    judgement = judge(sight, references, memory, policy, same_look=facts["same_look"])
    learned = learn(references, sight, judgement)
    if judgement.outcome == "fault" and event_wanted:
        shown = kept.shrinker.small(kept.decoder.decode(codec, content, deblocked=True)[0], EVENT_WIDTH)
    answer = {
        "problem": "",
        "outcome": judgement.outcome,
        "cause": judgement.cause,
        "sure": judgement.sure,
        "suspect": judgement.suspect,
        "measures": json.loads(judgement.measures_json()),
        "wants_another": judgement.wants_another_keyframe,
        "mode": mode_of(sight),
        "size": [frame.width, frame.height],
    }
    if learned is not None:
        answer |= {"learned_mode": learned.mode, "learned_bin": learned.hour_bin, "learned_at": learned.taken_at}
    return answer, [judgement.memory.to_bytes(), shown.jpeg(), learned.to_bytes() if learned else b""]
