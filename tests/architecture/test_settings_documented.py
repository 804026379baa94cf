"""Every variable the product reads is in docs/operating/settings.md, and nothing else is."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operating" / "settings.md"
OURS = re.compile(r"^(SATUKOTA_[A-Z0-9_]+|DATABASE_URL)$")


def names_read_in(source: str) -> set[str]:
    """Names given to env.text(…) and its like, or to os.environ, or picked out of a tuple of names."""
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.match(node.value)
    }


def read_by_the_product() -> set[str]:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]
    product = [path for path in files if "tests" not in path.parts]
    return set().union(*(names_read_in(path.read_text(encoding="utf-8")) for path in product))


def documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z0-9_]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_each_setting_is_documented_and_each_documented_one_is_read():
    assert read_by_the_product() == documented()


def test_a_variable_is_found_however_it_is_read():
    source = 'env.flag("SATUKOTA_A")\nos.environ.get("SATUKOTA_B")\nfor n in ("SATUKOTA_C",): pass\nx = "SATUKOTA d"'
    assert names_read_in(source) == {"SATUKOTA_A", "SATUKOTA_B", "SATUKOTA_C"}
