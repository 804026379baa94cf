#!/usr/bin/env python
"""Django's usual door; the same as `satukota manage`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from satukota.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["manage", *sys.argv[1:]]))
