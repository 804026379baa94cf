"""The words after `satukota audit`. `verify --file` needs neither database nor settings; the rest does."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TextIO

BROKEN, WRONG_USE = 1, 2


def main(words: Sequence[str], set_up: Callable[[], None]) -> int:
    """Exit code: 0 it holds or is written, 1 broken, 2 wrong use. `set_up` makes the database reachable."""
    asked = _parser().parse_args(words)
    if asked.act == "verify" and asked.file:
        return _verify_file(asked.file, asked.key, asked.roots)
    set_up()
    return {"verify": _verify, "export": _export, "prove": _prove, "seal": _seal}[asked.act](asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="satukota audit", description="The audit log: check it, hand it on.")
    acts = parser.add_subparsers(dest="act", required=True)
    verify = acts.add_parser("verify", help="check the chain and name the first broken row (exit code 1)")
    verify.add_argument("--file", type=Path, help="an export or a proof; needs no database")
    verify.add_argument("--key", action="append", help="with --file: a public key whose seals are believed")
    verify.add_argument("--roots", type=Path, help="with --file: published lines to compare the seals with")
    export = acts.add_parser("export", help="whole days as JSON lines that verify offline")
    export.add_argument("--since", type=date.fromisoformat, help="first day, 2026-11-22")
    export.add_argument("--until", type=date.fromisoformat, help="last day")
    export.add_argument("--out", type=Path, required=True, help="file to write; - for the standard output")
    export.add_argument("--purpose", default="", help="what it is needed for; stands on the audit log")
    prove = acts.add_parser("prove", help="a proof that one row is in a sealed day")
    prove.add_argument("number", type=int)
    acts.add_parser("seal", help="seal the open day if it has ended; put back missing guards of the tables")
    return parser


def _verify_file(path: Path, keys: list[str] | None, published: Path | None) -> int:
    from . import offline

    try:
        told = offline.judge_file(path, keys)
        missed = offline.not_published(told, published) if published else []
    except (OSError, offline.NotAnExport) as problem:
        print(f"{path}: {problem}", file=sys.stderr)
        return WRONG_USE
    if told.broken:
        print(f"Broken: {told.broken}.", file=sys.stderr)
        return BROKEN
    if missed:
        print("\n".join(f"Not as published: {line}" for line in missed), file=sys.stderr)
        return BROKEN
    print(f"{'The chain holds' if told.is_whole else 'Each row holds'}: {told.rows} rows, {told.seals} seals.")
    if not told.is_whole and not told.seals:
        print("A selection: whether rows between them are missing cannot be seen.")
    if told.keys and keys is None:
        print(f"Signed with {', '.join(sorted(told.keys))}: compare with the key the city published, or give --key.")
    return 0


def _verify(asked: argparse.Namespace) -> int:
    from django.db import connection

    from . import guards
    from .verifying import verify

    told = verify()
    if told.broken:
        print(f"Broken: {told.broken}.", file=sys.stderr)
        return BROKEN
    print(f"The chain holds: {told.rows} rows, {told.seals} seals, end {told.last_hash}.")
    unguarded = guards.missing(connection)
    for table, act in unguarded:
        print(
            f"But the database no longer refuses {act} on {table}: `satukota audit seal` puts it back.", file=sys.stderr
        )
    return BROKEN if unguarded else 0


def _export(asked: argparse.Namespace) -> int:
    from satukota.base import clock

    from . import actions, exporting

    at = clock.now()
    chosen = {"since": asked.since and asked.since.isoformat(), "until": asked.until and asked.until.isoformat()}
    actions.viewed("audit.exported", by=None, at=at, purpose=asked.purpose, chosen=chosen)
    count = 0
    with _written(asked.out) as out:
        for line in exporting.chain_lines(at, asked.since, asked.until):
            out.write(line)
            count += 1
    print(f"{asked.out}: {count} lines.", file=sys.stderr)
    return 0


def _prove(asked: argparse.Namespace) -> int:
    import json

    from satukota.base.errors import Missing

    from . import exporting

    try:
        print(json.dumps(exporting.proof_of(asked.number), ensure_ascii=False))
    except Missing as problem:
        print(f"{problem.text} {problem.fix}", file=sys.stderr)
        return BROKEN
    return 0


def _seal(asked: argparse.Namespace) -> int:
    from django.db import connection

    from satukota.base import clock

    from . import guards
    from .actions import seal_ended_days

    print("Sealed." if seal_ended_days(clock.now()) else "There is no ended day to seal.")
    guards.put(connection)
    return 0


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """The file appears whole or not at all."""
    if str(path) == "-":
        yield sys.stdout
        return
    half = path.with_name(f".{path.name}.half")
    try:
        with half.open("w", encoding="utf-8") as out:
            yield out
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
