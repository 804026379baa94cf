"""Links between the documents lead somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    top = [path for path in ROOT.glob("*.md")]
    return top + [path for folder in ("docs", "benchmarks", "changes", "src") for path in (ROOT / folder).rglob("*.md")]


def broken_links(path: Path) -> list[str]:
    broken = []
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        local = unquote(target.split("#")[0])
        if local and "://" not in target and not target.startswith("mailto:") and not (path.parent / local).exists():
            broken.append(f"{path.relative_to(ROOT)} → {target}")
    return broken


def test_every_local_link_leads_to_a_file():
    assert [link for path in documents() for link in broken_links(path)] == []
