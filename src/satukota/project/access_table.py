"""The table of who may open what, written from the code: `satukota access matrix` (docs/access-matrix.md)."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import django
from django.apps import apps
from django.utils import translation

if not apps.ready:
    django.setup()

from satukota.city.endpoints import Endpoint, endpoints
from satukota.city.roles import PERMISSIONS, ROLES, Reach

from .foreign_views import FOREIGN_VIEWS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "access-matrix.md"
REACHES = {Reach.CITY: "city", Reach.OPD: "OPD", Reach.AREA: "area"}
HEAD = """# Who may open what

Written by `satukota access matrix` from the code; a test fails while it differs. What the words mean is in
[access](access.md). Every line is tried by `tests/architecture/test_access_matrix.py` with every role, on the thing of
the role's own OPD and of another, and without an account.
"""


def table() -> str:
    """The whole page, in the language the roles are written in."""
    with translation.override("id"):
        return "\n".join([HEAD, *_roles(), "", *_addresses(endpoints(FOREIGN_VIEWS)), ""])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _roles() -> list[str]:
    """One line per role: reach, and each permission as a word."""
    lines = ["## Roles", "", _row(["role", "key", "reach", "may"]), _row(["---"] * 4)]
    for role in ROLES.values():
        may = ", ".join(f"`{one}`" for one in sorted(role.allows)) or "nothing yet"
        lines.append(_row([str(role.name), f"`{role.key}`", REACHES[role.reach], may]))
    unheld = PERMISSIONS - frozenset().union(*(role.allows for role in ROLES.values()))
    return lines + [f"Held by no role: {', '.join(sorted(unheld))}."] * bool(unheld)


def _addresses(found: list[Endpoint]) -> list[str]:
    lines = ["## Addresses", "", _row(["address", "who", "of whose things"]), _row(["---"] * 3)]
    for one in found:
        address = f"{'/'.join(one.methods)} `{one.path}`".strip().replace("|", "\\|")
        lines += [_row([address, who, whose]) for who, whose in _rules(one)]
    return lines


def _rules(one: Endpoint) -> list[tuple[str, str]]:
    rule = one.rule
    if rule is None:
        return [("**nobody decided**", "")]
    whose = "within reach of the hat" if rule.find else "all, or as the page narrows them"
    if rule.act_in:
        return [(f"`{permission}` for {act}", whose) for act, permission in rule.acts.items()]
    if rule.permission:
        return [(f"`{rule.permission}`", whose)]
    return [("everyone" if rule.is_public else "who is signed in", rule.why)]


def main(argv: Sequence[str]) -> int:
    """Write the page, or with --check compare; 1 when it differs."""
    parser = argparse.ArgumentParser(prog="satukota access")
    parser.add_argument("act", choices=["matrix"], help="write docs/access-matrix.md from the code")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is not current")
    asked = parser.parse_args(argv)
    known, now = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", table()
    if asked.check:
        print("current" if known == now else f"{PAGE.name} differs: run satukota access matrix", file=sys.stderr)
        return int(known != now)
    PAGE.write_text(now, encoding="utf-8")
    print(f"{PAGE.name}: {now.count(chr(10))} lines")
    return 0
