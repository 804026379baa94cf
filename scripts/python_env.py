"""The virtual environment: made with the standard library, filled from the hashed locks."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from scripts.steps import ROOT, VENV, VENV_PYTHON, SetupFailed, fingerprint, run, say, step

LOCKS = ROOT / "requirements"
INSTALLED = VENV / "satukota-locks.json"  # lock name → fingerprint; goes away with the environment
LAUNCHER = '#!/bin/sh\n# Written by scripts/python_env.py.\nexec "$(dirname "$0")/python" -m satukota.cli "$@"\n'
LEAST_PYTHON = (3, 11)


def make_environment(*, dev: bool) -> None:
    """An environment in .venv with the product's packages (and, with `dev`, the test tools); skips what is there."""
    if sys.version_info < LEAST_PYTHON:
        raise SetupFailed("Satukota needs Python 3.11 or newer. Install it, then: make run PYTHON=python3.11")
    if not _works(VENV_PYTHON):
        with step("Making the virtual environment"):
            _make_venv()
    install_lock("dev" if dev else "run")
    _make_importable()


def install_lock(name: str) -> None:
    """Install requirements/NAME.txt with every hash checked: by uv, by pip where uv cannot be had."""
    mark = fingerprint([LOCKS / f"{name}.txt"])
    if _installed_locks().get(name) == mark:
        return
    with step(f"Installing Python packages from requirements/{name}.txt"):
        hashed: list[str | Path] = ["install", "--quiet", "--no-deps", "--require-hashes", "-r", LOCKS / f"{name}.txt"]
        by_pip: list[str | Path] = [VENV_PYTHON, "-m", "pip", *hashed, "--disable-pip-version-check"]
        why = f"The packages of requirements/{name}.txt could not be installed; is the package registry reachable?"
        if not _have_uv():
            run(by_pip, why=why)
        else:
            try:
                run([VENV / "bin" / "uv", "pip", *hashed, "--python", VENV_PYTHON], why=why)
            except SetupFailed:
                say("  uv could not; trying pip, which is slower")
                run(by_pip, why=why)
    _note_installed(name, mark)
    if name == "dev":  # dev.in holds all of run.in
        _note_installed("run", fingerprint([LOCKS / "run.txt"]))


def _works(python: Path) -> bool:
    """Whether the environment's interpreter starts and has pip (a moved or half-made one does not)."""
    try:
        return subprocess.run([python, "-c", "import pip"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    run(
        [sys.executable, "-m", "venv", VENV],
        why="Python's venv module does not work here. On Debian or Ubuntu: apt-get install python3-venv, then again",
    )


def _have_uv() -> bool:
    uv, mark = VENV / "bin" / "uv", fingerprint([LOCKS / "uv.txt"])
    if uv.is_file() and _installed_locks().get("uv") == mark:
        return True
    command: list[str | Path] = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        run([*command, "--require-hashes", "-r", LOCKS / "uv.txt"], why="uv could not be installed")
    except SetupFailed:
        return False
    _note_installed("uv", mark)
    return True


def _make_importable() -> None:
    """Put src on the environment's path and the `satukota` command beside its Python; needs no build tool."""
    site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(VENV)}))
    for path, content in {site / "satukota.pth": f"{ROOT / 'src'}\n", VENV / "bin" / "satukota": LAUNCHER}.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
    (VENV / "bin" / "satukota").chmod(0o755)


def _installed_locks() -> dict[str, str]:
    try:
        found = json.loads(INSTALLED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note_installed(name: str, mark: str) -> None:
    INSTALLED.write_text(json.dumps({**_installed_locks(), name: mark}, indent=1), encoding="utf-8")
