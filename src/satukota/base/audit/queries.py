"""Reading the audit log: filters and pages by number, so that a million rows answer as quickly as fifty."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from satukota.base import clock

from .models import AuditEntry, AuditHead, DaySeal

PAGE_SIZE = 50
SPAN = 100_000  # rows a search for text looks through at once; the page then offers to go on with older ones
LONGEST = 80
ACTS = """
WITH RECURSIVE known(act) AS (
    SELECT min(act) FROM audit_auditentry
    UNION ALL
    SELECT (SELECT min(act) FROM audit_auditentry WHERE act > known.act) FROM known WHERE known.act IS NOT NULL
) SELECT act FROM known WHERE act IS NOT NULL
"""  # one step of the index per act, where DISTINCT would read a million entries


@dataclass(frozen=True)
class Filters:
    """What the page's address asks for; empty means any. `since` and `until` are local days, both within."""

    who: str = ""
    hat: str = ""
    act: str = ""
    kind: str = ""  # model label
    thing: str = ""  # exact id with `kind`, else part of its name
    opd: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Filters":
        """Read without trust: a day that is none counts as not asked for."""
        words = {name: asked.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in WORDS}
        return cls(**words, since=_day(asked.get("since", "")), until=_day(asked.get("until", "")))

    @property
    def is_search(self) -> bool:
        """Looks inside texts, which no index helps with."""
        return bool(self.who or self.hat or self.text or (self.thing and not self.kind))

    def chosen(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items() if value}


WORDS = ("who", "hat", "act", "kind", "thing", "opd", "text")


@dataclass(frozen=True)
class Page:
    """`older` is the number before which the next page begins, None at the end; `searched_to` how far a search that
    found too little has looked."""

    rows: list[AuditEntry]
    older: int | None
    searched_to: int | None


def matching(filters: Filters) -> QuerySet[AuditEntry]:
    """Rows of the filter, newest first."""
    rows = AuditEntry.objects.order_by("-number")
    exact = {"act": filters.act, "opd_code": filters.opd, "on_kind": filters.kind}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if filters.thing:
        rows = rows.filter(Q(on_id=filters.thing) if filters.kind else Q(on_label__icontains=filters.thing))
    if filters.since:
        rows = rows.filter(at__gte=_start(filters.since))
    if filters.until:
        rows = rows.filter(at__lt=_start(filters.until + timedelta(days=1)))
    for name, text in (("actor_name", filters.who), ("hat", filters.hat)):
        rows = rows.filter(**{f"{name}__icontains": text}) if text else rows
    if filters.text:
        columns = ("why", "purpose", "on_label", "actor_name")
        anywhere = Q()
        for column in columns:
            anywhere |= Q(**{f"{column}__icontains": filters.text})
        rows = rows.filter(anywhere)
    return rows


def page(filters: Filters, before: int | None = None) -> Page:
    """PAGE_SIZE rows older than `before`; at most SPAN rows are searched for text. One or two statements."""
    end = before if before is not None else last_number() + 1
    rows, start = matching(filters).filter(number__lt=end), 1
    if filters.is_search:
        start = max(1, end - SPAN)
        rows = rows.filter(number__gte=start)
    found = list(rows[: PAGE_SIZE + 1])
    if len(found) > PAGE_SIZE:
        return Page(found[:PAGE_SIZE], found[PAGE_SIZE - 1].number, None)
    return Page(found, start, start) if start > 1 else Page(found, None, None)


def last_number() -> int:
    return AuditHead.objects.filter(pk=1).values_list("last_number", flat=True).first() or 0


def acts() -> list[str]:
    """Every act that occurs, in order."""
    with connection.cursor() as cursor:
        cursor.execute(ACTS)
        return [act for (act,) in cursor.fetchall()]


def seals(limit: int, before: int | None = None) -> list[DaySeal]:
    """Newest first; `before` is the first number of the page before."""
    rows = DaySeal.objects.order_by("-first_number")
    return list((rows.filter(first_number__lt=before) if before is not None else rows)[:limit])


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), clock.local_zone())
