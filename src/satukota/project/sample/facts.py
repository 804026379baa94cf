"""What the sample city is made of, read from the files beside this one and from the field scenario."""

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def city() -> dict[str, Any]:
    return tomllib.loads((HERE / "city.toml").read_text(encoding="utf-8"))


def sops() -> list[dict[str, Any]]:
    return tomllib.loads((HERE / "sops.toml").read_text(encoding="utf-8"))["sop"]
