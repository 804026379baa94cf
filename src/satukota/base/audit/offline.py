"""`satukota audit verify --file`: judges an export or a proof with nothing but itself. No database, no settings."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import form, merkle, signing
from .chain import Broken, Chain

LONGEST = 50_000_000  # characters of one line
WHOLE_NUMBERS = frozenset({"seal", "first_number", "last_number", "count"})  # of a seal; the rest is text


class NotAnExport(Exception):
    """The file is not what it should be; the text says where."""


@dataclass
class Judgement:
    """`roots` are (day, first, last, root) as they can be compared with what was published."""

    broken: Broken | None = None
    rows: int = 0
    seals: int = 0
    is_whole: bool = True
    roots: list[tuple[str, int, int, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def judge_file(path: Path, keys: Collection[str] | None = None) -> Judgement:
    """Read it line by line: memory does not grow with the file. Raises NotAnExport, OSError."""
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        return judge(lines, keys)


def judge(lines: Iterable[str], keys: Collection[str] | None = None) -> Judgement:
    parsed = _parsed(lines)
    first = next(parsed, None)
    if first is None or first.get("format") != "satukota-audit" or first.get("version") != 1:
        raise NotAnExport("line 1: this is not an export of the audit log")
    if first["kind"] == "proof":
        return _judge_proof(first, keys)
    if first["kind"] != "header":
        raise NotAnExport("line 1: the header is missing")
    return _judge_chain(parsed, keys) if first.get("whole") is True else _judge_selection(parsed)


def not_published(told: Judgement, published: Path) -> list[str]:
    """Seals of the file that differ from, or are not among, the lines the city published. Raises OSError."""
    known = {" ".join(line.split()) for line in published.read_text(encoding="utf-8", errors="replace").splitlines()}
    return [line for line in (public_line(*root) for root in told.roots) if line not in known]


def public_line(day: str, first: int, last: int, root: str) -> str:
    """One day as it is shown on the portal and printed in a newspaper."""
    return f"{day} {first}-{last} {root}"


def _judge_chain(lines: Iterator[dict[str, Any]], keys: Collection[str] | None) -> Judgement:
    told, chain, ended = Judgement(), Chain(keys=keys), False
    for line in lines:
        kind = line["kind"]
        if ended or kind not in {"row", "seal", "anchor", "end"}:
            raise NotAnExport(f"a line of kind {kind!r} stands where none may be")
        if kind == "row":
            told.broken = chain.row(line["row"], line["hash"])
        elif kind == "seal":
            told.broken = chain.seal(line["seal"], line["signature"])
            _note(told, line["seal"])
        elif kind == "anchor":
            told.broken = chain.begin_after(line["seal"], line["signature"])
            _note(told, line["seal"])
        else:
            said = {name: line[name] for name in ("last_number", "last_hash", "sealed_to")}
            told.broken, ended = chain.end(**said), True
        if told.broken:
            break
    told.rows, told.seals = chain.rows, chain.seals
    if not ended and not told.broken:
        told.broken = Broken(chain.number + 1, chain.day, "the file ends without its last line: the rest was cut off")
    return told


def _judge_selection(lines: Iterator[dict[str, Any]]) -> Judgement:
    told = Judgement(is_whole=False)
    for line in lines:
        if line["kind"] != "row":
            raise NotAnExport("a selection holds rows only")
        told.rows += 1
        if not _is_true(line):
            told.broken = Broken(line["row"]["number"], str(line["row"].get("day") or ""), "content was changed")
            break
    return told


def _judge_proof(line: dict[str, Any], keys: Collection[str] | None) -> Judgement:
    told, seal, row = Judgement(is_whole=False, rows=1, seals=1), line["seal"], line["row"]
    number, day = row["number"], seal["day"]
    _note(told, seal)
    root = merkle.root_by_path(line["hash"], line["place"], seal["count"], line["path"])
    if not _is_true(line):
        told.broken = Broken(number, day, "content was changed")
    elif not signing.is_signed(seal, line["signature"], seal["public_key"]):
        told.broken = Broken(number, day, f"the seal of {day} was changed: its signature does not fit")
    elif keys is not None and seal["public_key"] not in keys:
        told.broken = Broken(number, day, f"the seal of {day} is signed with an unknown key")
    elif root != seal["root"] or line["place"] != number - seal["first_number"]:
        told.broken = Broken(number, day, "is not among the rows of this seal")
    return told


def _is_true(line: dict[str, Any]) -> bool:
    try:
        return form.hash_of(line["row"]) == line["hash"]
    except (ValueError, TypeError, RecursionError):
        return False


def _note(told: Judgement, seal: dict[str, Any]) -> None:
    told.keys.add(seal["public_key"])
    told.roots.append((seal["day"], seal["first_number"], seal["last_number"], seal["root"]))


def _parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text) if len(text) <= LONGEST else None
        except (ValueError, RecursionError) as problem:
            raise NotAnExport(f"line {number}: not JSON, or cut off in the middle") from problem
        complaint = _complaint(line)
        if complaint or line is None:
            raise NotAnExport(f"line {number}: {complaint}")
        yield line


def _complaint(line: Any) -> str:
    """What of its shape is wrong, so that nothing later meets a missing name or a number that is a text."""
    if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
        return "not a line of an export"
    kind = line["kind"]
    if kind in {"row", "proof"} and not (_is_row(line.get("row")) and _is_hex(line.get("hash"), 64)):
        return "a row lacks fields or has too many"
    if kind in {"seal", "anchor", "proof"} and not (_is_seal(line.get("seal")) and _is_hex(line.get("signature"), 128)):
        return "a seal lacks fields or has too many"
    if kind == "proof":
        path = line.get("path")
        if not (isinstance(path, list) and all(_is_hex(each, 64) for each in path) and _is_int(line.get("place"))):
            return "the path of the proof is no list of hashes"
    if kind == "end" and not (
        _is_hex(line.get("last_hash") or form.NOTHING, 64) and _is_int(line.get("last_number"))
        and _is_int(line.get("sealed_to"))
    ):  # fmt: skip
        return "the end lacks fields"
    return ""


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict):
        return False
    names = form.FIELDS if "form" in row else form.OLD_FIELDS
    return (
        row.keys() == set(names) and _is_int(row["number"]) and isinstance(row["previous_hash"], str)
        and _is_int(row.get("form", 1)) and isinstance(row.get("day", ""), str)
    )  # fmt: skip


def _is_seal(seal: Any) -> bool:
    if not isinstance(seal, dict) or seal.keys() != set(form.SEAL_FIELDS):
        return False
    return all(_is_int(seal[name]) if name in WHOLE_NUMBERS else isinstance(seal[name], str) for name in seal)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_hex(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) == length and all(letter in "0123456789abcdef" for letter in value)
