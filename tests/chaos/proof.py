"""After the attack: what must be true of the database, the catcher and what the client heard."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django_tasks_db.models import DBTaskResult

from satukota.base import clock
from satukota.base.audit.verifying import first_broken
from satukota.base.feed.models import FeedEntry
from satukota.base.messages.catcher import Kept
from satukota.base.messages.models import Message
from satukota.base.messages.outbox import LONGEST_WAIT, key_of
from satukota.shared.incidents.models import Entry, Incident, Member
from satukota.shared.monitoring.models import Chore, Reading, StatusChange, Target

from .load import Acknowledged

SLACK = timedelta(seconds=5)


def unsettled() -> dict[str, int]:
    """What is still on its way; all zero when the city has come to rest."""
    out = Message.objects.filter(sent_at=None, failed_at=None).count() - _letters_resting()
    jobs = DBTaskResult.objects.exclude(status__in=["SUCCESSFUL", "FAILED"]).count()
    return {"messages": out, "jobs": jobs}


def _letters_resting() -> int:
    """Letters whose next try has its moment: neither lost nor due. Up to a quarter of an hour after several kills."""
    soon, latest = clock.now() + timedelta(seconds=30), clock.now() + LONGEST_WAIT
    resting = Message.objects.filter(sent_at=None, failed_at=None, next_try_at__gt=soon, next_try_at__lte=latest)
    return resting.count()


def leaves_open() -> dict[str, int]:
    """What looks bring to rest: targets still down, and leases of the dead that have not run out."""
    down = Target.objects.filter(state="down").count()
    return {"down": down, "claims": _leases()["claims_stuck"], "chores": _leases()["chores_stuck"]}


def faults(said: Acknowledged) -> dict[str, Any]:
    """By name: numbers that must be zero, or what is wrong. An empty value is a promise kept."""
    found = _acts(said) | _jobs(said) | _messages() | _feed(said) | _monitoring() | _leases()
    broken = first_broken()
    return found | {"audit_broken": str(broken) if broken else 0}


def _acts(said: Acknowledged) -> dict[str, int]:
    notes = Counter(Entry.objects.filter(act="note").values_list("text", flat=True))
    taken = Counter(Entry.objects.filter(act="taken").values_list("incident__number", flat=True))
    handled = set(Incident.objects.exclude(state="received").values_list("number", flat=True))
    return {
        "notes_lost": len(said.notes - set(notes)),
        "notes_doubled": sum(count > 1 for count in notes.values()),
        "takes_lost": len(said.takes - handled) + len(said.takes - set(taken)),
        "takes_doubled": sum(count > 1 for count in taken.values()),
    }


def _jobs(said: Acknowledged) -> dict[str, int]:
    told = Counter(Message.objects.filter(kind="chaos", channel="email").values_list("about", flat=True))
    return {
        "jobs_lost": len(said.jobs - set(told)),
        "jobs_doubled": sum(count > 1 for count in told.values()),
        "jobs_not_ended": DBTaskResult.objects.exclude(status="SUCCESSFUL").count(),
    }


def _messages() -> dict[str, int]:
    caught = {each.key for each in Kept(settings.CATCHER_DIR).all()}
    rows = list(Message.objects.exclude(channel="screen"))
    sent = {key_of(row) for row in rows if row.sent_at}
    return {
        "messages_said_sent_but_not_caught": len(sent - caught),
        "messages_caught_but_unknown": len(caught - {key_of(row) for row in rows}),
        "messages_not_sent": sum(row.sent_at is None for row in rows) - _letters_resting(),
    }


def _feed(said: Acknowledged) -> dict[str, int]:
    heard = said.feed
    upto = heard[-1] if heard else 0
    first = heard[0] if heard else 0
    there = set(FeedEntry.objects.filter(pk__gte=first, pk__lte=upto).values_list("pk", flat=True))
    return {
        "feed_gaps": len(there - set(heard)),
        "feed_repeats": len(heard) - len(set(heard)),
        "feed_out_of_order": sum(b <= a for a, b in zip(heard, heard[1:], strict=False)),
        "feed_resets": said.feed_resets,
        "feed_unknown": len(set(heard) - there),
    }


def _monitoring() -> dict[str, int]:
    changes = list(StatusChange.objects.select_related("target"))
    published = Counter(FeedEntry.objects.filter(topic="status_changed").values_list("subject", "at"))
    members = set(Member.objects.values_list("target", flat=True))
    down = set(Target.objects.filter(state="down").values_list("pk", flat=True))
    open_for = set(Member.objects.filter(recovered_at=None).values_list("target", flat=True))
    double = Reading.objects.order_by().values("target", "at").annotate(n=Count("pk")).filter(n__gt=1)
    return {
        "changes_without_feed": sum(not published[change.target.code, change.at] for change in changes),
        "changes_without_incident": sum(change.now == "down" and change.target_id not in members for change in changes),
        "down_without_open_incident": len(down - open_for),
        "open_incident_without_down": len(open_for - down),
        "readings_doubled": double.count(),
    }


def _leases() -> dict[str, int]:
    past = clock.now() - SLACK
    return {
        "claims_stuck": Target.objects.exclude(claimed_by="").filter(lease_until__lt=past).count(),
        "chores_stuck": Chore.objects.filter(lease_until__lt=past).count(),
        "chores_failing": Chore.objects.exclude(problem="").count(),
        "jobs_running": DBTaskResult.objects.running().count(),
    }


def figures(said: Acknowledged) -> dict[str, int]:
    """How much happened."""
    caught = [each.key for each in Kept(settings.CATCHER_DIR).all()]
    return {
        "notes": len(said.notes), "takes": len(said.takes), "jobs": len(said.jobs), "retries": said.retries,
        "errors_500": said.errors_500, "feed_entries": len(said.feed), "readings": Reading.objects.count(),
        "status_changes": StatusChange.objects.count(), "letters": len(set(caught)),
        "letters_delivered_twice": len(caught) - len(set(caught)), "letters_resting": _letters_resting(),
    }  # fmt: skip
