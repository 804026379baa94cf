"""Opens, joins and recovers incidents when a target's status changes.

Black is an alarm and opens an incident; blurred is work and opens a lesser one; unknown opens and closes nothing.
Maintenance silences opening, never recovery; what is still bad when the window has ended is opened by `catch_up`.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import StatusChange, Target, Verdict

from . import merging, opening, telling
from .line import in_line, write
from .models import Incident, Member

REGROUP = timedelta(minutes=5)  # children opened on their own so shortly before their parent are its doing
AT_MOST = 500  # targets one sweep looks after; the next sweep takes the rest


def follow(change: StatusChange) -> None:
    """Runs in the transaction that stores the change. The same change twice changes nothing."""
    if change.now == Verdict.UNKNOWN:
        return
    with in_line():
        if change.now == Verdict.UP:
            _recover(Member.objects.filter(target=change.target), change.at)
            return
        if change.now == Verdict.DEGRADED:
            # it answers again: what took it away (a link, a power supply) is over for this one
            elsewhere = Member.objects.filter(target=change.target, is_down=True).exclude(incident__root=change.target)
            _recover(elsewhere, change.at)
        if change.in_maintenance:
            return
        _fail(change, change.at)


def catch_up(at: datetime) -> int:
    """What no change will announce: still bad after maintenance, back or retired without a word. Returns how many."""
    with in_line():
        back = Q(target__state=Verdict.UP) | ~Q(target__retired_on=None)
        gone = Member.objects.filter(back, recovered_at=None).exclude(incident__state=Incident.State.CLOSED)
        recovered = _recover(gone, at)
        for change, root in _left_out(at):
            change.root = root
            _fail(change, at)
            recovered += 1
    return recovered


def _fail(change: StatusChange, at: datetime) -> None:
    """The target of the change is not well: its incident is found, reopened or opened, and it is a member."""
    is_work = change.now == Verdict.DEGRADED
    root = change.target if is_work or change.root is None else change.root
    incident = _already_in(change) or opening.live().filter(root=root).first()
    if incident is not None:
        _stay(incident, change, at)
    elif (recovered := _just_recovered(root, is_work, at)) is not None:
        opening.join(recovered, change, at)
        opening.reopen(recovered, by=None, at=at, why=_("gangguan kambuh tak lama setelah pulih"))
        opening.settle(recovered, at)
        incident = recovered
    elif not is_work and (keeper := _merged_into(root)) is not None:
        _stay(keeper, change, at)
        return
    else:
        incident = _open(root, change, at)
    if not is_work and change.target_id == incident.root_id:
        _gather_children(incident, at)


def _stay(incident: Incident, change: StatusChange, at: datetime) -> None:
    """Join, or change inside, an incident that is live anyway."""
    if not opening.join(incident, change, at):
        return
    worse = incident.is_work and change.now == Verdict.DOWN
    if worse or change.target_id == incident.root_id:
        incident.cause = change.cause if change.target_id == incident.root_id else incident.cause
        incident.is_work = incident.is_work and not worse
        incident.save(update_fields=["cause", "is_work"])
    opening.settle(incident, at)
    if worse:
        write(incident, "worsened", by=None, at=at, after=incident.title)
        people = telling.first_audience(incident, at)
        telling.tell_failure(incident, "incident_worsened", people, at=at, lead=_("Gangguan memburuk."))
    if change.target.owner_id != incident.owner_id:
        telling.tell_opened_to(incident, telling.officers_of_members(incident, at), at)
    telling.publish(incident, "member_joined", at)


def _open(root: Target, change: StatusChange, at: datetime) -> Incident:
    """A new incident, or the earliest of the children's own ones turned into it: the operator sees exactly one."""
    is_work = change.now == Verdict.DEGRADED
    cause = change.cause if root.pk == change.target_id else root.cause
    children = [] if is_work else opening.children_opened_apart(root, at - REGROUP)
    if children:
        incident, others = children[0], children[1:]
        opening.become(incident, root, cause=cause, at=at)
        _fold_all(others, incident, at)
        opening.join(incident, change, at)
        opening.settle(incident, at)
        telling.tell_opened(incident, at)
        telling.publish(incident, "regrouped", at)
    else:
        incident, is_new = opening.open_for(root, cause=cause, is_work=is_work, at=at)
        if not is_new:
            _stay(incident, change, at)
            return incident
        opening.join(incident, change, at)
        opening.settle(incident, at, quietly=True)
        opening.announce_opened(incident, at)
    telling.tell_opened_to(incident, telling.officers_of_members(incident, at), at)
    return incident


def _gather_children(incident: Incident, at: datetime) -> None:
    """The root itself turned down: children that opened incidents of their own just before belong here."""
    others = [
        child for child in opening.children_opened_apart(incident.root, at - REGROUP) if child.pk != incident.pk
    ] if incident.root else []  # fmt: skip
    if others:
        _fold_all(others, incident, at)
        opening.settle(incident, at)
        telling.publish(incident, "regrouped", at)


def _fold_all(others: list[Incident], into: Incident, at: datetime) -> None:
    for other in others:
        merging.fold(other, into, by=None, at=at, why=_("penyebab yang sama: %s") % into.root)


def _already_in(change: StatusChange) -> Incident | None:
    """The live incident that has the target as a member already, newest first.

    Down: any, unless a failed parent explains it and the incident is not the parent's. Degraded: only where it has
    not been down because of something else.
    """
    rows = Member.objects.filter(
        target=change.target, incident__state__in=opening.LIVE, incident__merged_into=None
    )  # fmt: skip
    if change.now == Verdict.DEGRADED:
        rows = rows.filter(Q(incident__root=change.target) | Q(recovered_at=None))
    elif change.root is not None:
        rows = rows.filter(Q(incident__root=change.root) | Q(came_from__root=change.root))
    found = rows.order_by("-incident__opened_at").values_list("incident_id", flat=True).first()
    return opening.live().filter(pk=found).first() if found else None


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


def _recover(members: QuerySet[Member], at: datetime) -> int:
    """Mark members that are down as back, and their incidents recovered when nobody is left."""
    waiting = members.filter(recovered_at=None).exclude(incident__state=Incident.State.CLOSED)
    touched: dict[int, Incident] = {}
    back = list(waiting.select_related("incident", "target")[:AT_MOST])
    for member in back:
        member.recovered_at = max(at, member.down_at)  # a clock that went backwards makes no negative outage
        member.save(update_fields=["recovered_at"])
        incident = member.incident
        if incident.merged_into_id is None and incident.state in opening.LIVE:
            retired = member.target.retired_on is not None
            text = f"{member.target} · {_('tidak dipantau lagi')}" if retired else str(member.target)
            write(incident, "member_recovered", by=None, at=at, text=text)
            touched[incident.pk] = incident
    for incident in touched.values():
        if not opening.recover_if_all_are_back(incident, at):
            telling.publish(incident, "member_recovered", at)
    return len(back)


def _left_out(at: datetime) -> list[tuple[StatusChange, Target | None]]:
    """Last changes of targets that are bad now, are nobody's member and not under maintenance, with their root."""
    member = Member.objects.filter(target=OuterRef("pk"), recovered_at=None).exclude(
        incident__state=Incident.State.CLOSED
    )
    bad = Target.objects.filter(~Exists(member), state__in=(Verdict.DOWN, Verdict.DEGRADED), retired_on=None)
    ids = list(bad.order_by("state_since").values_list("pk", flat=True)[:AT_MOST])
    covered = monitoring.in_maintenance(ids, at) if ids else set()
    found = []
    for pk in (pk for pk in ids if pk not in covered):
        change = StatusChange.objects.filter(target_id=pk).select_related("target", "root").first()
        if change is None or change.now != change.target.state:
            continue
        still = change.root if change.root is not None and change.root.state == Verdict.DOWN else None
        found.append((change, still))
    return found
