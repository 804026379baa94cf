"""Set-up skips what is unchanged, does again what is not, and ends with a sentence when it cannot go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap, chromium, node, python_env, steps

ROOT = Path(__file__).resolve().parents[2]


def test_a_step_is_fresh_only_while_its_sources_are_the_same(tmp_path):
    source, stamp = tmp_path / "lock.txt", tmp_path / "stamps" / "step"
    source.write_text("a==1")
    mark = steps.fingerprint([source])
    assert not steps.is_fresh(stamp, mark)
    steps.write_stamp(stamp, mark)
    assert steps.is_fresh(stamp, steps.fingerprint([source]))
    source.write_text("a==2")
    assert not steps.is_fresh(stamp, steps.fingerprint([source]))


def test_moving_text_from_one_source_to_another_changes_the_fingerprint(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("xy")
    second.write_text("z")
    before = steps.fingerprint([first, second])
    first.write_text("x")
    second.write_text("yz")
    assert steps.fingerprint([first, second]) != before


def test_a_lost_database_is_prepared_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SATUKOTA_VAR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    called: list[tuple[str, ...]] = []
    database = tmp_path / "satukota.sqlite3"

    def prepare(*words: str, why: str) -> None:
        called.append(words)
        database.write_bytes(b"")

    monkeypatch.setattr(bootstrap, "_satukota", prepare)
    bootstrap.prepare_database()
    bootstrap.prepare_database()
    assert len(called) == 1
    database.unlink()
    bootstrap.prepare_database()
    assert len(called) == 2


def test_a_failing_program_is_shown_with_its_last_lines_and_the_reason():
    with pytest.raises(steps.SetupFailed, match=r"It broke \(exit code 3\)\.\nkata terakhir"):
        steps.run([sys.executable, "-c", "print('kata terakhir'); raise SystemExit(3)"], why="It broke")
    with pytest.raises(steps.SetupFailed, match="It is missing"):
        steps.run([ROOT / "no-such-program"], why="It is missing")


def test_pip_takes_over_where_uv_cannot(tmp_path, monkeypatch):
    ran: list[str] = []

    def run(command: list, *, why: str) -> None:
        ran.append(Path(command[0]).name)
        if Path(command[0]).name == "uv":
            raise steps.SetupFailed("no")

    monkeypatch.setattr(python_env, "INSTALLED", tmp_path / "locks.json")
    monkeypatch.setattr(python_env, "run", run)
    monkeypatch.setattr(python_env, "_have_uv", lambda: True)
    python_env.install_lock("node")
    python_env.install_lock("node")
    assert ran == ["uv", "python"]


@pytest.mark.slow
@pytest.mark.parametrize("python", [p for p in map(Path, ("/usr/bin/python3.11", "/usr/bin/python3")) if p.exists()])
def test_the_package_is_importable_whichever_python_made_the_environment(tmp_path, python):
    """Debian's own Python keeps packages elsewhere (dist-packages) than the environments it makes."""
    if subprocess.run([python, "-c", "import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]).returncode:
        pytest.skip(f"{python} is older than 3.11 or makes no environment with pip")
    script = (
        "import sys; from pathlib import Path; from scripts import node, python_env, steps\n"
        f"python_env.VENV = Path({str(tmp_path)!r}) / 'venv'; python_env._make_venv(); python_env._make_importable()\n"
    )
    subprocess.run([python, "-c", script], cwd=ROOT, check=True)
    told = subprocess.run([tmp_path / "venv/bin/python", "-c", "import satukota"], cwd=tmp_path, capture_output=True)
    assert told.returncode == 0, told.stderr.decode()


def test_an_old_or_broken_node_is_not_taken(tmp_path, monkeypatch):
    for name, printed in {"node": "v16.20.0", "npm": "9.1.0"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho {printed}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert node._of_the_machine() is None
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.0.0\n")
    assert node._of_the_machine().node == tmp_path / "node"
    (tmp_path / "npm").write_text("#!/bin/sh\nexit 1\n")
    assert node._of_the_machine() is None


def test_a_program_that_is_no_chromium_is_not_believed(tmp_path):
    pretender = tmp_path / "chromium"
    pretender.write_text("#!/bin/sh\necho 'use another package manager'\nexit 0\n")
    pretender.chmod(0o755)
    assert not chromium.starts(pretender)
    assert not chromium.starts(tmp_path / "missing")


def test_without_any_chromium_set_up_for_journeys_fails_loudly(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SATUKOTA_VAR", str(tmp_path))
    monkeypatch.delenv("SATUKOTA_CHROMIUM", raising=False)
    for way in ("_already_there", "_from_the_system", "_from_the_registry"):
        monkeypatch.setattr(chromium, way, lambda: None)
    for part in ("make_environment", "fetch_frontend", "compile_translations"):
        monkeypatch.setattr(bootstrap, part, lambda **_: None)
    with pytest.raises(steps.SetupFailed, match="need a Chromium"):
        bootstrap.set_up("chromium")
    bootstrap.set_up("dev")
    assert "NO CHROMIUM" in capsys.readouterr().out


def test_make_help_names_every_target_of_the_readme():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "test-pg", "check", "bench", "screenshots", "lock"):
        assert f"make {target} " in listed
