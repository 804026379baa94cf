"""A short attack, on the database the tests run on. `make chaos` makes the long one, on both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 4  # half a minute of the suite; `make chaos` kills hundreds
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_few_kills_lose_and_double_nothing():
    database = "postgres" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    words = [sys.executable, "-m", "tests.chaos.run", "--kills", str(KILLS), "--database", database]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600)
    report = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    assert done.returncode == 0, f"{report.get('faults')}\n{done.stderr[-2000:]}"
    assert report["kills"] == KILLS and report["happened"]["notes"] and report["happened"]["readings"]
