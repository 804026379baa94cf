"""The figures in the text form Prometheus reads (exposition format 0.0.4): our gauges, and how requests went."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import translation
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from satukota.base import clock

from . import registry
from .registry import Level, Told

PREFIX = "satukota_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LEVELS = {Level.OK: 0.0, Level.WARN: 1.0, Level.BAD: 2.0, Level.UNKNOWN: -1.0}

process = CollectorRegistry()  # what this process counted since it started
request_seconds = Histogram(
    f"{PREFIX}request_seconds",
    "Time to answer a request, by view and class of status.",
    ("view", "method", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=process,
)


class _Gauges(Collector):
    """One moment of every gauge. A value that is not known is left out, as Prometheus wants; its level says -1."""

    def __init__(self, told: list[Told]) -> None:
        self.told = told

    def collect(self) -> Iterator[GaugeMetricFamily]:
        by_key: dict[str, list[Told]] = {}
        for each in self.told:
            by_key.setdefault(each.gauge.key, []).append(each)
        level = GaugeMetricFamily(
            f"{PREFIX}health_level", "0 good, 1 to be looked at, 2 broken, -1 not known.", labels=["gauge"]
        )
        for key, found in by_key.items():
            gauge = found[0].gauge
            family = GaugeMetricFamily(PREFIX + key, gauge.help, labels=gauge.labels)
            for each in found:
                if each.value is not None:
                    family.add_metric(list(each.labels), each.value)
            level.add_metric([key], LEVELS[registry.worst(found)])
            yield family
        yield level


def exposition(at: datetime | None = None) -> bytes:
    """Everything as UTF-8 text."""
    moment = CollectorRegistry()
    with translation.override("en"):
        moment.register(_Gauges(registry.everything(at or clock.now())))
    return generate_latest(moment) + generate_latest(process)
