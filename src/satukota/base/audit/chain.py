"""Walks rows and seals in order and names the first that does not fit. No Django: the same for database and export.

A row is judged by its own hash, its number, its day and the hash it continues. Where two neighbours disagree, what
follows says which of them was changed: it continues the true one.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from . import form, merkle, signing
from .form import NOTHING, Content

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
REHASHED = "content was changed and hashed anew"


@dataclass(frozen=True)
class Broken:
    """The first row that does not fit; `day` is its local day, empty in the time before days were sealed."""

    number: int
    day: str
    what: str

    def __str__(self) -> str:
        return f"row {self.number}{f' of {self.day}' if self.day else ''}: {self.what}"


@dataclass(frozen=True)
class _Doubt:
    """Two neighbours disagree: which one is broken, told by whether `later_hash` is continued."""

    later_hash: str
    earlier: Broken
    later: Broken


@dataclass
class Chain:
    """Give it every row and seal in order, then `end`; each answers with what is broken, or None.

    `keys` are the public keys whose seals are believed, None for any. After a Broken the chain must not be used.
    """

    keys: Collection[str] | None = None
    number: int = 0  # of the last row
    last_hash: str = NOTHING  # what the next row continues: the last row's hash, or the seal's after a seal
    day: str = ""  # of the last row or seal
    root: str = NOTHING  # of the last seal
    sealed_to: int = 0
    rows: int = 0
    seals: int = 0
    _form: int = 1
    _continued: str = ""  # the hash the last row continues
    _tree: merkle.Growing = field(default_factory=merkle.Growing)
    _doubt: _Doubt | None = None

    def begin_after(self, seal: Content, signature: str) -> Broken | None:
        """Start in the middle: believe this seal of the day before, when its signature is good."""
        broken = self._bad_signature(seal, signature, int(seal["last_number"]))
        self.number = self.sealed_to = int(seal["last_number"])
        self.last_hash, self.root = form.hash_of_seal(seal), str(seal["root"])
        self.day, self._form = str(seal["day"]), 2
        return broken

    def row(self, content: Content, row_hash: str) -> Broken | None:
        expected, day = self.number + 1, str(content.get("day") or "")
        broken = self._settle(content.get("previous_hash"))
        if broken:
            return broken
        if not _fits(content, row_hash):
            return Broken(expected, day or self.day, "content was changed")
        if content.get("number") != expected:
            return self._out_of_place(content, expected)
        broken = self._misfit(content, expected, day)
        if broken:
            return broken
        if content["previous_hash"] != self.last_hash:
            self._doubt = _Doubt(row_hash, self._before(), Broken(expected, day, "does not continue the row before it"))
        self.number, self.day, self._form = expected, day, content.get("form", 1)
        self.last_hash, self._continued = row_hash, content["previous_hash"]
        self.rows += 1
        self._tree.add(row_hash)
        return None

    def seal(self, content: Content, signature: str) -> Broken | None:
        """A day's end: once the signature is good the seal is believed, and the rows since the last one must fit it."""
        first, day = self.sealed_to + 1, str(content.get("day", ""))
        broken = self._settle(content.get("last_hash")) or self._bad_signature(content, signature, first)
        if broken or not self._tree.count:
            return broken or Broken(first, day, f"is missing before the seal of {day}")
        last = int(content["last_number"])
        if last > self.number:
            return Broken(self.number + 1, day, f"is missing before the seal of {day}")
        if last < self.number:
            return Broken(last + 1, day, f"stands after the end of {day}")
        if content["last_hash"] != self.last_hash:
            return Broken(last, day, f"is not the row {day} was sealed with: {REHASHED}")
        true = {
            "first_number": first, "count": self._tree.count, "root": self._tree.root(), "previous_root": self.root,
            "day": self.day if self._form > 1 else day,
        }  # fmt: skip
        wrong = [name for name, value in true.items() if content.get(name) != value]
        if wrong:
            return Broken(first, day, f"the seal of {day} does not fit the rows from here on ({', '.join(wrong)})")
        self.root, self.sealed_to, self.day = str(content["root"]), self.number, day
        self.last_hash, self._tree = form.hash_of_seal(content), merkle.Growing()
        self.seals += 1
        return None

    def end(self, *, last_number: int, last_hash: str, sealed_to: int) -> Broken | None:
        """What the head row, or the last line of an export, knows of the end."""
        if last_number > self.number:
            return Broken(self.number + 1, self.day, "was removed, or never arrived, at the end")
        if last_number < self.number:
            return Broken(last_number + 1, self.day, "stands after the end of the chain")
        if sealed_to != self.sealed_to:
            return Broken(min(sealed_to, self.sealed_to) + 1, self.day, "the seal of the rows from here on is missing")
        broken = self._settle(last_hash)
        if broken or last_hash == self.last_hash:
            return broken
        return Broken(self.number, self.day, f"is not the row the chain ended with: {REHASHED}")

    def _settle(self, continued: object) -> Broken | None:
        doubt = self._doubt
        if doubt is None:
            return None
        return doubt.earlier if continued == doubt.later_hash else doubt.later

    def _before(self) -> Broken:
        """What is broken when the row after the last one is true."""
        if self.number and self.sealed_to == self.number:
            return Broken(self.number, self.day, f"the seal of {self.day} is not the one the next day continues")
        if not self.number:
            return Broken(1, self.day, "does not begin where the chain begins")
        return Broken(self.number, self.day, REHASHED)

    def _out_of_place(self, content: Content, expected: int) -> Broken:
        number, day = content.get("number"), self.day or str(content.get("day") or "")
        if number == self.number and self.rows and content.get("previous_hash") == self._continued:
            return Broken(self.number, day, "stands here twice")
        return Broken(expected, day, f"is missing or out of order: row {number} stands in its place")

    def _misfit(self, content: Content, expected: int, day: str) -> Broken | None:
        """Forms never go back, and no day begins before the last one was sealed."""
        this_form = content.get("form", 1)
        if this_form not in (1, 2) or this_form < self._form:
            return Broken(expected, day, f"is written in form {this_form}, the row before it in form {self._form}")
        if this_form > 1 and not DAY.fullmatch(day):
            return Broken(expected, day, "names no day")
        is_linked = content["previous_hash"] == self.last_hash
        is_sealed = self.sealed_to == self.number
        if self._form == 1 and not self.seals:
            return None
        if day != self.day and not is_sealed:
            if is_linked:
                return Broken(expected, day, f"belongs to {day}, but {self.day} was not sealed")
            return Broken(self.sealed_to + 1, self.day, f"the seal of {self.day} is missing")
        return None

    def _bad_signature(self, content: Content, signature: str, number: int) -> Broken | None:
        day, public = str(content.get("day", "")), str(content.get("public_key", ""))
        if not signing.is_signed(content, signature, public):
            return Broken(number, day, f"the seal of {day} was changed: its signature does not fit")
        if self.keys is not None and public not in self.keys:
            return Broken(number, day, f"the seal of {day} is signed with an unknown key")
        return None


def _fits(content: Content, row_hash: str) -> bool:
    try:
        return form.hash_of(content) == row_hash
    except (ValueError, TypeError, RecursionError):  # lone surrogates, or what JSON cannot say
        return False
