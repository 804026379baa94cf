"""`make test`: all tests. The journeys mostly wait for cameras, so they run beside the tests on SQLite; then the rest.

The tests beside them give way (nice), because a journey measures how soon a person is told. What the journeys print
comes in one piece when they end. A half that fails does not keep the others from running.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

from scripts.steps import ROOT, VENV_PYTHON

GIVES_WAY = 10  # of 19


def main(words: Sequence[str]) -> int:
    # Compiled once for all of them: three processes at a time would each compile the same.
    subprocess.run([VENV_PYTHON, "-m", "satukota.rules.ready"], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"})
    with tempfile.TemporaryFile() as said:
        browser = begin("test-browser", words, said)
        ended = {"SQLite": begin("test-sqlite", words, nice=GIVES_WAY).wait(), "browser": browser.wait()}
        said.seek(0)
        sys.stdout.buffer.write(b"\n== Beside them, the journeys in a browser\n" + said.read())
        sys.stdout.flush()
    ended["PostgreSQL"] = begin("test-pg", words).wait()
    failed = [half for half, code in ended.items() if code]
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nAll three halves passed: SQLite, browser, PostgreSQL.")
    return 1 if failed else 0


def begin(target: str, words: Sequence[str], out: IO[bytes] | None = None, nice: int = 0) -> subprocess.Popen[bytes]:
    """One half by its own target of the Makefile, so that it can be asked for alone in the same words."""
    sys.stdout.flush()
    command = ["make", "--no-print-directory", target, *words]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT if out else None,
        preexec_fn=(lambda: os.nice(nice)) if nice else None,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
