"""The table of OWASP ASVS 5.0: every number of levels 1 and 2 once, each path there, each sum right."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "security" / "asvs.md").read_text("utf-8")
ROW = re.compile(r"^\| v5\.0\.0-([\d.]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = [tuple(cell.strip() for cell in row) for row in ROW.findall(TABLE)]
PATH = re.compile(r"`((?:src|tests|docs)/[^`]+)`")
MET, PARTLY, OPEN, NOT_OURS = "met", "partly", "open", "does not apply"


def asked() -> list[str]:
    """Numbers of levels 1 and 2, from ranges a section."""
    lines = (Path(__file__).with_name("asvs_numbers.txt")).read_text("utf-8").split("\n")
    found = []
    for section, first, last in re.findall(r"^([\d.]+): (\d+)-(\d+)$", "\n".join(lines), re.MULTILINE):
        found += [f"{section}.{number}" for number in range(int(first), int(last) + 1)]
    return found


def test_every_requirement_of_both_levels_is_there_once():
    assert len(asked()) == 253  # 70 of level 1 and 183 of level 2
    assert Counter(row[0] for row in ROWS) == Counter(asked())


def test_no_row_escapes_the_pattern():
    assert len(ROWS) == len(re.findall(r"^\| v5", TABLE, re.MULTILINE))


def test_each_row_has_a_status_and_a_place_or_a_reason():
    for number, words, status, place, _test in ROWS:
        assert status in {MET, PARTLY, OPEN, NOT_OURS}, number
        assert len(words) > 3 and len(place) > 3, number


def test_every_path_in_the_table_exists():
    gone = sorted({path for path in PATH.findall(TABLE) if not (ROOT / path).exists()})
    assert gone == []


def test_what_is_named_as_a_test_is_a_file_of_tests():
    wrong = [(row[0], row[4]) for row in ROWS if row[4] != "–" and not re.fullmatch(r"`[\w/]+/test_\w+\.py`", row[4])]
    assert wrong == []


def test_the_sums_are_those_of_the_rows():
    told = re.search(r"Of (\d+): (\d+) met, (\d+) partly, (\d+) open, (\d+) do not apply", TABLE)
    count = Counter(row[2] for row in ROWS)
    assert told is not None
    assert [int(number) for number in told.groups()] == [
        len(ROWS), count[MET], count[PARTLY], count[OPEN], count[NOT_OURS]]  # fmt: skip
