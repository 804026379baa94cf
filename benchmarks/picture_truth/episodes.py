"""One camera over time: warm up, let it fall ill or not, and see when an alarm would be raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from picture_truth.footage import Keyframe
from satukota.rules.picture_truth import DEFAULT, Judgement, Memory, Policy, Reference, judge, learn

LOOK_S = 30.0
NEXT_KEYFRAME_S = 2.0
AGREEING = 2  # consecutive fault looks that raise an alarm, as the state machine does

KeyframeAt = Callable[[float], Keyframe]


@dataclass
class Watch:
    """A camera watched every 30 s, with learning, as the product does it."""

    references: list[Reference]
    hour_at: Callable[[float], int]
    is_day_at: Callable[[float], bool]
    policy: Policy = DEFAULT
    memory: Memory = field(default_factory=Memory.empty)
    in_a_row: int = 0
    alarmed: bool = False

    def look(self, source: KeyframeAt, at: float) -> Judgement:
        """One look; source gives the keyframe of a moment (t seconds)."""
        said, sight = self._judge(source, at, same_look=False)
        if said.wants_another_keyframe:
            said, sight = self._judge(source, at + NEXT_KEYFRAME_S, same_look=True)
        self.in_a_row = self.in_a_row + 1 if said.outcome == "fault" else 0
        self.alarmed = self.in_a_row >= AGREEING or (self.alarmed and self.in_a_row > 0)
        new = learn(self.references, sight, said)
        if new is not None:
            key = (new.mode, new.hour_bin)
            self.references = [r for r in self.references if r.accepted or (r.mode, r.hour_bin) != key] + [new]
        return said

    def _judge(self, source: KeyframeAt, at: float, *, same_look: bool):  # noqa: ANN202
        sight = source(at).sight(at, self.hour_at(at), self.is_day_at(at))
        said = judge(sight, self.references, self.memory, self.policy, same_look=same_look)
        self.memory = said.memory
        return said, sight


@dataclass(frozen=True)
class Found:
    """What became of one ill camera."""

    looks: int | None
    """looks from the first ill one to the alarm, that one counted; None = missed"""
    cause: str
    """cause named at the alarm, or what the last look said instead"""


def ill_episode(watch: Watch, well: KeyframeAt, ill: KeyframeAt, *, warm_up: int, at_most: int) -> Found:
    at = 0.0
    for _ in range(warm_up):
        watch.look(well, at)
        at += LOOK_S
    said = None
    watch.in_a_row, watch.alarmed = 0, False
    for look in range(1, at_most + 1):
        said = watch.look(ill, at)
        at += LOOK_S
        if watch.alarmed:
            return Found(look, said.cause)
    assert said is not None
    return Found(None, said.cause or (f"suspect {said.suspect}" if said.suspect else "good"))


@dataclass
class Calm:
    """What became of a well camera."""

    looks: int = 0
    alarms: int = 0
    unverified: int = 0
    single_faults: int = 0
    """looks called fault, alarm or not"""
    causes: dict[str, int] = field(default_factory=dict)


def calm_episode(watch: Watch, source: KeyframeAt, *, looks: int, every_s: float = LOOK_S) -> Calm:
    calm = Calm()
    for look in range(looks):
        before = watch.alarmed
        said = watch.look(source, look * every_s)
        calm.looks += 1
        calm.unverified += said.outcome == "unverified"
        if said.outcome == "fault":
            calm.single_faults += 1
            calm.causes[said.cause] = calm.causes.get(said.cause, 0) + 1
        calm.alarms += watch.alarmed and not before
    return calm
