"""The blocking side of the runner: one thread of its own per purpose, because Django's ORM is synchronous."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class DatabaseThread:
    """Runs functions one after the other in a thread that keeps its own connection."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: _guarded(work, *args, **kwargs))

    def close(self) -> None:
        """Waits for what is running, then closes the connection."""
        self._pool.submit(connection.close)
        self._pool.shutdown(wait=True)


def _guarded(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """A connection the server has dropped is replaced for the next call; this call still fails."""
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close()
        raise
