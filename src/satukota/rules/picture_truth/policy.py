"""How strictly a camera is judged: three words for people, numbers behind them.

Starting values come from docs/picture-truth.md (how they were found, and on which clips).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

WORDS = ("tinggi", "sedang", "rendah")


@dataclass(frozen=True)
class Policy:
    """Thresholds of one camera. Pixels are of the 320x180 picture; shares and ratios are 0..1."""

    # whole picture
    black_p95: int = 25
    black_std: float = 6.0
    constant_share: float = 0.97  # share of pixels within 2 grey levels of the median
    white_share: float = 0.60  # share of pixels >= 250
    white_p5: int = 200
    white_std: float = 8.0
    # same view or another
    r_same: float = 0.20
    r_lost: float = 0.30  # another street down the same perspective reaches this
    agreement_same: float = 0.40
    agreement_moved: float = 0.30  # after moving the picture back
    agreement_lost: float = 0.25  # another street in the same perspective reaches 0.2
    agreement_none: float = 0.10
    agreement_drop: float = 0.15  # below the camera's own usual: corners are matched to see why
    contour_left: float = 0.40  # contour strength against the reference below which nothing is left to see
    moved_px: float = 6.0
    moved_far_px: float = 16.0
    # sharpness against the reference
    sharpness_low: float = 0.55
    sharpness_strong: float = 0.40
    detail_low: float = 0.60  # fine over coarse gradient: a blur of sigma 4 leaves under half
    # blocks
    hidden_share: float = 0.15  # one connected patch without its contours, the rest in place
    covered_share: float = 0.35
    covered_strong: float = 0.50
    blocked_share: float = 0.55
    # n of the last m looks (m <= 32) before weak evidence becomes a fault
    n_covered: tuple[int, int] = (6, 8)
    n_hidden: tuple[int, int] = (12, 16)  # a part of the view: a parked lorry hides it, too
    n_defocused: tuple[int, int] = (20, 30)
    n_turned: tuple[int, int] = (4, 5)
    n_white_out: tuple[int, int] = (5, 6)
    n_blocked: tuple[int, int] = (14, 16)
    n_frozen: tuple[int, int] = (20, 24)
    n_other: tuple[int, int] = (6, 8)
    # freezing without identical bytes
    freeze_share: float = 0.5  # of the camera's own low change: coding noise has to stay under half of it
    freeze_live: float = 1.5  # grey levels: a camera whose live looks change less is not judged by change
    freeze_coding: float = 4.0  # grey levels: a still encoded anew at 200 kbit/s and more differs less
    freeze_history: int = 20  # looks known before its own low difference counts
    # day, where the caller does not know the sun
    day_hours: tuple[int, int] = (7, 17)

    @classmethod
    def of(cls, word: str) -> Policy:
        """The preset a person chose. Raises ValueError for another word than tinggi, sedang, rendah."""
        if word not in PRESETS:
            raise ValueError(f"sensitivity is one of {', '.join(WORDS)}, not {word!r}")
        return PRESETS[word]

    def n_of_m(self, cause: str) -> tuple[int, int]:
        """How many of how many looks make a suspicion of `cause` a fault."""
        return getattr(self, f"n_{cause}", self.n_other)


DEFAULT = Policy()
PRESETS: dict[str, Policy] = {
    "tinggi": replace(
        DEFAULT,
        moved_px=4.0,
        moved_far_px=12.0,
        sharpness_low=0.65,
        covered_share=0.25,
        covered_strong=0.4,
        hidden_share=0.12,
        n_covered=(4, 6),
        n_hidden=(8, 10),
        n_defocused=(10, 15),
        n_turned=(3, 4),
        n_white_out=(3, 4),
        n_blocked=(8, 10),
    ),
    "sedang": DEFAULT,
    "rendah": replace(
        DEFAULT,
        moved_px=10.0,
        moved_far_px=24.0,
        sharpness_low=0.4,
        sharpness_strong=0.25,
        detail_low=0.5,
        hidden_share=0.25,
        covered_share=0.45,
        covered_strong=0.7,
        n_covered=(9, 12),
        n_hidden=(24, 32),
        n_defocused=(28, 32),
        n_turned=(6, 8),
        n_white_out=(10, 12),
        n_blocked=(28, 32),
    ),
}
