"""The tests' own PostgreSQL: really one, gone afterwards, also when its command is interrupted or killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from satukota.project import postgres

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def until(claim: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)


def run_below(var: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "SATUKOTA_VAR": str(var), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "satukota.project.postgres", "--", *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as link:
            return link.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_the_block_has_a_server_that_holds_data_and_is_gone_afterwards(tmp_path):
    with postgres.server(tmp_path) as url, psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE TABLE kota (nama text)")
        link.execute("INSERT INTO kota VALUES ('Bontang')")
        assert link.execute("SELECT nama FROM kota").fetchone() == ("Bontang",)
        assert link.execute("SHOW fsync").fetchone() == ("off",)
    assert not answers(url)
    assert list(tmp_path.iterdir()) == []


def test_the_exit_code_of_the_command_is_handed_on(tmp_path):
    assert run_below(tmp_path, sys.executable, "-c", "raise SystemExit(7)").wait(60) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_takes_its_server_along(tmp_path, number):
    running = run_below(tmp_path, "sh", "-c", "echo $DATABASE_URL; exec sleep 600")
    url = running.stdout.readline().strip()
    assert answers(url)
    running.send_signal(number)
    assert running.wait(30) == 130
    assert not answers(url)
    assert list((tmp_path / "pg").iterdir()) == []


def test_a_server_left_by_kill_nine_is_swept_by_the_next(tmp_path):
    running = run_below(tmp_path, "sh", "-c", "echo $DATABASE_URL; exec sleep 600")
    url = running.stdout.readline().strip()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert answers(url)
    for place in (tmp_path / "pg", Path("/tmp")):
        postgres.sweep(place)
    until(lambda: not answers(url))


def test_without_a_postgresql_the_run_fails_loudly(tmp_path, monkeypatch, capsys):
    for way in ("_of_the_machine", "_from_the_system", "_of_the_environment", "_from_the_registry"):
        monkeypatch.setattr(postgres, way, lambda: None)
    monkeypatch.setenv("SATUKOTA_VAR", str(tmp_path))
    assert postgres.main(["--", "true"]) == 1
    assert "NO POSTGRESQL" in capsys.readouterr().err
