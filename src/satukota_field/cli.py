"""The command line: run the field, or tell a running one what to do."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from satukota_field.control import FieldControl, FieldRefused
from satukota_field.scenario import SAMPLE, Ports, Scenario, ScenarioError, load_scenario

if TYPE_CHECKING:
    from satukota_field.field import FieldServer

TELL_EVERY_S = 5.0
MAX_FIRST_PORT = 65_400  # a block of ports is at most a hundred long
COMMANDS = ("set", "link", "power", "uplink", "own_line", "light", "recorder", "gap", "status")
EXAMPLES = """commands for a running field:
  set MB-012 frozen        make a camera ill (healthy: well again)
  link FO-03 down|up       cut or mend a link with its switch and cameras
  power GD-01 down|up      cut or give power; cameras need time to boot
  uplink cut|up            the three witnesses that stand for the internet
  own_line cut|up          the witnesses and every link: our own line is gone
  light auto|day|dusk|night
  recorder NVR-01 silent   make a recorder ill (healthy: well again)
  gap NVR-01 MB-001 600 90 a recorder lacks 90 s of a camera, 600 s ago
  status                   everything about the running field, as JSON
"""


def main(argv: list[str] | None = None) -> int:
    """Run or talk to the field; the answer is the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        return _tell(argv)
    parser = argparse.ArgumentParser(
        "satukota field", description="Simulated cameras, links and power.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--scenario", type=Path, default=SAMPLE, help="TOML file (default: the sample town)")
    parser.add_argument("--cameras", type=int, help="number of cameras, up to 1000")
    parser.add_argument("--fault", action="append", default=[], metavar="CODE=FAULT", help="ill from the start")
    parser.add_argument("--video", type=Path, help="serve this film on every camera")
    parser.add_argument("--light", default="auto", choices=("auto", "day", "dusk", "night"))
    parser.add_argument("--cache", type=Path, help="where finished clips are kept")
    parser.add_argument("--workers", type=int, help="processes that make clips (default: one per core, at most 4)")
    parser.add_argument("--bake", action="store_true", help="only make the pictures that are missing, then end")
    parser.add_argument("--first-port", type=int, metavar="N", help="move the scenario's block of ports to begin at N")
    parser.add_argument("--free-ports", action="store_true", help="any free ports; ask `status` which")
    parser.add_argument("--no-timeline", action="store_true", help="nothing goes wrong by itself")
    parser.add_argument("--multicast", action="store_true", help="also answer WS-Discovery on 239.255.255.250:3702")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s field %(message)s", datefmt="%H:%M:%S")
    try:
        return asyncio.run(_live(_scenario(options), options))
    except (ScenarioError, OSError) as problem:
        print(f"satukota field: {problem}", file=sys.stderr)
        return 2


def _scenario(options: argparse.Namespace) -> Scenario:
    scenario = load_scenario(options.scenario)
    if options.cameras is not None:
        scenario = scenario.with_number(options.cameras)
    faults = {}
    for told in options.fault:
        code, mark, fault = told.partition("=")
        if not mark:
            raise ScenarioError(f"--fault {told}: write CODE=FAULT, for example MB-012=frozen")
        faults[code] = fault
    scenario = scenario.with_faults(faults)
    if options.video:
        film = str(options.video.resolve())
        scenario = replace(scenario, cameras=tuple(replace(c, video=film) for c in scenario.cameras))
    if options.no_timeline:
        scenario = replace(scenario, timeline=())
    if options.first_port is not None:
        if not 1024 <= options.first_port <= MAX_FIRST_PORT:
            raise ScenarioError(f"--first-port must be 1024 to {MAX_FIRST_PORT}")
        scenario = replace(scenario, ports=scenario.ports.starting_at(options.first_port))
    return replace(scenario, ports=Ports.free()) if options.free_ports or options.bake else scenario


async def _live(scenario: Scenario, options: argparse.Namespace) -> int:
    from satukota_field.field import FieldServer

    end = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, end.set)
    field = FieldServer(
        scenario, cache=options.cache, light=options.light, workers=options.workers, multicast=options.multicast
    )
    async with field:
        print(f"field: {len(field.mounts)} cameras, control port {field.control_port}", flush=True)
        announce = asyncio.create_task(_announce_ready(field, end if options.bake else None))
        await end.wait()
        announce.cancel()
    return 1 if options.bake and field.failed else 0


async def _announce_ready(field: FieldServer, end: asyncio.Event | None) -> None:
    """Say how many cameras have their pictures, until all have or cannot get them; then end the run when asked to."""
    started = told_at = asyncio.get_running_loop().time()
    told = 0
    while any(not mount.is_ready and path not in field.failed for path, mount in field.streams.items()):
        await asyncio.sleep(0.05)
        ready = sum(mount.is_ready for mount in field.mounts.values())
        if ready > told and asyncio.get_running_loop().time() - told_at >= TELL_EVERY_S:
            told, told_at = ready, asyncio.get_running_loop().time()
            print(f"field: Menyiapkan gambar contoh {ready} dari {len(field.mounts)}", flush=True)
    took = asyncio.get_running_loop().time() - started
    print(f"field: all pictures ready after {took:.1f} s, {len(field.failed)} failed", flush=True)
    if end is not None:
        end.set()


def _tell(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "satukota field", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="+")
    parser.add_argument("--port", type=int, default=Ports().control, help="control port of the running field")
    options = parser.parse_args(argv)
    control = FieldControl(options.port)
    try:
        if options.words == ["status"]:
            print(json.dumps(control.status(), indent=1))
        else:
            control.do(" ".join(options.words))
    except FieldRefused as reason:
        print(f"satukota field: {reason}", file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"satukota field: no field answers on port {options.port} ({problem})", file=sys.stderr)
        return 3
    return 0
