"""Merkle trees as in RFC 6962 section 2.1 (Certificate Transparency), over the hashes of a day's rows.

The root stands for all rows; a path of about log2(n) hashes proves that one row is among them without showing another.
"""

import hashlib
from collections.abc import Sequence


def leaf(row_hash: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + row_hash).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The root of rows that arrive one by one; holds log2(n) hashes, not the rows."""

    def __init__(self) -> None:
        self.count = 0
        self._whole: list[bytes] = []  # roots of full subtrees, largest first: one for each 1 bit of `count`

    def add(self, row_hash: str) -> None:
        top, rest = leaf(bytes.fromhex(row_hash)), self.count
        while rest & 1:
            top, rest = node(self._whole.pop(), top), rest >> 1
        self._whole.append(top)
        self.count += 1

    def root(self) -> str:
        """64 hexadecimal digits; of no rows at all the hash of nothing, as the RFC has it."""
        if not self._whole:
            return hashlib.sha256().hexdigest()
        top = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            top = node(left, top)
        return top.hex()


def path(row_hashes: Sequence[str], place: int) -> list[str]:
    """The audit path of the row at `place` (from 0): the sibling hashes from the leaf up. Raises IndexError."""
    if not 0 <= place < len(row_hashes):
        raise IndexError(place)
    level, found = [leaf(bytes.fromhex(each)) for each in row_hashes], []
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            found.append(level[sibling].hex())
        paired = [node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + ([level[-1]] if len(level) % 2 else [])  # an odd one moves up as it is
        place //= 2
    return found


def root_by_path(row_hash: str, place: int, count: int, siblings: Sequence[str]) -> str:
    """The root that `siblings` lead to from this row (RFC 9162 section 2.1.3.2); empty when they cannot fit."""
    top, last, left = leaf(bytes.fromhex(row_hash)), count - 1, list(map(bytes.fromhex, siblings))
    if not 0 <= place < count:
        return ""
    while last:
        if place & 1 or place < last:
            if not left:
                return ""
            sibling = left.pop(0)
            top = node(sibling, top) if place & 1 else node(top, sibling)
        place, last = place >> 1, last >> 1
    return "" if left else top.hex()
