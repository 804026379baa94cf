"""Papers for tests. The template is the product's own frame with one line and one table."""

from datetime import UTC, datetime
from typing import Any

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PLAIN = "base/documents/typst/plain.typ"


def plain_data(**more: Any) -> dict[str, Any]:
    told = {"office": {"name": "Dinas Contoh", "over": "Pemerintah Kota Contoh", "address": "Jalan Contoh 1"}}
    return told | {"text": "Isi surat contoh.", "rows": [["a", "1"], ["b", "2"]]} | more
