"""A whole installation of its own for each test: folder, keys and database, worked on by real processes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "lima kata acak untuk uji"


@dataclass
class Installation:
    var: Path
    url: str

    @property
    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SATUKOTA_")}
        return clean | {
            "SATUKOTA_VAR": str(self.var), "SATUKOTA_SAMPLE": "1", "SATUKOTA_LANG": "id", "DATABASE_URL": self.url,
            "SATUKOTA_BACKUP_PASSPHRASE": PASSPHRASE, "PYTHONPATH": str(ROOT / "src"),
            "DJANGO_SETTINGS_MODULE": "satukota.project.settings",
        }  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "satukota.cli", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.env, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def run(self, *words: str, code: int = 0) -> str:
        running = self.start(*words)
        out, err = running.communicate(timeout=240)
        assert running.returncode == code, out + err
        return out + err

    def python(self, code: str, *, wait: bool = True) -> str | subprocess.Popen[str]:
        """`code` with Django set up; its output, or the running process."""
        code = f"import django; django.setup()\n{code}"
        running = subprocess.Popen(
            [sys.executable, "-c", code], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if not wait:
            return running
        out, err = running.communicate(timeout=240)
        assert running.returncode == 0, err
        return out


def kill(running: subprocess.Popen[str]) -> None:
    """The process and what it started, as a power cut would."""
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def new_database(var: Path, template: str = "") -> str:
    """The address of an empty database of the kind the tests run on, or of a copy of another."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        path = var / "satukota.sqlite3"
        if template:
            shutil.copy(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
    name = f"keeping_{os.getpid()}_{abs(hash(str(var))) % 10**9}"
    with psycopg.connect(server, autocommit=True) as link:
        of = f" TEMPLATE {urlsplit(template).path[1:]}" if template else ""
        link.execute(f"CREATE DATABASE {name}{of}")  # type: ignore[arg-type]
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The sample city, loaded once and copied for each test."""
    var = tmp_path_factory.mktemp("settled")
    city = Installation(var, new_database(var))
    city.run("manage", "migrate", "-v0")
    city.run("sample", "load")
    return city


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    var = tmp_path / "empty"
    var.mkdir()
    return Installation(var, new_database(var))


@pytest.fixture
def city(tmp_path: Path, settled: Installation) -> Iterator[Installation]:
    var = tmp_path / "city"
    var.mkdir()
    for key in settled.var.glob("*.key"):
        shutil.copy(key, var)
    yield Installation(var, new_database(var, settled.url))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[[], Installation]:
    """Another machine: no keys, no rows."""

    def make() -> Installation:
        var = tmp_path / "elsewhere"
        var.mkdir()
        return Installation(var, new_database(var))

    return make
