"""Small problems written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from satukota.rules.siting import Problem


def problem_of(reach: Sequence[Sequence[int]], weights: Sequence[float], **known: Any) -> Problem:
    """reach: the points of each option."""
    return Problem(
        np.concatenate(([0], np.cumsum([len(points) for points in reach]))).astype(np.int64),
        np.array([point for points in reach for point in points], np.int32),
        weights,
        **known,
    )
