"""One writer of the register at a time, and the line and audit row every act leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError
from satukota.base.languages import in_city_language
from satukota.base.line import hold_line

from ..models import BlindSpot, SpotEntry

LONGEST = 4000


@contextmanager
def in_line() -> Iterator[None]:
    """A transaction in which nobody else acts on the register: every act writes the audit chain, and so one order."""
    with transaction.atomic():
        hold_line()
        yield


@in_city_language
def write(
    spot: BlindSpot, act: str, *, by: Any, at: datetime, text: str = "", before: str = "", after: str = "",
    file: Any = None,
) -> SpotEntry:  # fmt: skip
    """The line of the timeline and the audit row of one act; `by` None is the machine."""
    audit.record(
        f"blind_spots.{act}", on=spot, by=by, at=at, opd_code=spot.owner.code, before=before or None,
        after=after or None, why=text[:300],
    )  # fmt: skip
    return SpotEntry.objects.create(
        spot=spot, act=act, by=by, at=at, text=text, before=before[:200], after=after[:200], file=file
    )


def checked(text: str, name: str, *, may_be_empty: bool = False, longest: int = LONGEST) -> str:
    """The text without outer blanks. Raises UserError with a sentence when empty, too long or not text."""
    text = text.strip()
    if not text and not may_be_empty:
        raise UserError(_("%s masih kosong.") % name, fix=_("Tulis beberapa kata, lalu simpan lagi."))
    if len(text) > longest:
        raise UserError(
            _("%(name)s terlalu panjang: %(n)d huruf, paling banyak %(most)d.")
            % {"name": name, "n": len(text), "most": longest},
            fix=_("Ringkas isinya."),
        )
    if "\0" in text:
        raise UserError(_("%s memuat tanda yang bukan tulisan.") % name, fix=_("Ketik ulang."))
    return text
