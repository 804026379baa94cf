"""The sign of life of whoever holds a lease: a thread beside the work that says so again and again."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

log = logging.getLogger(__name__)


@contextmanager
def beating(beat: Callable[[], object], every_s: float, *, name: str = "heart") -> Iterator[threading.Event]:
    """Call `beat` in a thread of its own every `every_s` until the block ends; gives an event that is set then.

    A beat that fails because of the database is tried again at the next turn: the lease bridges some of them.
    """
    ended = threading.Event()

    def live() -> None:
        try:
            while not ended.wait(every_s):
                try:
                    beat()
                except (DatabaseError, InterfaceError) as problem:
                    log.warning("no beat: %s", type(problem).__name__)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=live, name=name, daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        ended.set()
        thread.join(timeout=every_s)
