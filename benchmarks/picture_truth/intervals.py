"""Honest intervals for small counts."""

from __future__ import annotations

import math

from scipy.stats import chi2

Z95 = 1.959964


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % Wilson interval of a share; (0, 1) when nothing was tried."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = hits / total, Z95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def poisson_rate(count: int, time: float) -> tuple[float, float]:
    """Exact 95 % interval of events per unit of time; with none counted, (0, 3.69 / time)."""
    low = float(chi2.ppf(0.025, 2 * count)) / (2 * time) if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2)) / (2 * time)


def upper_bound(count: int, time: float) -> float:
    """One-sided exact 95 % upper bound of a rate: the rule of three when nothing was counted."""
    return float(chi2.ppf(0.95, 2 * count + 2)) / (2 * time)
