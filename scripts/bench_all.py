"""`make bench`: runs every benchmark and writes their last lines as a table into benchmarks/README.md.

`make bench ARGS="probe watch"` runs these only; the rows of the others stand as they were measured.
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scripts.steps import ROOT, VENV_PYTHON, say

FOLDER = ROOT / "benchmarks"
PAGE = FOLDER / "README.md"
BEGIN, END = "<!-- table: written by make bench -->", "<!-- end of table -->"
KEYS = {"name", "ours", "peer", "peer_name", "ratio", "unit", "budget", "ok"}
HEAD = """| benchmark | ours | peer | | ratio | unit | budget | | measured |
|---|---|---|---|---|---|---|---|---|"""


def main(chosen: Sequence[str]) -> int:
    """0 when every benchmark run met its budget. Rows are written as they come, failures included.

    Raises SystemExit for a name nothing is called by.
    """
    scripts = {path.stem.removeprefix("bench_").replace("_", "-"): path for path in sorted(FOLDER.glob("bench_*.py"))}
    if unknown := set(chosen) - scripts.keys():
        raise SystemExit(f"No benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(scripts)}.")
    failed = []
    for name in chosen or scripts:
        say(f"· {name} …")
        result = run_benchmark(scripts[name])
        say(f"  {json.dumps(result, ensure_ascii=False)}")
        put_row(PAGE, str(result["name"]), _row(result), machine())
        if not result["ok"]:
            failed.append(str(result["name"]))
    if failed:
        say(f"\nBudget missed or not measured: {', '.join(failed)}")
    return 1 if failed else 0


def run_benchmark(script: Path) -> dict[str, object]:
    """The benchmark's last line; one that failed or printed none counts as not ok, with the reason as its budget."""
    done = subprocess.run([VENV_PYTHON, script], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1]) if lines else {}
    except ValueError:
        result = {}
    if not isinstance(result, dict) or not result.keys() >= KEYS:
        why = f"not measured: exit code {done.returncode}, no result line"
        return dict.fromkeys(KEYS, "") | {"name": script.stem.removeprefix("bench_"), "budget": why, "ok": False}
    return {**result, "ok": bool(result["ok"]) and done.returncode == 0}


def machine() -> str:
    """Processor, cores, memory, system and versions, in one line."""
    model = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    parts = [
        model[1] if model else platform.machine(),
        f"{len(os.sched_getaffinity(0))} cores",
        f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(filter(None, parts))


def put_row(page: Path, name: str, row: str, where: str) -> None:
    """Put the row among those between the two marks; the words around them are written by hand."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    rows = {line.split("|")[1].strip(): line for line in old.splitlines()[2:] if line.startswith("| ")}
    rows.pop("benchmark", None)
    rows[name] = row
    table = "\n".join([HEAD, *(rows[key] for key in sorted(rows))])
    page.write_text(f"{before}{BEGIN}\n{where}\n\n{table}\n{END}{after}", encoding="utf-8")


def _row(result: dict[str, object]) -> str:
    order = ("name", "ours", "peer", "peer_name", "ratio", "unit", "budget")
    verdict = "met" if result["ok"] else "**missed**"
    cells = [*(_shown(result[key]) for key in order), verdict, date.today().isoformat()]
    return "| " + " | ".join(cells) + " |"


def _shown(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str("" if value is None else value)
    return text.replace("|", "\\|").replace("\n", " ")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
