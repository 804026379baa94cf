"""Data → PDF by a Typst template. The data reaches the template as JSON and is never run as Typst code.

Equal template, data and moment give equal bytes. Templates lie in the folders `typst` of the apps and begin with
`#import "/base/documents/typst/paper.typ": *`; the root of their file names is the package `satukota`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
COMPILER = Path(__file__).with_name("compiler.py")
MOST_DATA = 8 * 1024 * 1024  # bytes of JSON: some 20,000 lines of a table
MOST_PDF = 50 * 1024 * 1024
MOST_MEMORY = 3 * 1024**3  # of address space
MOST_S = 30


class TemplateBroken(Exception):
    """Typst refuses the template or the data it was given: a fault of ours, not of the person who asks."""


def make_pdf(template: str, data: Mapping[str, Any], *, at: datetime, most_s: int = MOST_S) -> bytes:
    """A PDF/A-2a, PDF/UA-1 file. `template` from the package: "work/vendor_ledger/typst/statement.typ".

    `data` is anything JSON holds; `paper.typ` says which keys it wants. `at` is the date of the document.
    Raises UserError when there is too much for one paper, TemplateBroken for a fault in the template.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > MOST_DATA:
        raise _too_much()
    asked = {
        "root": str(ROOT), "template": str(_template(template)), "data": text, "at": int(at.timestamp()),
        "cpu_s": most_s, "bytes": MOST_MEMORY,
    }  # fmt: skip
    try:
        ended = subprocess.run(
            [sys.executable, "-I", str(COMPILER)], input=json.dumps(asked).encode(), capture_output=True,
            timeout=most_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise _too_much() from problem
    if ended.returncode < 0 or len(ended.stdout) > MOST_PDF:  # ended by the system: time or memory
        raise _too_much()
    if ended.returncode:
        raise TemplateBroken(ended.stderr.decode(errors="replace")[-2000:])
    return ended.stdout


def day_in_words(moment: datetime) -> str:
    """22 November 2026, in the city's own time and always in Indonesian: papers are in one language."""
    day = clock.local(moment)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)  # fmt: skip


def _template(name: str) -> Path:
    path = (ROOT / name).resolve()
    if not path.is_relative_to(ROOT) or path.suffix != ".typ" or not path.is_file():
        raise TemplateBroken(f"no template {name!r} in the package")
    return path


def _too_much() -> UserError:
    return UserError(
        _("Isinya terlalu banyak untuk satu dokumen PDF."),
        fix=_("Persempit rentang atau daftarnya, atau unduh sebagai XLSX."),
        code="dokumen_terlalu_besar",
    )
