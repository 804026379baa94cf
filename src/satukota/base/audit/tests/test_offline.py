"""Any single mutation of an export is found, and the first broken row is the one that was touched."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from satukota.base.audit import command_line, form, offline, signing

from .exported import KEY, export, rehash, row, texts

SRC = Path(__file__).resolve().parents[4]
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHAPES = st.tuples(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 3))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
EDITS = {
    "number": st.integers(0, 30), "actor_id": st.integers(0, 99), "before": st.dictionaries(TEXTS, st.integers()),
    "after": st.none() | TEXTS, "form": st.integers(0, 3),
}  # fmt: skip
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)


def broken(lines):
    found = offline.judge(texts(lines)).broken
    return found and found.number


def places(lines, kind="row"):
    return [place for place, line in enumerate(lines) if line["kind"] == kind]


@given(SHAPES)
@QUICK
def test_what_nobody_touched_holds(shape):
    lines = export(shape[0], old_rows=shape[1])
    told = offline.judge(texts(lines))
    assert told.broken is None and told.rows == sum(shape[0]) + shape[1] and told.seals == len(shape[0]) - 1


@given(st.data(), SHAPES, st.booleans())
@QUICK
def test_an_edited_field_is_found_also_when_the_row_was_hashed_anew(data, shape, anew):
    lines = export(shape[0], old_rows=shape[1])
    line = lines[data.draw(st.sampled_from(places(lines)))]
    number, name = line["row"]["number"], data.draw(st.sampled_from(sorted(line["row"])))
    value = data.draw(HASHES if name == "previous_hash" else EDITS.get(name, TEXTS))
    assume(value != line["row"][name])
    line["row"][name] = value
    if anew:
        rehash(line)
    assert broken(lines) == number


@given(st.data(), SHAPES)
@QUICK
def test_an_edited_hash_is_found(data, shape):
    lines = export(shape[0], old_rows=shape[1])
    line = lines[data.draw(st.sampled_from(places(lines)))]
    line["hash"] = data.draw(HASHES)
    assert broken(lines) == line["row"]["number"]


@given(st.data(), SHAPES)
@QUICK
def test_a_deleted_row_is_found(data, shape):
    lines = export(shape[0], old_rows=shape[1])
    gone = lines.pop(data.draw(st.sampled_from(places(lines))))
    assert broken(lines) == gone["row"]["number"]


@given(st.data(), SHAPES, st.booleans())
@QUICK
def test_an_inserted_row_is_found_also_when_it_continues_the_chain(data, shape, is_copy):
    lines = export(shape[0], old_rows=shape[1])
    place = data.draw(st.sampled_from(places(lines)))
    before = lines[place]["row"]
    if is_copy:
        lines.insert(place, copy.deepcopy(lines[place]))
        assert broken(lines) == before["number"]
        return
    lines.insert(place + 1, row(before["number"] + 1, lines[place]["hash"], day=before.get("day")))
    assert broken(lines) == before["number"] + 1


@given(st.data(), SHAPES)
@QUICK
def test_two_rows_in_each_others_place_are_found(data, shape):
    lines = export(shape[0], old_rows=shape[1])
    assume(len(places(lines)) > 1)
    one, other = sorted(data.draw(st.lists(st.sampled_from(places(lines)), min_size=2, max_size=2, unique=True)))
    first = lines[one]["row"]["number"]
    lines[one], lines[other] = lines[other], lines[one]
    assert broken(lines) == first


@given(st.data(), SHAPES, st.booleans())
@QUICK
def test_a_cut_at_the_end_is_found_with_and_without_the_last_line(data, shape, keep_end):
    lines = export(shape[0], old_rows=shape[1])
    place = data.draw(st.sampled_from(places(lines)))
    number = lines[place]["row"]["number"]
    assert broken(lines[:place] + (lines[-1:] if keep_end else [])) == number


@given(st.data(), st.lists(st.integers(1, 4), min_size=2, max_size=4))
@QUICK
def test_whatever_happens_to_a_seal_is_found_and_named_by_its_first_row(data, shape):
    lines = export(shape)
    place = data.draw(st.sampled_from(places(lines, "seal")))
    line = lines[place]
    first, name = line["seal"]["first_number"], data.draw(st.sampled_from(["gone", "signature", *line["seal"]]))
    if name == "gone":
        lines.pop(place)
    elif name == "signature":
        line["signature"] = data.draw(st.binary(min_size=64, max_size=64).map(bytes.hex))
    else:
        value = data.draw(st.integers(0, 99) if isinstance(line["seal"][name], int) else TEXTS | HASHES)
        assume(value != line["seal"][name])
        line["seal"][name] = value
    assert broken(lines) == first


@given(st.data(), SHAPES)
@QUICK
def test_a_changed_end_is_found(data, shape):
    lines = export(shape[0], old_rows=shape[1])
    name = data.draw(st.sampled_from(["last_number", "last_hash", "sealed_to"]))
    value = data.draw(HASHES if name == "last_hash" else st.integers(0, 99))
    assume(value != lines[-1][name])
    lines[-1][name] = value
    assert broken(lines) is not None


def test_a_seal_by_another_key_holds_only_while_no_key_is_asked_for():
    lines = export([2, 2])
    assert offline.judge(texts(lines), {signing.public_key(KEY)}).broken is None
    assert "unknown key" in offline.judge(texts(lines), {"00" * 32}).broken.what


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                             lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                                 st.sampled_from(["kind", "row", "seal", "hash", "format", "version", "whole"]), inner,
                                 max_size=5), max_leaves=8), max_size=4))  # fmt: skip
@QUICK
def test_a_file_of_anything_is_refused_in_words(things):
    head = {"kind": "header", "format": "satukota-audit", "version": 1, "whole": True}
    for lines in (things, [head, *things]):
        try:
            assert offline.judge([json.dumps(line) for line in lines]).broken
        except offline.NotAnExport as problem:
            assert str(problem)


@given(st.data())
@QUICK
def test_a_line_of_the_wrong_shape_is_refused_in_words(data):
    lines = export([2, 1])
    line = lines[data.draw(st.integers(1, len(lines) - 1))]
    part = line.get(line["kind"], line) if data.draw(st.booleans()) else line
    name = data.draw(st.sampled_from(sorted(set(part) - {"rows"})))
    part[name] = data.draw(st.none() | st.booleans() | st.floats() | st.lists(st.integers(), max_size=2))
    try:
        found = offline.judge(texts(lines)).broken
    except offline.NotAnExport:
        return
    assert found


def verify_file(path, *more):
    code = "import sys; from satukota.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "audit", "verify", "--file", str(path), *more]
    bare = {"PYTHONPATH": str(SRC), "PATH": "", "DATABASE_URL": "nothing://"}  # settings would refuse to start
    return subprocess.run(words, env=bare, capture_output=True, text=True, timeout=60)


def test_the_command_needs_neither_settings_nor_database(tmp_path):
    lines, path, roots = export([2, 2]), tmp_path / "export.jsonl", tmp_path / "koran.txt"
    path.write_text("".join(texts(lines)), encoding="utf-8")
    done = verify_file(path)
    assert done.returncode == 0 and "The chain holds: 4 rows, 1 seals." in done.stdout, done.stderr
    assert signing.public_key(KEY) in done.stdout
    seal = lines[3]["seal"]
    line = offline.public_line(seal["day"], seal["first_number"], seal["last_number"], seal["root"])
    roots.write_text(f"Diumumkan:\n{line}\n", encoding="utf-8")
    assert verify_file(path, "--roots", str(roots), "--key", signing.public_key(KEY)).returncode == 0
    roots.write_text(line.replace(seal["root"], "0" * 64), encoding="utf-8")
    assert "Not as published" in verify_file(path, "--roots", str(roots)).stderr
    lines[2]["row"]["why"] = "lain"
    path.write_text("".join(texts(lines)), encoding="utf-8")
    done = verify_file(path)
    assert done.returncode == 1 and "row 2 of 2026-11-22: content was changed" in done.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b'{"kind":"header"}', b"null\n"])
def test_a_file_that_is_no_export_gets_a_sentence(tmp_path, content, capsys):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    assert command_line.main(["verify", "--file", str(path)], pytest.fail) == 2
    assert "line 1" in capsys.readouterr().err
    assert command_line.main(["verify", "--file", str(tmp_path / "none")], pytest.fail) == 2


DOCS = SRC.parent / "docs" / "audit.md"


def test_the_bytes_of_a_row_are_those_of_the_documents_vector():
    vector = {"why": "uji é", "form": 2, "before": None, "after": {"n": 1.5}, "act": "test.act"}
    assert form.canonical(vector).decode() in DOCS.read_text(encoding="utf-8")
    assert f"`{form.hash_of(vector)}`" in DOCS.read_text(encoding="utf-8")


def test_the_strangers_program_in_the_document_judges_as_we_do(tmp_path):
    program, path = DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], tmp_path / "x.jsonl"
    lines = export([3, 5, 2], old_rows=2)
    path.write_text("".join(texts(lines)), encoding="utf-8")
    run = [sys.executable, "-I", "-c", program, str(path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    told = offline.judge(texts(lines))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [offline.public_line(*root) for root in told.roots]
    lines[4]["row"]["why"] = "lain"
    path.write_text("".join(texts(lines)), encoding="utf-8")
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "('changed', 4)" in done.stderr
