"""Set-up: `python3.11 -m scripts.bootstrap run` leaves everything ready to start, `dev` also the test tools.

Standard library only. Each step is skipped when its sources are unchanged, so a second run takes a second or two.
"""

import os
import sqlite3
import sys
from pathlib import Path

from scripts.chromium import bring_chromium
from scripts.frontend import fetch_frontend
from scripts.python_env import make_environment
from scripts.steps import (
    ROOT,
    VENV_PYTHON,
    SetupFailed,
    ends_with_a_sentence,
    fingerprint,
    is_fresh,
    run,
    step,
    var_folder,
    write_stamp,
)

SOURCES = ROOT / "src"
SAMPLE = {"SATUKOTA_SAMPLE": "1"}


def set_up(goal: str) -> None:
    """`goal` is run (product and sample city), dev (product, test tools, Chromium) or chromium (fails without one)."""
    make_environment(dev=goal != "run")
    fetch_frontend()
    compile_translations()
    if goal == "run":
        prepare_database()
        load_sample_city()
    elif bring_chromium() is None and goal == "chromium":
        raise SetupFailed("the browser journeys need a Chromium.")


def compile_translations() -> None:
    """gettext files to their compiled form, by babel: Django's own command needs the system's gettext."""
    catalogues = sorted(SOURCES.rglob("locale/*/LC_MESSAGES/django.po"))
    stamp, mark = _stamp("translations"), fingerprint(catalogues, *map(str, catalogues))
    compiled = all(path.with_suffix(".mo").is_file() for path in catalogues)
    if not catalogues or (compiled and is_fresh(stamp, mark)):
        return
    with step("Compiling translations"):
        for folder in sorted({path.parents[2] for path in catalogues}):
            run(
                [VENV_PYTHON, "-m", "babel.messages.frontend", "compile", "--domain", "django", "-d", folder],
                why="A translation file is not well-formed",
            )
    write_stamp(stamp, mark)


def prepare_database() -> None:
    """Apply migrations; skipped while the migrations and the SQLite file are the ones of last time."""
    migrations = sorted(SOURCES.rglob("migrations/*.py"))
    stamp, mark = _stamp("migrations"), fingerprint(migrations, *map(str, migrations), _database_mark())
    if is_fresh(stamp, mark) and not os.environ.get("DATABASE_URL"):
        return
    with step("Preparing the database"):
        _satukota("manage", "migrate", "--noinput", "--verbosity", "0", why="The database could not be prepared")
    write_stamp(stamp, fingerprint(migrations, *map(str, migrations), _database_mark()))


def load_sample_city() -> None:
    """Load the sample city; the command itself keeps what people changed, the stamp only saves its start-up time."""
    sources = [path for path in SOURCES.rglob("*") if "sample" in str(path.relative_to(SOURCES)) and path.is_file()]
    sources = [path for path in sources if path.suffix in {".py", ".csv", ".json", ".geojson", ".toml"}]
    stamp, mark = _stamp("sample"), fingerprint(sources, *map(str, sources), _database_mark())
    if is_fresh(stamp, mark) and not os.environ.get("DATABASE_URL"):
        return
    with step("Loading the sample city"):
        _satukota("sample", "load", why="The sample city could not be loaded")
    write_stamp(stamp, mark)


def _satukota(*words: str, why: str) -> None:
    run([VENV_PYTHON, "-m", "satukota.cli", *words], env={**SAMPLE, "PYTHONPATH": str(SOURCES)}, why=why)


def _stamp(name: str) -> Path:
    return var_folder() / "stamps" / name


def _database_mark() -> str:
    """Changes when the SQLite file is another one or lost its tables: its inode and whether migrations were applied."""
    path = var_folder() / "satukota.sqlite3"
    if not path.is_file():
        return "none"
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            applied = database.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
    except sqlite3.Error:
        return "unreadable"
    return f"{path.stat().st_ino}:{applied}"


if __name__ == "__main__":
    goal = sys.argv[1] if len(sys.argv) == 2 else ""
    if goal not in {"run", "dev", "chromium"}:
        sys.exit("usage: python3.11 -m scripts.bootstrap run|dev|chromium")
    sys.exit(ends_with_a_sentence(lambda: set_up(goal)))
