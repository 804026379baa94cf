"""The sample city: Kota Bontang with invented people, places, links, cameras and contracts, served by the simulator.

Nothing here runs outside a sample installation (SATUKOTA_SAMPLE=1) or touches a database that holds a real city.
Django's models are imported only when an act needs them, so that the command-line door stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .doors import main

if TYPE_CHECKING:
    from .loading import Login
    from .settling import Settled

__all__ = ["accept_references", "load", "logins", "main"]


def load() -> dict[str, int]:
    """Add what the sample city has and the database lacks; how many rows of each. Raises UserError."""
    from . import loading

    return loading.load()


def logins() -> list[Login]:
    """Who may sign in, in the order a newcomer should try them."""
    from . import loading

    return loading.logins()


def accept_references() -> Settled:
    """Accept the newest clean picture of every sample camera as its reference. Raises UserError."""
    from . import settling

    return settling.accept_references()
