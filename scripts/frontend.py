"""Fetches the front-end packages and copies the few files pages need, with their licences, into var/static-vendor.

What is copied and which icons go into the sprite is said in package.json under "satukota". Settings serve the folder:
a file lands at /static/vendor/<name>/<file>, the sprite at /static/vendor/icons.svg (symbol id = icon name).
"""

import json
import re
import shutil
from pathlib import Path

from scripts.node import find_node
from scripts.steps import ROOT, SetupFailed, fingerprint, is_fresh, say, step, var_folder, write_stamp

PACKAGES = ROOT / "node_modules"
LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
SOURCE_MAP = re.compile(rb"\n?(?://[#@] sourceMappingURL=[^\n]*|/\*# sourceMappingURL=[^*]*\*/)\s*\Z")
# On each symbol: what stands on the outer <svg> is not inherited through <use>.
LINES = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
OUTLINE = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)


def fetch_frontend() -> None:
    """Leave var/static-vendor complete and matching package-lock.json; nothing to do when it already is."""
    sources = [ROOT / "package.json", ROOT / "package-lock.json", Path(__file__)]
    folder, mark = var_folder() / "static-vendor", fingerprint(sources)
    if is_fresh(folder / ".complete", mark):
        return
    with step("Fetching front-end files by package-lock.json"):
        find_node().ci(ROOT)
        wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["satukota"]
        _fill(folder, wanted)
    write_stamp(folder / ".complete", mark)


def _fill(folder: Path, wanted: dict) -> None:
    """Build the folder beside the old one and swap, so a running server never sees half of it for long."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, part in wanted["files"].items():
        _copy_package(fresh / "vendor" / name, PACKAGES / part["package"], part)
    sprite = build_sprite(PACKAGES / "@tabler" / "icons", wanted["icons"])
    (fresh / "vendor" / "icons.svg").write_text(sprite, encoding="utf-8")
    shutil.copyfile(PACKAGES / "@tabler" / "icons" / "LICENSE", fresh / "vendor" / "icons.LICENSE")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _copy_package(target: Path, package: Path, part: dict) -> None:
    for pattern in part["files"]:
        found = sorted((package / part["from"]).glob(pattern))
        if not found:
            raise SetupFailed(f"Package {part['package']} no longer holds {part['from']}/{pattern}; mend package.json.")
        for file in found:
            copy = target / file.relative_to(package / part["from"])
            copy.parent.mkdir(parents=True, exist_ok=True)
            # Maps are not copied: a comment naming one would make the hashed file storage fail.
            copy.write_bytes(SOURCE_MAP.sub(b"\n", file.read_bytes()))
    shutil.copyfile(_licence_of(package), target / "LICENSE")


def _licence_of(package: Path) -> Path:
    """The package's licence file; @tabler/core ships none, there the README names the licence."""
    for name in (*LICENCES, "README.md"):
        if (package / name).is_file():
            return package / name
    raise SetupFailed(f"{package.name} carries no licence text.")


def build_sprite(icons: Path, names: list[str]) -> str:
    """One SVG with a <symbol> per name, taken from the outline icons; unknown names are left out and said."""
    symbols = []
    for name in names:
        path = icons / "icons" / "outline" / f"{name}.svg"
        found = OUTLINE.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        if found is None:
            say(f"  icon {name!r} does not exist in {icons.name}; left out")
            continue
        drawing = " ".join(found[1].split()).replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" /> ', "")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {LINES}>{drawing}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
