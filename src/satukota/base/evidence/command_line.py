"""`satukota evidence verify FILE`: judges a package with nothing but itself and the keys it is given."""

import argparse
import sys
from pathlib import Path

from . import packages


def main(words: list[str]) -> int:
    """0 whole, 1 not, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="satukota evidence", description="Check a package of evidence offline.")
    parser.add_argument("act", choices=["verify"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="public key the city publishes (64 hex digits)")
    given = parser.parse_args(words)
    if not given.file.is_file():
        print(f"There is no file {given.file}.", file=sys.stderr)
        return 2
    found = packages.problems(given.file, given.key)
    for problem in found:
        print(f"NOT WHOLE: {problem}")
    if not found:
        print("The package is whole and its signature holds.")
        if not given.key:
            print("The key came with the package: compare it with the one the city publishes, or give it with --key.")
    return 1 if found else 0
