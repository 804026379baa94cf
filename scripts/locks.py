"""`make lock`: resolves requirements/*.in and the package.json files again. Locks hold hashes and no addresses."""

import json
import sys
from pathlib import Path

from scripts.node import find_node
from scripts.python_env import LOCKS
from scripts.steps import ROOT, VENV, ends_with_a_sentence, run, step

COMPILE = (
    "pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url"
    " --overrides overrides.in"
)
# Each lock agrees with the one it is installed beside.
PYTHON_LOCKS = {"run": None, "dev": "run", "postgres": "dev", "node": None, "uv": None}


def main() -> None:
    for name, beside in PYTHON_LOCKS.items():
        with step(f"requirements/{name}.txt"):
            words = f"{name}.in -o {name}.txt" + (f" -c {beside}.txt" if beside else "")
            command: list[str | Path] = [VENV / "bin" / "uv", *COMPILE.split(), *words.split()]
            run(command, cwd=LOCKS, why=f"requirements/{name}.in cannot be resolved")
    for folder in (ROOT, ROOT / "tests" / "browser"):
        with step(f"{(folder / 'package-lock.json').relative_to(ROOT)}"):
            lock_packages(folder)


def lock_packages(folder: Path) -> None:
    run(
        [*find_node().npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
        + ["--omit-lockfile-registry-resolved"],
        cwd=folder,
        why=f"{folder.name}/package.json cannot be resolved",
    )
    path = folder / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for entry in lock["packages"].values():
        entry.pop("resolved", None)  # an older npm does not know the option above
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(ends_with_a_sentence(main))
