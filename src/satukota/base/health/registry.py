"""What the house says about itself. Every part registers gauges; the health page and the metrics read the same ones."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

log = logging.getLogger(__name__)

Values: TypeAlias = Mapping[tuple[str, ...], float | None]  # label values → value; None: not known
Words: TypeAlias = Any  # a text that is translated when it is shown


class Level(Enum):
    BAD = "bad"
    WARN = "warn"
    UNKNOWN = "unknown"
    OK = "ok"

    @property
    def words(self) -> str:
        told = {Level.OK: _("baik"), Level.WARN: _("perlu dilihat"), Level.BAD: _("rusak")}
        return told.get(self, _("belum diketahui"))


class Unit(Enum):
    """How a value is shown; the metric carries the bare number in the base unit, as Prometheus asks."""

    COUNT = ""
    SECONDS = "seconds"
    BYTES = "bytes"
    RATIO = "ratio"
    YES = "yes"  # 1: so it is; 0: it is not


@dataclass(frozen=True)
class Gauge:
    """One figure, or one per label value. `warn` and `bad` are the first values that are not good any more."""

    key: str  # metric name without the prefix: outbox_oldest_seconds
    group: Words
    title: Words
    help: str  # English, for the metrics
    measure: Callable[[datetime], Values]
    unit: Unit = Unit.COUNT
    labels: tuple[str, ...] = ()
    warn: float | None = None
    bad: float | None = None
    low_is_bad: bool = False
    fix: Words = ""  # what to do when it is not good
    on_page: bool = True  # False: for the metrics alone, another page shows it better
    label_words: Mapping[str, Words] = field(default_factory=dict)  # label value → as people say it
    none_is_fine: bool = False  # an empty measure means there is nothing to watch, not that we do not know

    @property
    def is_judged(self) -> bool:
        return self.warn is not None or self.bad is not None

    def level(self, value: float | None) -> Level:
        if value is None:
            return Level.UNKNOWN
        for level, first in ((Level.BAD, self.bad), (Level.WARN, self.warn)):
            if first is not None and (value <= first if self.low_is_bad else value >= first):
                return level
        return Level.OK


@dataclass(frozen=True)
class Told:
    """One value of a gauge with what it means."""

    gauge: Gauge
    labels: tuple[str, ...]
    value: float | None
    level: Level


_gauges: dict[str, Gauge] = {}


def register(gauges: Iterable[Gauge]) -> None:
    """At start, from an app's ready(). A key is taken once; the same gauge again is the same gauge."""
    for gauge in gauges:
        if _gauges.get(gauge.key, gauge).measure is not gauge.measure:
            raise ValueError(f"two gauges are called {gauge.key}")
        _gauges[gauge.key] = gauge


def gauges() -> list[Gauge]:
    return list(_gauges.values())


def measure(gauge: Gauge, at: datetime) -> list[Told]:
    """Never raises: a figure that cannot be taken is unknown, and the log says why."""
    try:
        with transaction.atomic():
            values = gauge.measure(at)
    except (DatabaseError, OSError, ValueError, RuntimeError) as problem:
        log.warning("gauge %s cannot be measured: %s", gauge.key, type(problem).__name__)
        values = {}
    if not values and not gauge.none_is_fine:
        values = {tuple("" for _label in gauge.labels): None}
    return [Told(gauge, labels, value, gauge.level(value)) for labels, value in values.items()]


def everything(at: datetime) -> list[Told]:
    return [told for gauge in gauges() for told in measure(gauge, at)]


def worst(told: Iterable[Told]) -> Level:
    """A thing not known does not hide one that is bad; nothing measured at all is unknown."""
    found = {each.level for each in told}
    return next((level for level in Level if level in found), Level.UNKNOWN)


SYSTEM = gettext_lazy("Mesin dan basis data")
QUEUES = gettext_lazy("Antrean")
TRUST = gettext_lazy("Kunci, jejak audit dan cadangan")
WATCHING = gettext_lazy("Pemantauan")
