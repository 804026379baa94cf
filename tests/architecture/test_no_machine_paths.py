"""What is tracked fits any machine: no folder of one developer, no package registry's address, nothing others wrote."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:root|work|Users|home/\w+|srv/\w+)(?:/[\w.-]+)")
ADDRESS_IN_LOCK = re.compile(
    r'"resolved"\s*:|^\s*--?(?:index-url|extra-index-url|find-links|i|f)\b|@ (?:https?|file):', re.MULTILINE
)
REGISTRY = re.compile(r"\bregistry\.[\w-]+\.\w+|\bpypi\.\w{2,3}\b|://[\w.:-]+/simple\b")
GENERATED = re.compile(r"(^|/)(node_modules|vendor|dist)/|\.min\.(js|css)$|\.mo$")
BINARY = {".png", ".jpg", ".webp", ".parquet", ".mp4", ".xlsx", ".woff2", ".ico"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def complaints(text: str) -> list[str]:
    return [found[0] for pattern in (MACHINE_PATH, REGISTRY) for found in pattern.finditer(text)]


def test_no_tracked_file_names_a_folder_of_one_machine_or_a_registry():
    found = {}
    for path in tracked():
        if path.suffix not in BINARY and path != Path(__file__):
            wrong = complaints(path.read_text(encoding="utf-8", errors="replace"))
            if wrong:
                found[str(path.relative_to(ROOT))] = wrong[:3]
    assert found == {}


def test_locks_hold_hashes_and_no_addresses():
    locks = [path for path in tracked() if path.name == "package-lock.json" or path.match("requirements/*.txt")]
    assert len(locks) >= 6
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert not ADDRESS_IN_LOCK.search(text), path
        if path.suffix == ".json":
            packages = json.loads(text)["packages"]
            assert all(entry.get("integrity", "").startswith("sha512-") for name, entry in packages.items() if name)
        else:
            pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==[^\s]+ \\\n    --hash=sha256:", text, re.MULTILINE)
            assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)), path


def test_nothing_built_or_fetched_is_tracked():
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    assert [name for name in names if GENERATED.search(name)] == []


@pytest.mark.parametrize(
    "text", ['open("/root/x/y")', "see /work/notes/a.md", "/home/budi/satukota", "https://registry.example.org/x"]
)
def test_the_patterns_find_what_they_are_for(text):
    assert complaints(text)


@pytest.mark.parametrize("text", ["/usr/lib/postgresql", "docs/work/cameras", "/pusat/kamera/", "src/work/x"])
def test_the_patterns_leave_the_rest_alone(text):
    assert not complaints(text)
