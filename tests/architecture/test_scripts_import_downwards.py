"""Scripts know each other as Python does: downwards through the bands, and no work another."""

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src" / "satukota"
BANDS = ("project", "faces", "work", "shared", "city", "base")
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
SCRIPTS = sorted(path for path in SOURCES.glob("*/**/static/**/*.js") if "vendor" not in path.parts)


def _served() -> dict[str, Path]:
    """Scripts by their address below /static/."""
    return {path.as_posix().split("/static/", 1)[1]: path for path in SCRIPTS}


def _imports(path: Path) -> list[str]:
    """Addresses below /static/ of what a script imports, vendor files left out."""
    folder = Path(path.as_posix().split("/static/", 1)[1]).parent
    found = []
    for told in IMPORT.findall(path.read_text(encoding="utf-8")):
        parts: list[str] = []
        for part in (folder / told).parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        found.append("/".join(parts))
    return [address for address in found if not address.startswith("vendor/")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_what_lies_below_it(path: Path) -> None:
    served = _served()
    for address in _imports(path):
        assert address in served, f"{path.name} imports {address}, which is nobody's"
        mine, theirs = (one.relative_to(SOURCES).parts for one in (path, served[address]))
        down = BANDS.index(theirs[0]) > BANDS.index(mine[0])
        assert down or mine[:2] == theirs[:2], f"{path.name} imports {address}, which lies beside or above it"


def test_the_rule_sees_the_maps() -> None:
    """Not an empty check: the map of a work stands on the page frame's."""
    plan = next(path for path in SCRIPTS if path.as_posix().endswith("blind_spots/plan.js"))
    assert "satukota/base-map.js" in _imports(plan)
