"""An export made without database: rows over some days, each day but the last sealed. For tests of the judging."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from satukota.base.audit import form, merkle, signing

KEY = "11" * 32
FIRST_DAY = date(2026, 11, 22)
Line = dict[str, Any]


def export(rows_per_day: Sequence[int], *, old_rows: int = 0) -> list[Line]:
    """Lines as exporting.chain_lines writes them; `old_rows` of form 1 come first."""
    lines: list[Line] = [{"kind": "header", "format": "satukota-audit", "version": 1, "whole": True}]
    previous, number, root, sealed_to, tree = form.NOTHING, 0, form.NOTHING, 0, merkle.Growing()
    for _old in range(old_rows):
        number += 1
        line = row(number, previous, day=None)
        lines.append(line)
        previous = line["hash"]
        tree.add(previous)
    for place, count in enumerate(rows_per_day):
        day = (FIRST_DAY + timedelta(days=place)).isoformat()
        for _row in range(count):
            number += 1
            lines.append(row(number, previous, day=day))
            previous = lines[-1]["hash"]
            tree.add(previous)
        if place < len(rows_per_day) - 1:
            seal = {
                "seal": 1, "day": day, "first_number": sealed_to + 1, "last_number": number, "count": tree.count,
                "root": tree.root(), "last_hash": previous, "previous_root": root,
                "sealed_at": f"{day}T16:00:00.000000Z", "public_key": signing.public_key(KEY),
            }  # fmt: skip
            lines.append({"kind": "seal", "seal": seal, "signature": signing.sign(seal, KEY)})
            previous, root, sealed_to, tree = form.hash_of_seal(seal), tree.root(), number, merkle.Growing()
    lines.append({"kind": "end", "rows": number, "last_number": number, "last_hash": previous, "sealed_to": sealed_to})
    return lines


def row(number: int, previous: str, *, day: str | None) -> Line:
    content: dict[str, Any] = {
        "number": number, "at": f"{day}T04:00:00.000000Z" if day else "2026-11-01T04:00:00+00:00", "act": "test.act",
        "actor_id": 7, "actor_name": "Contoh", "hat": "Operator", "on_kind": "test.thing", "on_id": "12",
        "on_label": "Contoh", "opd_code": "diskominfo", "why": "uji", "before": {"n": number}, "after": {"n": 1.5},
        "previous_hash": previous,
    }  # fmt: skip
    if day:
        content |= {"form": 2, "day": day, "purpose": "uji"}
    return {"kind": "row", "row": content, "hash": form.hash_of(content)}


def rehash(line: Line) -> None:
    line["hash"] = form.hash_of(line["row"])


def texts(lines: Sequence[Line]) -> list[str]:
    return [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]
