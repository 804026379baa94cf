"""A writer for tests and the benchmark: `writer.py START COUNT` records rows, each in a transaction of its own.

Says "ready" in a file beside START, waits until START is there, then prints each number once it is committed.
"""

import os
import sys
import time
from pathlib import Path

import django


def main(start: Path, count: int) -> None:
    django.setup()
    from satukota.base import clock
    from satukota.base.audit import actions as audit

    start.with_name(f"{start.name}.{os.getpid()}").touch()
    while not start.exists():
        time.sleep(0.005)
    for number in range(count):
        row = audit.record(
            "test.act", by=None, at=clock.now(), before={"n": number}, after={"n": number + 1}, why="uji"
        )
        os.write(1, f"{row.number}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
