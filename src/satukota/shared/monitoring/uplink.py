"""Is our own line down? Several witnesses outside are dialled; when fewer than half answer, nobody is called down."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction

from satukota.base import addresses, clock
from satukota.base.errors import UserError

from .models import NO_UPLINK, Target, UplinkOutage, Witness

log = logging.getLogger(__name__)
Result = TypeVar("Result")
InDatabase = Callable[..., Awaitable[Result]]

EVERY_S = 5.0
TIMEOUT_S = 2.0
AGAIN_S = 0.3  # before the second try that confirms a loss


async def answers(address: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Does anybody take a TCP connection at host:port?"""
    with suppress(OSError, TimeoutError, UserError):
        checked = addresses.check_address(address, schemes={"tcp"})
        async with asyncio.timeout(timeout_s):
            ips = await addresses.resolve(checked.host, checked.port)
            _reader, writer = await asyncio.open_connection(ips[0], checked.port)
            writer.transport.abort()
            return True
    return False


def is_lost(answered: Sequence[bool]) -> bool:
    """Fewer than half answer, and at least one must; without witnesses the line is taken to be fine."""
    return bool(answered) and sum(answered) < max(1.0, len(answered) / 2)


@dataclass
class Uplink:
    """One runner's view of our own line. `lost` may be read at any time."""

    in_database: InDatabase
    lost: bool = False
    checked_at: float = float("-inf")  # monotonic moment at which the last check began

    def __post_init__(self) -> None:
        self._lock = asyncio.Lock()
        self._settled = False

    async def check(self, after: float | None = None) -> bool:
        """Ask the witnesses; True when the line is lost. With `after` (monotonic), only if not asked since then."""
        async with self._lock:
            if after is not None and self.checked_at >= after:
                return self.lost
            began = time.monotonic()
            witnesses = await self.in_database(load_witnesses)
            answered = await self._ask(witnesses)
            if is_lost(answered):
                await asyncio.sleep(AGAIN_S)
                again = await self._ask(witnesses)
                answered = [one or two for one, two in zip(answered, again, strict=True)]
            lost, self.checked_at = is_lost(answered), began
            if lost != self.lost or not self._settled:
                await self.in_database(note, lost, clock.now())
                self._settled = True
            self.lost = lost
            await self.in_database(note_answers, witnesses, answered, clock.now())
            return lost

    async def _ask(self, witnesses: Sequence[Witness]) -> list[bool]:
        return list(await asyncio.gather(*(answers(witness.address) for witness in witnesses)))


def load_witnesses() -> list[Witness]:
    return list(Witness.objects.filter(is_enabled=True).order_by("pk"))


def note_answers(witnesses: Sequence[Witness], answered: Sequence[bool], at: datetime) -> None:
    for column, wanted in (("answered_at", True), ("failed_at", False)):
        ids = [witness.pk for witness, did in zip(witnesses, answered, strict=True) if did is wanted]
        if ids:
            Witness.objects.filter(pk__in=ids).update(**{column: at})


def note(lost: bool, at: datetime) -> None:
    """Open or close the outage. When the line is back, everything it hid from us is looked at at once."""
    if lost:
        with suppress(IntegrityError), transaction.atomic():  # another runner may have opened it
            UplinkOutage.objects.create(lost_at=at, why=UplinkOutage.Why.UPLINK)
            log.warning("our own line is lost: what fails from now on is unknown")
        return
    for outage in UplinkOutage.objects.filter(back_at=None, why=UplinkOutage.Why.UPLINK):
        outage.back_at = max(at, outage.lost_at)
        outage.save(update_fields=["back_at"])
        log.warning("our own line is back after %s", outage.back_at - outage.lost_at)
    Target.objects.filter(pending_cause=NO_UPLINK, retired_on=None).update(next_due_at=at)
