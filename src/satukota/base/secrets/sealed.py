"""A value that is sealed at rest and closed in memory: shown masked, opened only by asking."""

from __future__ import annotations

from collections.abc import Callable

from . import keyring, masks


class Sealed:
    """A secret text. `str()` is its mask, so a log, a template or an audit row never shows more.

    Holds the sealed form, the plain one, or both: what was only read is not opened, what was only set is not sealed
    before it is stored.
    """

    __slots__ = ("_mask", "_plain", "_token")
    __hash__ = None  # type: ignore[assignment]  # equality opens: nothing to sort into buckets by

    def __init__(
        self, *, token: str | None = None, plain: str | None = None, mask: Callable[[str], str] = masks.hidden
    ) -> None:
        self._token, self._plain, self._mask = token, plain, mask

    def open(self) -> str:
        """The plain text. Raises Unsealable."""
        if self._plain is None:
            self._plain = keyring.unseal_text(self._token or "")
        return self._plain

    @property
    def token(self) -> str:
        """What is stored: sealed with the newest key, also when it was read sealed with an older one."""
        if self._token is None:
            self._token = keyring.seal_text(self._plain or "")
        elif self._token and keyring.key_of(self._token) != keyring.keys()[0].id:
            self._token = _sealed_anew(self._token)
        return self._token

    @property
    def stored(self) -> str:
        """The sealed form exactly as it was read, to find the same row by; empty when it was never stored."""
        return self._token or ""

    def masked_by(self, mask: Callable[[str], str]) -> Sealed:
        return Sealed(token=self._token, plain=self._plain, mask=mask)

    def __bool__(self) -> bool:
        return bool(self._token or self._plain)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed | str):
            return NotImplemented
        if isinstance(other, Sealed) and self._token and self._token == other._token:
            return True
        try:
            return self.open() == (other.open() if isinstance(other, Sealed) else other)
        except keyring.Unsealable:
            return False

    def __str__(self) -> str:
        try:
            return self._mask(self.open()) if self else ""
        except keyring.Unsealable:
            return masks.HIDDEN

    def __repr__(self) -> str:
        return "<sealed>" if self else "<sealed: empty>"


def seal(plain: str) -> Sealed:
    return Sealed(token=keyring.seal_text(plain))


def unseal(sealed: Sealed | str) -> str:
    """The plain text of a sealed value or of a stored token. Raises Unsealable."""
    return sealed.open() if isinstance(sealed, Sealed) else keyring.unseal_text(sealed)


def _sealed_anew(token: str) -> str:
    try:
        return keyring.seal_text(keyring.unseal_text(token))
    except keyring.Unsealable:
        return token  # its key may come back: never made worse
