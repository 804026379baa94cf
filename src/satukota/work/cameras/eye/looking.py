"""What an eye does with one question: decode, judge, learn, show."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from satukota.rules.picture_truth import Memory, Policy, Reference, Sight, judge, learn, mode_of
from satukota.rules.picture_truth.policy import WORDS

from .decoding import EVENT_WIDTH, LATEST_WIDTH, CannotDecode, decode, small

REFERENCES_KEPT = 400  # about 200 KB each with what is calculated from them

Answer = tuple[dict[str, Any], list[bytes]]


class References:
    """Unpacked references with what was calculated from them, the last used ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Reference] = OrderedDict()

    def get(self, key: str, content: bytes) -> Reference | None:
        """None when the stored bytes are of another version: then the camera has no such reference."""
        found = self._kept.get(key)
        if found is None:
            try:
                found = self._kept[key] = Reference.from_bytes(content)
            except ValueError:
                return None
            if len(self._kept) > REFERENCES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found


def look(facts: dict[str, Any], parts: list[bytes], known: References) -> Answer:
    """Parts in: key picture, memory, references in the order of facts["references"]. Out: memory, JPEG, learned."""
    codec, content, event_wanted = facts["codec"], parts[0], facts["event_wanted"]
    try:
        frame, has_errors = decode(codec, content)
    except CannotDecode as problem:
        return {"problem": "undecodable", "said": str(problem)}, [b"", b"", b""]
    shown = small(frame, LATEST_WIDTH)
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
    keys = zip(facts["references"], parts[2:], strict=True)
    references = [found for key, part in keys if (found := known.get(key, part)) is not None]
    policy = Policy.of(facts["sensitivity"] if facts["sensitivity"] in WORDS else "sedang")
    memory = Memory.from_bytes(parts[1])
    judgement = judge(sight, references, memory, policy, same_look=facts["same_look"])
    learned = learn(references, sight, judgement)
    if judgement.outcome == "fault" and event_wanted:
        shown = small(decode(codec, content, deblocked=True)[0], EVENT_WIDTH)
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
