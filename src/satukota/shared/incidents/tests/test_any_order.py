"""Whatever happens in whatever order, what the screens rely on stays true (hypothesis, rule-based)."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from satukota.base.audit.actions import first_broken
from satukota.base.errors import UserError
from satukota.base.messages.models import Message
from satukota.shared.incidents import actions
from satukota.shared.incidents.from_status import catch_up, follow
from satukota.shared.incidents.models import Incident, Member
from satukota.shared.incidents.telling import FAILURE_KINDS
from satukota.shared.monitoring.models import Target

from .make import NIGHT, changed, make_city, make_street, minutes, turns

CAMERAS = st.integers(0, 3)
NTH = st.integers(0, 5)


class Night(RuleBasedStateMachine):
    """Four cameras behind a link fail, recover, and are handled by people who disagree."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.at = NIGHT
        self.city = make_city()
        self.link, self.cameras = make_street(self.city, 4)

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            assert first_broken() is None
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def later(self):
        self.at += minutes(3)
        return self.at

    def turn(self, target: Target, now: str, cause: str) -> None:
        target.refresh_from_db()
        self.link.refresh_from_db()
        if target.state != now:
            root = self.link if now == "down" and target != self.link and self.link.state == "down" else None
            turns(target, now, cause, at=self.later(), root=root)

    @rule(which=CAMERAS, now=st.sampled_from(["down", "degraded", "unknown", "up", "up"]))
    def camera_turns(self, which: int, now: str) -> None:
        self.turn(self.cameras[which], now, "" if now == "up" else "black")

    @rule(now=st.sampled_from(["down", "up"]))
    def link_turns(self, now: str) -> None:
        self.turn(self.link, now, "" if now == "up" else "tcp_timeout")

    @rule(which=st.sets(CAMERAS, min_size=2), now=st.sampled_from(["down", "up"]))
    def several_turn_at_once(self, which: set[int], now: str) -> None:
        """The link with them, or under it: one batch, the parent first."""
        self.link.refresh_from_db()
        at, changes = self.later(), []
        for target in [self.link, *(self.cameras[n] for n in sorted(which))]:
            target.refresh_from_db()
            if target.state != now:
                is_explained = now == "down" and target != self.link
                changes.append(changed(target, now, "tcp_timeout", at=at, root=self.link if is_explained else None))
        follow(changes)

    @rule(nth=NTH, act=st.sampled_from(["take", "recover", "close", "reopen", "escalate", "unmerge"]))
    def somebody_acts(self, nth: int, act: str) -> None:
        how = {"recover": {"why": "x"}, "close": {"cause_text": "x"}, "reopen": {"why": "x"}, "escalate": {"why": "x"}}
        self.attempt(getattr(actions, act), self.number(nth), **how.get(act, {}))

    @rule(one=NTH, other=NTH)
    def somebody_merges(self, one: int, other: int) -> None:
        self.attempt(actions.merge, self.number(one), self.number(other), why="x")

    @rule()
    def the_clock_ticks(self) -> None:
        catch_up(self.later())
        actions.escalate_overdue(self.later())

    def number(self, nth: int) -> str:
        numbers = list(Incident.objects.order_by("pk").values_list("number", flat=True))
        return numbers[nth % len(numbers)] if numbers else "INS-2026-000000"

    def attempt(self, act, *words, **how) -> None:
        try:
            with transaction.atomic():
                act(*words, by=self.city.who.supervisor, at=self.later(), **how)
        except UserError as refused:
            assert refused.text, "a refusal is a sentence"

    @invariant()
    def what_is_bad_is_somebodys_live_incident_once(self) -> None:
        if not hasattr(self, "city"):
            return
        for target in Target.objects.filter(state__in=["down", "degraded"]):
            holding = Member.objects.filter(
                target=target, recovered_at=None, incident__state__in=["received", "handled"]
            ).exclude(incident__merged_into__isnull=False)
            assert holding.exists(), f"{target.code} is {target.state} and nobody's"
        live = Incident.objects.filter(state__in=["received", "handled"], merged_into=None)
        roots = list(live.exclude(root=None).values_list("root", flat=True))
        assert len(roots) == len(set(roots))

    @invariant()
    def recovered_and_closed_incidents_hold_nothing_that_is_down(self) -> None:
        if hasattr(self, "city"):
            over = Incident.objects.filter(state__in=["recovered", "closed"], merged_into=None)
            assert not Member.objects.filter(incident__in=over, recovered_at=None).exists()
            assert not over.exclude(escalate_at=None).exists()

    @invariant()
    def whoever_heard_of_a_failure_heard_that_it_is_over(self) -> None:
        if not hasattr(self, "city"):
            return
        for incident in Incident.objects.filter(state="recovered", merged_into=None):
            about = f"{incident.number}#{incident.episode}"
            failed = Message.objects.filter(about=about, kind__in=FAILURE_KINDS).values_list("recipient", flat=True)
            over = Message.objects.filter(about=about, kind="incident_recovered").values_list("recipient", flat=True)
            assert set(failed) <= set(over)


@pytest.mark.slow
@pytest.mark.django_db
def test_any_order_of_failures_and_acts_keeps_the_promises():
    run_state_machine_as_test(
        Night,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
