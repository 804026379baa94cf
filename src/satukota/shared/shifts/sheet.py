"""What is true at the end of a shift, as the next one must know it. Facts only: the same facts give the same hash."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from satukota.base.languages import in_city_language
from satukota.base.messages import outbox
from satukota.city import access as city
from satukota.shared.incidents import access as incidents
from satukota.shared.incidents.models import Entry, Incident
from satukota.shared.incidents.opening import OPEN
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import MaintenanceWindow, Target, UplinkOutage, Verdict

from .models import Shift

MOST_MESSAGES = 50
WORDS_MOST = 200


@in_city_language
def content_of(shift: Shift, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Open incidents with their last act, what is down, windows of maintenance, our own outages, messages that failed.

    Of the whole city: the desk is the command centre. Five queries.
    """
    return {
        "incidents": _incidents(), "down": _down(), "maintenance": _maintenance(at),
        "outages": _outages(shift), "messages": _messages(shift),
    }  # fmt: skip


def part_for(user: Any, content: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What of the sheet a reader may see who does not sit at the desk and whose duty does not reach the whole city.

    Incidents and things within their reach; of messages, which name people, none. Two queries.
    """
    numbers = [row["number"] for row in content["incidents"]]
    seen = set(incidents.visible(user).filter(number__in=numbers).values_list("number", flat=True))
    codes = {row["code"] for row in (*content["down"], *content["maintenance"])}
    things = city.visible(Target.objects.filter(code__in=codes), user, "monitoring.view")
    known = set(things.values_list("code", flat=True))
    return content | {
        "incidents": [row for row in content["incidents"] if row["number"] in seen],
        "down": [row for row in content["down"] if row["code"] in known],
        "maintenance": [row for row in content["maintenance"] if row["code"] in known],
        "messages": [],
    }


def hash_of(shift: Shift, content: Any, notes: str) -> str:
    """SHA-256 over which shift it is, the facts and the notes, as sorted JSON."""
    said = {"shift": [shift.pk, _moment(shift.starts_at.astimezone(UTC))], "content": content, "notes": notes}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _incidents() -> list[dict[str, Any]]:
    last = Entry.objects.filter(incident=OuterRef("pk")).order_by("-at", "-pk")
    rows = Incident.objects.filter(state__in=OPEN, merged_into=None).select_related("owner", "assigned_to")
    rows = rows.annotate(
        last_act=Subquery(last.values("act")[:1]), last_text=Subquery(last.values("text")[:1]),
        last_at=Subquery(last.values("at")[:1]),
    )  # fmt: skip
    return [
        {
            "number": row.number, "title": row.title, "severity": row.get_severity_display(),
            "state": row.get_state_display(), "owner": row.owner.short_name, "assigned_to": str(row.assigned_to or ""),
            "opened_at": _moment(row.opened_at), "last_act": row.last_act or "",
            "last_text": (row.last_text or "")[:WORDS_MOST], "last_at": _moment(row.last_at),
        }
        for row in rows.order_by("-severity", "opened_at", "pk")
    ]  # fmt: skip


def _down() -> list[dict[str, Any]]:
    rows = Target.objects.filter(state=Verdict.DOWN, retired_on=None).order_by("kind", "state_since", "code")
    return [
        {"code": row.code, "name": row.name, "kind": row.kind, "since": _moment(row.state_since),
         "cause": str(monitoring.words(row, row.cause).title) if row.cause else ""}
        for row in rows
    ]  # fmt: skip


def _maintenance(at: datetime) -> list[dict[str, Any]]:
    rows = MaintenanceWindow.objects.filter(ends_at__gt=at).select_related("target").order_by("starts_at", "pk")
    return [
        {"code": row.target.code, "starts_at": _moment(row.starts_at), "ends_at": _moment(row.ends_at),
         "reason": row.reason}
        for row in rows
    ]  # fmt: skip


def _outages(shift: Shift) -> list[dict[str, Any]]:
    during = Q(lost_at__lt=shift.ends_at) & (Q(back_at=None) | Q(back_at__gt=shift.starts_at))
    return [
        {"why": row.get_why_display(), "lost_at": _moment(row.lost_at), "back_at": _moment(row.back_at)}
        for row in UplinkOutage.objects.filter(during).order_by("lost_at")
    ]


def _messages(shift: Shift) -> list[dict[str, Any]]:
    rows = outbox.failed().filter(failed_at__gte=shift.starts_at, failed_at__lt=shift.ends_at)
    return [
        {"to": row.recipient.display_name, "subject": row.subject, "problem": row.problem,
         "failed_at": _moment(row.failed_at)}
        for row in rows.select_related("recipient").order_by("failed_at", "pk")[:MOST_MESSAGES]
    ]  # fmt: skip


def is_whole(shift: Shift, content: Any, notes: str, sha256: str) -> bool:
    return hash_of(shift, content, notes) == sha256
