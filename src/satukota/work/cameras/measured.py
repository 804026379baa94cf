"""How often our judging is wrong, as measured by the benchmark of the picture rules and kept beside them."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from satukota.rules import picture_truth

FIGURES = Path(picture_truth.__file__).with_name("measured.json")


@lru_cache(maxsize=1)
def own_error_rate() -> Any:
    """The measured figures, or None while nobody has measured: no figure is shown without one."""
    try:
        return json.loads(FIGURES.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
