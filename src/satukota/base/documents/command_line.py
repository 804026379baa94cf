"""The words after `satukota verify-letter`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .verifying import NotAPaper, Told, verify_pdf

BROKEN, WRONG_USE = 1, 2


def main(words: Sequence[str], set_up: Callable[[], None]) -> int:
    """Exit code: 0 it holds, 1 it does not, 2 it cannot be asked. `set_up` makes the settings readable."""
    parser = argparse.ArgumentParser(prog="satukota verify-letter", description="Is a signed PDF as it was written?")
    parser.add_argument("file", type=Path)
    parser.add_argument("--certificate", type=Path, help="PEM of the signer; else the one this installation signs with")
    asked = parser.parse_args(words)
    try:
        told = verify_pdf(asked.file.read_bytes(), _certificate(asked.certificate, set_up))
    except (OSError, NotAPaper, ValueError) as problem:
        print(f"{asked.file}: {problem}", file=sys.stderr)
        return BROKEN if isinstance(problem, NotAPaper) else WRONG_USE
    for line in _said(told):
        print(line, file=sys.stdout if told.holds else sys.stderr)
    return 0 if told.holds else BROKEN


def _certificate(path: Path | None, set_up: Callable[[], None]) -> bytes:
    if path is not None:
        return path.read_bytes()
    set_up()
    from .signing import identity

    return identity().pem


def _said(told: Told) -> list[str]:
    lines = ["The letter is as it was signed." if told.holds else "Do not rely on this letter:"]
    lines += [] if told.is_intact else ["  what was signed has been altered;"]
    lines += [] if told.is_whole else ["  something was added or altered after signing;"]
    lines += [] if told.is_known else ["  it was signed with another certificate than the one asked about;"]
    at = f"{told.signed_at:%Y-%m-%d %H:%M:%S %Z}" if told.signed_at else "unknown"
    return [*lines, f"Signer: {told.signer}, certificate {told.fingerprint}", f"Signed at {at} by the signer's clock",
            f"SHA-256 of the file: {told.sha256}"]  # fmt: skip
