"""One written form of a row for every database: what is equal is written equally, so tables can be compared by hash."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Field, JSONField

from satukota.base.secrets import Sealed
from satukota.base.secrets.fields import SealedTextField

Cell = Any  # what JSON can hold
HASH_SPACE = 1 << 256


def cell_of(value: Any) -> Cell:
    """The value of a column as JSON holds it. Moments in UTC, bytes in base64, a secret as it is sealed."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Sealed):
        return value.stored
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dict):
        return {str(key): cell_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cell_of(item) for item in value]
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no written form for {type(value).__name__}")


def value_of(field: Field, cell: Cell, connection: Any) -> Any:
    """What the database driver stores for a cell."""
    if isinstance(field, SealedTextField):
        return cell
    if cell is None or isinstance(field, JSONField):
        return field.get_db_prep_save(cell, connection)
    if field.get_internal_type() == "DurationField":
        return field.get_db_prep_save(timedelta(microseconds=cell), connection)
    return field.get_db_prep_save(field.to_python(cell), connection)


def line_of(cells: Sequence[Cell]) -> bytes:
    return json.dumps(cells, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


class TableHash:
    """Rows counted and hashed so that their order does not matter: the sum of their SHA-256, modulo 2**256."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % HASH_SPACE

    @property
    def text(self) -> str:
        return f"{self._sum:064x}"
