"""What is deleted when, by which law or decision: one list of rules, one job, and a receipt for each deletion."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, QuerySet

from satukota.base.audit import actions as audit

from .models import DeletionReceipt

CHUNK = 2_000  # rows a transaction: whoever writes the same table never waits long
MOST = 500_000  # rows a turn; what is left waits for the next


@dataclass(frozen=True)
class Gone:
    """What one turn of a rule deleted; the moments are None when nothing was."""

    number: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None

    def __add__(self, other: "Gone") -> "Gone":
        oldest = [each.oldest_at for each in (self, other) if each.oldest_at]
        newest = [each.newest_at for each in (self, other) if each.newest_at]
        return Gone(self.number + other.number, min(oldest, default=None), max(newest, default=None))


@dataclass(frozen=True)
class Rule:
    """`delete(before, at)` deletes what is older than `before` and is safe to run twice.

    `source` is the law or the decision, `configured` where the number of days is set, `every_h` how often it is worth
    a turn (and a receipt).
    """

    key: str
    what: str
    days: Callable[[], int]
    source: str
    configured: str
    delete: Callable[[datetime, datetime], Gone]
    every_h: int = 24


_rules: dict[str, Rule] = {}


def register(rule: Rule) -> None:
    _rules[rule.key] = rule


def rules() -> list[Rule]:
    return [_rules[key] for key in sorted(_rules)]


def last_receipts() -> QuerySet:
    """The id of the newest receipt of each rule, for a query around it."""
    return DeletionReceipt.objects.order_by().values("rule").annotate(newest=Max("pk")).values("newest")


def run_due(at: datetime) -> int:
    """Every rule whose turn has come; the number of things deleted. One rule that fails does not hold up the others.

    Raises the first failure at the end, so that it is seen.
    """
    failures, total = [], 0
    for rule in rules():
        last = DeletionReceipt.objects.filter(rule=rule.key).order_by("-at").values_list("at", flat=True).first()
        if last is not None and last <= at < last + timedelta(hours=rule.every_h):
            continue
        try:
            total += run(rule, at).number
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return total


def run(rule: Rule, at: datetime) -> Gone:
    """One turn of one rule. What was deleted has its receipt, also when the turn was interrupted and goes on later."""
    days = rule.days()
    gone = rule.delete(at - timedelta(days=days), at)
    if gone.number and gone.oldest_at and gone.newest_at:
        _receipt(rule, gone, days, at)
    return gone


def by_age(rows: QuerySet, moment: str, before: datetime, most: int = MOST) -> Gone:
    """Delete rows whose `moment` lies before, oldest first, in small transactions, at most `most` of them."""
    gone = Gone()
    while gone.number < most:
        old = rows.filter(**{f"{moment}__lt": before}).order_by(moment, "pk")
        found = list(old.values_list("pk", moment)[: min(CHUNK, most - gone.number)])
        if not found:
            break
        rows.model._base_manager.filter(pk__in=[pk for pk, _at in found]).delete()
        gone += Gone(len(found), found[0][1], found[-1][1])
    return gone


def counted(rows: QuerySet, moment: str, delete: Callable[[], int]) -> Gone:
    """What a deletion with rules of its own deleted, `rows` being what it is about to delete."""
    span = rows.aggregate(oldest=Min(moment), newest=Max(moment))
    number = delete()
    return Gone(number, span["oldest"], span["newest"]) if number else Gone()


@transaction.atomic
def _receipt(rule: Rule, gone: Gone, days: int, at: datetime) -> None:
    told = {"rule": rule.key, "number": gone.number, "oldest": gone.oldest_at, "newest": gone.newest_at, "days": days}
    entry = audit.record("keeping.deleted", by=None, at=at, after=told, why=str(rule.source))
    DeletionReceipt.objects.create(
        rule=rule.key, at=at, number=gone.number, oldest_at=gone.oldest_at, newest_at=gone.newest_at, kept_days=days,
        audit_number=entry.number,
    )  # fmt: skip
