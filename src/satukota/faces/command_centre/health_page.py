"""Health of the system itself, for those who keep it running."""

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from satukota.base import clock
from satukota.base.health import registry
from satukota.base.health.registry import Level, Told
from satukota.base.health.words import value_words
from satukota.city.gates import needs


@dataclass(frozen=True)
class Line:
    """One value as the page shows it."""

    title: str
    label: str
    value: str
    level: Level
    fix: str
    is_judged: bool

    @property
    def state(self) -> str:
        """The verdict whose mark and colour the level borrows."""
        return {Level.OK: "up", Level.WARN: "degraded", Level.BAD: "down"}.get(self.level, "unknown")


@needs("system.view")
def health(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    told = [each for each in registry.everything(at) if each.gauge.on_page]
    order = list(Level)
    groups = [
        (str(name), sorted((_line(each) for each in found), key=lambda line: order.index(line.level)))
        for name, found in groupby(told, key=lambda each: each.gauge.group)
    ]
    faulty = [_line(each) for each in told if each.level in (Level.BAD, Level.WARN)]
    context = {
        "groups": groups, "faulty": sorted(faulty, key=lambda line: order.index(line.level)),
        "worst": registry.worst(told),
    }  # fmt: skip
    return render(request, "command_centre/health.html", context)


def _line(told: Told) -> Line:
    label = " · ".join(str(told.gauge.label_words.get(each, each)) for each in told.labels if each)
    fix = str(told.gauge.fix) if told.level is not Level.OK else ""
    return Line(str(told.gauge.title), label, value_words(told), told.level, fix, told.gauge.is_judged)
