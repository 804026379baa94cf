"""What is kept how long, by which law or decision, and what was deleted last: for operators and auditors."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base.keeping import retention
from satukota.base.keeping.models import DeletionReceipt
from satukota.city import access
from satukota.city.gates import needs
from satukota.shared.monitoring.models import Chore

CHORE = "keeping.delete_by_rules"  # the one chore that deletes
RECEIPTS = 30


@dataclass(frozen=True)
class Line:
    """One rule with its last receipt; `due_at` is when its next turn is due at the earliest."""

    rule: retention.Rule
    days: int
    last: DeletionReceipt | None
    due_at: datetime | None  # not known while nothing has ever run


@require_GET
@needs("system.view")
def kept(request: HttpRequest) -> HttpResponse:
    """Three queries and the frame's."""
    chore = Chore.objects.filter(name=CHORE).first()
    receipts = list(DeletionReceipt.objects.order_by("-at", "-pk")[:RECEIPTS])
    last = {row.rule: row for row in DeletionReceipt.objects.filter(pk__in=retention.last_receipts())}
    rules = retention.rules()
    names = {rule.key: rule.what for rule in rules}
    told = {
        "lines": [_line(rule, last.get(rule.key), chore) for rule in rules],
        "chore": chore,
        "receipts": [(row, names.get(row.rule, row.rule)) for row in receipts],
        "crumbs": [(_("Kesehatan"), reverse("command_centre:health"))],
        "may_audit": access.may(request.user, "audit.view"),
    }
    return render(request, "command_centre/retention.html", told)


def _line(rule: retention.Rule, last: DeletionReceipt | None, chore: Chore | None) -> Line:
    """A rule that deleted nothing leaves no receipt, so it is due with the chore; else its pause counts too."""
    due = chore.next_at if chore else None
    if due is not None and last is not None:
        due = max(due, last.at + timedelta(hours=rule.every_h))
    return Line(rule, rule.days(), last, due)
