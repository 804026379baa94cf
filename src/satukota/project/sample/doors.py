"""`satukota sample …`: what a person or the start-up asks of the sample city."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import django
from django.apps import apps
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

if TYPE_CHECKING:
    from .settling import Settled


def main(argv: Sequence[str]) -> int:
    """Do one of the acts below; 0 when done, 1 with a sentence when it cannot be."""
    if not apps.ready:
        django.setup()
    acts = {
        "load": _load, "logins": _logins, "accept-references": _accept_references, "settle": _settle,
        "federation": _federation, "federation-step": _federation_step,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="satukota sample", description=_("Kota contoh."))
    parser.add_argument("act", choices=acts, help=_(
        "load: memuat; logins: daftar akun contoh; accept-references: menerima gambar terbaru sebagai acuan; "
        "settle: menunggu putaran pertama lalu menerimanya; federation: dua instalasi yang saling meminjamkan kamera"
    ))  # fmt: skip
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)  # of federation-step, which federation runs
    parser.add_argument("--port", type=int, default=8100, help=_("federation: porta pertama dari dua puluh"))
    parser.add_argument("--seconds", type=float, default=None, help=_("settle: paling lama menunggu"))
    asked = parser.parse_args(argv)
    try:
        acts[asked.act](asked)
    except UserError as problem:
        print(f"{problem.text} {problem.fix}".strip(), file=sys.stderr)
        return 1
    return 0


def _load(asked: argparse.Namespace) -> None:
    from satukota.shared.ground import tiles

    from . import loading

    added = {name: number for name, number in loading.load().items() if number}
    words = ", ".join(f"{number} {name}" for name, number in added.items())
    print(_("Kota contoh dimuat: %(what)s.") % {"what": words} if added else _("Kota contoh lengkap."))
    for line in tiles.make_saying():
        print(line)


def _logins(asked: argparse.Namespace) -> None:
    from . import loading

    rows = loading.logins()
    wide = max(len(row.username) for row in rows)
    for row in rows:
        print(f"{row.username:{wide}}  {row.password:{wide + 7}}  {row.role} · {row.opd}")
        print(f"{'':{wide}}  {row.link}")


def _accept_references(asked: argparse.Namespace) -> None:
    from . import settling

    _tell(settling.accept_references())


def _settle(asked: argparse.Namespace) -> None:
    from . import settling

    _tell(settling.settle(settling.LONGEST_S if asked.seconds is None else asked.seconds))


def _federation(asked: argparse.Namespace) -> None:
    from . import federation

    federation.show(asked)


def _federation_step(asked: argparse.Namespace) -> None:
    from . import federation

    federation.step(asked)


def _tell(done: "Settled") -> None:
    print(_("Acuan diterima untuk %(n)d kamera.") % {"n": len(done.accepted)})
    for code, why in done.refused.items():
        print(f"{code}: {why}")
    if done.unseen:
        print(_("Belum diperiksa: %(codes)s.") % {"codes": ", ".join(done.unseen)})
