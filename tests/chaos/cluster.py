"""A PostgreSQL that really keeps what it acknowledged: made once, then run in the foreground as a supervised part.

While the file `away` lies in its folder it does not start: so an outage lasts as long as the attack wants.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from satukota.project import postgres

SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "''", "shared_buffers": "64MB",
            "synchronous_commit": "on", "fsync": "off"}  # fmt: skip
# fsync guards against a machine that loses power, which no kill -9 does: the kernel keeps what was written.


def make(folder: Path, port: int) -> str:
    """Make the cluster and its database; the DATABASE_URL under which it will run."""
    programs = postgres.find_programs()
    folder.mkdir(parents=True)
    if programs.account is not None:
        os.chown(folder, programs.account.pw_uid, programs.account.pw_gid)
    data = str(folder / "data")
    words = ["-A", "trust", "-U", postgres.USER, "--encoding=UTF8", "--locale=C", "--no-sync"]
    programs.run("initdb", "-D", data, *words, cwd=folder)
    (folder / "port").write_text(str(port), encoding="ascii")
    return f"postgresql://{postgres.USER}@127.0.0.1:{port}/postgres"


def become(folder: Path) -> None:
    """Replace this process by the server, as the account that may run it."""
    programs = postgres.find_programs()
    port = (folder / "port").read_text(encoding="ascii")
    words = [str(programs.folder / "postgres"), "-D", str(folder / "data"), "-p", port]
    for name, value in SETTINGS.items():
        words += ["-c", f"{name}={value}".replace("''", "")]
    os.chdir(folder)
    while (folder / "away").exists():
        time.sleep(0.1)
    if programs.account is not None:
        os.setgroups([])
        os.setgid(programs.account.pw_gid)
        os.setuid(programs.account.pw_uid)
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a change of account has taken it away
    os.execv(words[0], words)


if __name__ == "__main__":
    become(Path(sys.argv[1]))
