"""A plan as a job: progress, stop, the best so far kept, and the answer stored whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.evidence import actions as evidence
from satukota.base.languages import in_city_language
from satukota.rules.siting import Plan as Answer
from satukota.rules.siting import solve

from ..models import Plan, PlanCamera
from . import building, results
from .asking import Asked
from .candidates import Stopped
from .instance import Instance

GAP = 0.0005  # proven so near to the best, the search ends before its time
EVERY_S = 0.5  # between two looks whether to stop, and two notes of progress
WAITING, RUNNING, DONE, STOPPED, FAILED = Plan.State.values


class Superseded(Exception):
    """Another run has taken over, or the plan is gone."""


@in_city_language
def run(pk: int, mark: str) -> None:
    """Look, choose, store. Run twice it begins afresh; a run that was replaced writes nothing more."""
    try:
        plan = _begin(pk, mark)
        _work(plan, mark)
    except Superseded:
        return
    except Stopped:
        _end(pk, mark, STOPPED, _("Dihentikan sebelum ada rencana."))
    except UserError as problem:
        _end(pk, mark, FAILED, f"{problem.text} {problem.fix}".strip())


def slot(pk: int) -> str:
    """Where the question of a plan is kept."""
    return f"camera_plan/{pk}/question"


def _begin(pk: int, mark: str) -> Plan:
    mine = Plan.objects.filter(pk=pk, run=mark, state__in=[WAITING, RUNNING])
    if not mine.update(state=RUNNING, stage="looking", done=0, total=0, told_at=clock.now(), problem=""):
        raise Superseded
    return Plan.objects.get(pk=pk)


def _work(plan: Plan, mark: str) -> None:
    asked = Asked.of(plan.asked)
    pulse = Pulse(plan.pk, mark)
    made = building.build(asked, tell=pulse.tell, stop=pulse.is_stopping)
    evidence.put_slot(slot(plan.pk), made.to_bytes())
    pulse.stage("choosing")
    answer = solve(
        made.problem(asked), seed=asked.seed, seconds=asked.seconds, rounds=asked.rounds, stop=pulse.is_stopping,
        gap=GAP,
        on_better=lambda better: _keep(plan, mark, made, asked, better) if pulse.is_due("best") else None,
    )  # fmt: skip
    state = STOPPED if pulse.is_stopping() and not answer.proven else DONE
    _store(plan, mark, made, asked, answer, state)


def _keep(plan: Plan, mark: str, made: Instance, asked: Asked, answer: Answer) -> None:
    """The best so far, shown while the search goes on; kept when the runner dies."""
    mine = Plan.objects.filter(pk=plan.pk, run=mark, state=RUNNING)
    if not mine.update(result=results.summary(made, asked, answer), told_at=clock.now()):
        raise Superseded


def _store(plan: Plan, mark: str, made: Instance, asked: Asked, answer: Answer, state: str) -> None:
    summary, rows = results.summary(made, asked, answer), results.cameras(made, asked, answer, plan)
    said = results.words_of([*answer.infeasible, *answer.short], made)
    if not rows and not said:
        said = _("Dengan anggaran dan batas ini tidak ada kamera yang dapat dipasang.")
    with transaction.atomic():
        mine = Plan.objects.filter(pk=plan.pk, run=mark, state=RUNNING)
        ended = {"state": state, "result": summary, "finished_at": clock.now(), "is_stopping": False, "stage": ""}
        if not mine.update(ground_version=made.ground_version, problem=said[:500], **ended):
            raise Superseded
        PlanCamera.objects.filter(plan=plan).delete()
        PlanCamera.objects.bulk_create(rows, batch_size=200)


def _end(pk: int, mark: str, state: str, said: str) -> None:
    mine = Plan.objects.filter(pk=pk, run=mark, state=RUNNING)
    mine.update(state=state, problem=said[:500], finished_at=clock.now(), is_stopping=False, stage="")


class Pulse:
    """What a run says of itself and asks of the database, at most every EVERY_S."""

    def __init__(self, pk: int, mark: str, tick: Callable[[], float] = time.monotonic) -> None:
        self.pk, self.mark, self.tick = pk, mark, tick
        self.at: dict[str, float] = {}
        self.stopping = False

    def is_due(self, what: str) -> bool:
        now = self.tick()
        if now - self.at.get(what, -EVERY_S) < EVERY_S:
            return False
        self.at[what] = now
        return True

    def tell(self, done: int, total: int) -> None:
        if self.is_due("tell") or done == total:
            self._update(done=done, total=total, told_at=clock.now())

    def stage(self, name: str) -> None:
        self._update(stage=name, done=0, total=0, told_at=clock.now())

    def is_stopping(self) -> bool:
        """Raises Superseded when another run has taken over."""
        if not self.stopping and self.is_due("stop"):
            row = Plan.objects.filter(pk=self.pk, run=self.mark).values_list("is_stopping", flat=True).first()
            if row is None:
                raise Superseded
            self.stopping = row
        return self.stopping

    def _update(self, **changes: object) -> None:
        if not Plan.objects.filter(pk=self.pk, run=self.mark).update(**changes):
            raise Superseded
