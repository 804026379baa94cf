"""Opens, joins and recovers incidents when a target's status changes.

Black is an alarm and opens an incident; blurred is work and opens a lesser one; unknown opens and closes nothing.
Maintenance silences opening, never recovery; what is still bad when the window has ended is opened by `catch_up`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import PARENT_KINDS, StatusChange, Target, Verdict

from . import merging, opening, telling
from .line import in_line, write, write_all
from .models import Entry, Incident, Member

REGROUP = timedelta(minutes=5)  # children opened on their own so shortly before their parent are its doing
AT_MOST = 500  # targets one sweep looks after; the next sweep takes the rest


def follow(changes: Sequence[StatusChange]) -> None:
    """Runs in the transaction that stores the changes. The same change twice changes nothing.

    What has one cause is handled as one: three hundred cameras behind a dead link cost little more than one.
    """
    known = [change for change in changes if change.now != Verdict.UNKNOWN]
    if not known:
        return
    with in_line():
        _load_roots(known)
        for is_up, together in _alike(known):
            if is_up:
                back = {change.target_id: change.at for change in together}
                _recover(Member.objects.filter(target__in=back), back)
                continue
            if together[0].now == Verdict.DEGRADED:
                # it answers again: what took it away (a link, a power supply) is over for this one
                elsewhere = Member.objects.filter(target=together[0].target, is_down=True)
                _recover(elsewhere.exclude(incident__root=together[0].target), together[0].at)
            if failed := [change for change in together if not change.in_maintenance]:
                _fail(failed, max(change.at for change in failed))


def _load_roots(changes: Sequence[StatusChange]) -> None:
    """The roots in one query, not one per change."""
    roots = Target.objects.in_bulk({change.root_id for change in changes if change.root_id})
    for change in changes:
        if change.root_id in roots:
            change.root = roots[change.root_id]


def _alike(changes: Sequence[StatusChange]) -> list[tuple[bool, list[StatusChange]]]:
    """What can be handled together: all recoveries, and failures with the same root; in order of appearance."""
    groups: dict[Any, list[StatusChange]] = defaultdict(list)
    for change in changes:
        is_up, is_work = change.now == Verdict.UP, change.now == Verdict.DEGRADED
        groups["up" if is_up else (is_work, _root_of(change).pk)].append(change)
    return [(key == "up", together) for key, together in groups.items()]


def _root_of(change: StatusChange) -> Target:
    return change.target if change.now == Verdict.DEGRADED or change.root is None else change.root


def catch_up(at: datetime) -> int:
    """What no change will announce: still bad after maintenance, back or retired without a word. Returns how many."""
    with in_line():
        back = Q(target__state=Verdict.UP) | ~Q(target__retired_on=None)
        gone = Member.objects.filter(back, recovered_at=None).exclude(incident__state=Incident.State.CLOSED)
        some = gone.order_by("pk").values_list("pk", flat=True)[:AT_MOST]
        done = _recover(Member.objects.filter(pk__in=list(some)), at)
        left_out = _left_out(at)
        for _is_up, together in _alike(left_out):
            _fail(together, at)
    return done + len(left_out)


def _fail(changes: Sequence[StatusChange], at: datetime) -> None:
    """Targets that are not well for one root: their incident is found, reopened or opened, and they are members."""
    root, is_work = _root_of(changes[0]), changes[0].now == Verdict.DEGRADED
    held = _already_in(root, is_work, changes)
    incidents = {row.pk: row for row in opening.live().filter(pk__in=set(held.values()))} if held else {}
    for pk, incident in incidents.items():
        _stay(incident, [change for change in changes if held.get(change.target_id) == pk], at)
    entered = list(incidents.values())
    if waiting := [change for change in changes if held.get(change.target_id) not in incidents]:
        entered.append(_enter(root, is_work, waiting, at))
    if not is_work and root.kind in PARENT_KINDS:
        for incident in entered:
            if incident.root_id == root.pk and incident.merged_into_id is None:
                _gather_children(incident, at)


def _enter(root: Target, is_work: bool, changes: Sequence[StatusChange], at: datetime) -> Incident:
    """The incident of the root for those that are in none yet: live, just recovered, put elsewhere, or new."""
    if (incident := opening.live().filter(root=root).first()) is not None:
        _stay(incident, changes, at)
    elif (incident := _just_recovered(root, is_work, at)) is not None:
        opening.join(incident, changes, at)
        opening.reopen(incident, by=None, at=at, why=_("gangguan kambuh tak lama setelah pulih"))
        opening.settle(incident, at)
    elif not is_work and (incident := _merged_into(root)) is not None:
        _stay(incident, changes, at)
    else:
        incident = _open(root, changes, at)
    return incident


def _stay(incident: Incident, changes: Sequence[StatusChange], at: datetime) -> None:
    """Join, or change inside, an incident that is live anyway."""
    news = opening.join(incident, changes, at)
    if not news:
        return
    worse = incident.is_work and any(change.now == Verdict.DOWN for change in news)
    own = _own(incident.root_id, news)
    if worse or own is not None:
        incident.cause = own.cause if own is not None else incident.cause
        incident.is_work = incident.is_work and not worse
        incident.save(update_fields=["cause", "is_work"])
    opening.settle(incident, at)
    if worse:
        write(incident, "worsened", by=None, at=at, after=incident.title)
        people = telling.first_audience(incident, at)
        telling.tell_failure(incident, "incident_worsened", people, at=at, lead=_("Gangguan memburuk."))
    if any(change.target.owner_id != incident.owner_id for change in news):
        telling.tell_opened_to(incident, telling.officers_of_members(incident, at), at)
    telling.publish(incident, "member_joined", at)


def _own(root_id: int | None, changes: Sequence[StatusChange]) -> StatusChange | None:
    """The change of the root itself, when it is among them."""
    return next((change for change in changes if change.target_id == root_id), None)


def _open(root: Target, changes: Sequence[StatusChange], at: datetime) -> Incident:
    """A new incident, or the earliest of the children's own ones turned into it: the operator sees exactly one."""
    is_work = changes[0].now == Verdict.DEGRADED
    own = _own(root.pk, changes)
    cause = own.cause if own is not None else root.cause
    children = [] if is_work else opening.children_opened_apart(root, at - REGROUP)
    if children:
        incident, others = children[0], children[1:]
        opening.become(incident, root, cause=cause, at=at)
        _fold_all(others, incident, at)
        opening.join(incident, changes, at)
        opening.settle(incident, at)
        telling.tell_opened(incident, at)
        telling.publish(incident, "regrouped", at)
    else:
        incident, is_new = opening.open_for(root, cause=cause, is_work=is_work, at=at)
        if not is_new:
            _stay(incident, changes, at)
            return incident
        opening.join(incident, changes, at)
        opening.settle(incident, at, quietly=True)
        opening.announce_opened(incident, at)
    telling.tell_opened_to(incident, telling.officers_of_members(incident, at), at)
    return incident


def _gather_children(incident: Incident, at: datetime) -> None:
    """The root is down: what things behind it opened on their own just before, stuttering ones too, belongs here."""
    if incident.root is None:
        return
    since = at - REGROUP
    apart = opening.children_opened_apart(incident.root, since) + opening.work_opened_apart(incident.root, since)
    others = [child for child in apart if child.pk != incident.pk]
    if others:
        _fold_all(others, incident, at)
        opening.settle(incident, at)
        telling.publish(incident, "regrouped", at)


def _fold_all(others: list[Incident], into: Incident, at: datetime) -> None:
    for other in others:
        merging.fold(other, into, by=None, at=at, why=_("penyebab yang sama: %s") % into.root)


def _already_in(root: Target, is_work: bool, changes: Sequence[StatusChange]) -> dict[int, int]:
    """Target → the live incident that has it as a member already, the newest. One query.

    Down: any, unless a failed parent explains it and the incident is not the parent's. Degraded: only where it has
    not been down because of something else.
    """
    rows = Member.objects.filter(
        target__in=[change.target_id for change in changes], incident__state__in=opening.LIVE,
        incident__merged_into=None,
    )  # fmt: skip
    if is_work:
        rows = rows.filter(Q(incident__root=root) | Q(recovered_at=None))
    else:
        rows = rows.filter(Q(incident__root=root) | Q(came_from__root=root) | Q(target=root))
    return dict(rows.order_by("incident__opened_at", "incident").values_list("target_id", "incident_id"))


def _just_recovered(root: Target, is_work: bool, at: datetime) -> Incident | None:
    recovered = Incident.objects.filter(root=root, state=Incident.State.RECOVERED, merged_into=None, is_work=is_work)
    return recovered.filter(recovered_at__gte=at - opening.FLAP).order_by("-recovered_at").first()


def _merged_into(root: Target) -> Incident | None:
    """Where a person put the root's incident, while that one is live."""
    folded = Incident.objects.filter(root=root, state__in=opening.LIVE).exclude(merged_into=None).order_by("-opened_at")
    incident = folded.first()
    while incident is not None and incident.merged_into is not None:
        incident = incident.merged_into
    return incident if incident is not None and incident.state in opening.LIVE else None


def _recover(members: QuerySet[Member], at: datetime | Mapping[int, datetime]) -> int:
    """Mark members that are down as back, at one moment or by target, and their incidents recovered when all are."""
    waiting = members.filter(recovered_at=None).exclude(incident__state=Incident.State.CLOSED)
    touched: dict[int, list[Member]] = defaultdict(list)
    back = list(waiting.select_related("target").order_by("pk"))
    for member in back:
        when = at if isinstance(at, datetime) else at[member.target_id]
        member.recovered_at = max(when, member.down_at)  # a clock that went backwards makes no negative outage
        touched[member.incident_id].append(member)
    Member.objects.bulk_update(back, ["recovered_at"], batch_size=200)
    for incident in opening.live().filter(pk__in=touched).order_by("pk"):
        mine = touched[incident.pk]
        now = at if isinstance(at, datetime) else max(at[member.target_id] for member in mine)
        write_all(incident, [Entry(act="member_recovered", at=now, text=_said_of(member.target)) for member in mine])
        if not opening.recover_if_all_are_back(incident, now):
            telling.publish(incident, "member_recovered", now)
    return len(back)


def _said_of(target: Target) -> str:
    return str(target) if target.retired_on is None else f"{target} · {_('tidak dipantau lagi')}"


def _left_out(at: datetime) -> list[StatusChange]:
    """Last changes of targets that are bad now, are nobody's member and not under maintenance; root only if down."""
    member = Member.objects.filter(target=OuterRef("pk"), recovered_at=None).exclude(
        incident__state=Incident.State.CLOSED
    )
    bad = Target.objects.filter(~Exists(member), state__in=(Verdict.DOWN, Verdict.DEGRADED), retired_on=None)
    ids = list(bad.order_by("state_since").values_list("pk", flat=True)[:AT_MOST])
    covered = monitoring.in_maintenance(ids, at) if ids else set()
    newest = StatusChange.objects.filter(target=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:1]
    last = Target.objects.filter(pk__in=set(ids) - covered).order_by().annotate(last=Subquery(newest))
    changes = StatusChange.objects.select_related("target", "root").in_bulk(
        [pk for pk in last.values_list("last", flat=True) if pk is not None]
    )
    found = [change for change in changes.values() if change.now == change.target.state]
    for change in found:
        if change.root is not None and change.root.state != Verdict.DOWN:
            change.root = None
    return sorted(found, key=lambda change: (change.at, change.pk))
