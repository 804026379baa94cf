"""What every set-up step shares: where things are, how to say what happens, how to skip what is unchanged."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"


def var_folder() -> Path:
    """The folder for everything made at run time; the same variable as in the settings."""
    return Path(os.environ.get("SATUKOTA_VAR") or ROOT / "var").resolve()


class SetupFailed(Exception):
    """Set-up cannot go on. The text says what happened and what to do; no trace is shown."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what starts and how long it took."""
    say(f"· {title} …")
    began = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - began:.1f} s")


def run(
    command: Sequence[str | Path],
    *,
    why: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run `command` with its output shown only when it fails; then raise SetupFailed beginning with `why`."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as problem:
        raise SetupFailed(f"{why}: {problem}") from problem
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise SetupFailed(f"{why} (exit code {done.returncode}).\n{tail}")


def fingerprint(paths: Iterable[Path], *words: str) -> str:
    """SHA-256 over the names and contents of `paths` (missing ones count as empty) and over `words`."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    for word in words:
        digest.update(f"{word}\0".encode())
    return digest.hexdigest()


def is_fresh(stamp: Path, mark: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == mark


def write_stamp(stamp: Path, mark: str) -> None:
    """Written last, so an interrupted step is done again."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark, encoding="utf-8")


def ends_with_a_sentence(main: Callable[[], None]) -> int:
    """Run `main()`; a SetupFailed becomes a sentence and exit code 1, Ctrl-C becomes 130."""
    try:
        main()
    except SetupFailed as problem:
        print(f"\nSet-up stopped: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0
