"""The command-line door answers quickly, in two languages, and with a sentence when it does not understand."""

import os
import subprocess
import sys
import time
from pathlib import Path

from satukota.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def satukota(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), **env}
    command = [sys.executable, "-m", "satukota.cli", *words]
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)


def test_help_lists_every_command_in_indonesian():
    said = satukota("--help")
    assert said.returncode == 0
    assert "Pemakaian" in said.stdout
    assert all(f"  {name}" in said.stdout for name in COMMANDS)


def test_help_speaks_english_where_the_locale_does():
    assert "Usage" in satukota("--help", LANG="en_GB.UTF-8").stdout
    assert "Pemakaian" in satukota("--help", LANG="en_GB.UTF-8", SATUKOTA_LANG="id").stdout
    assert "Pemakaian" in satukota("--help", LANG="C.UTF-8").stdout


def test_an_unknown_command_gets_a_sentence_and_the_nearest_name():
    said = satukota("wacth")
    assert said.returncode == 2
    assert "Tidak ada perintah “wacth”" in said.stderr
    assert "satukota watch" in said.stderr
    assert "Traceback" not in said.stderr


def test_nothing_said_shows_the_help_and_counts_as_wrong_use():
    said = satukota()
    assert said.returncode == 2
    assert "sample" in said.stdout


def test_light_commands_start_within_a_second_and_without_django():
    satukota("--help")  # compiled files are made by the first run
    began = time.monotonic()
    satukota("--help")
    assert time.monotonic() - began < 1.0
    probe = "import sys; from satukota.cli import main; main(['--help']); print('django' in sys.modules)"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    printed = subprocess.run([sys.executable, "-c", probe], env=surroundings, capture_output=True, text=True)
    assert printed.stdout.strip().endswith("False")
