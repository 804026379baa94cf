"""What the work panel of one incident shows. Each function names its number of queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, Subquery
from django.http import QueryDict
from django.utils.translation import gettext as _

from satukota.base.jobs import once
from satukota.base.page_frame.templatetags.frame import span_words
from satukota.city import access
from satukota.city import queries as registers
from satukota.city.models import Duty, Person
from satukota.city.roles import ROLES, Reach
from satukota.rules import severity
from satukota.shared.incidents import queries, words
from satukota.shared.incidents.actions.escalate import level_words
from satukota.shared.incidents.models import Entry, Incident, Member
from satukota.shared.incidents.opening import LIVE
from satukota.shared.monitoring.models import Reading

MEMBERS_SHOWN = 100
LINES_SHOWN = 200
TOGETHER_S = 60  # machine lines about several things so close in time are one line


@dataclass(frozen=True)
class Clock:
    """When the next level is told: the words, and whether that moment has passed."""

    text: str
    is_late: bool


def clock_of(incident: Incident, now: datetime) -> Clock | None:
    """None once recovered, and at the top level, where the words say so instead of a time."""
    if incident.state not in LIVE:
        return None
    if incident.escalate_at is None:
        top = incident.escalation >= severity.TOP_LEVEL
        return Clock(_("sudah di %s") % level_words(incident.escalation), True) if top else None
    wait = (incident.escalate_at - now).total_seconds()
    to = level_words(min(incident.escalation + 1, severity.TOP_LEVEL))
    if wait < 0:
        return Clock(_("ke %(level)s, lewat %(span)s") % {"level": to, "span": span_words(-wait)}, True)
    return Clock(_("ke %(level)s dalam %(span)s") % {"level": to, "span": span_words(wait)}, False)


@dataclass(frozen=True)
class Shown:
    """The member whose pictures and trail the panel shows."""

    member: Member
    cause: str
    next_step: str
    reading: Reading | None  # the last one
    event: Reading | None  # the one with the kept picture


@dataclass
class Line:
    """One line of the timeline in words; things that joined or came back one after another share one."""

    entry: Entry
    act: str
    is_machine: bool
    texts: list[str]

    @property
    def text(self) -> str:
        """The only text in full, several as their codes (first word), in the order they happened."""
        if len(self.texts) == 1:
            return self.texts[0]
        return f"{len(self.texts)}: " + ", ".join(text.split(" ")[0] for text in reversed(self.texts))

    def takes_in(self, entry: Entry) -> bool:
        """Whether the next older entry says the same about another thing, within the same minute."""
        same = (entry.act, entry.before, entry.after) == (self.entry.act, self.entry.before, self.entry.after)
        near = abs((self.entry.at - entry.at).total_seconds()) < TOGETHER_S
        return same and near and entry.by_id is None and entry.act.startswith("member_")


def told_of(user: Any, incident: Incident, now: datetime, asked: QueryDict) -> dict[str, Any]:
    """Everything the panel needs of an incident for reading, in five queries and two for those who merge or assign."""
    members = access.visible(queries.members_of(incident), user, "monitoring.view", owner="target__owner")
    members, total = members.select_related("target__camera"), incident.members_all
    shown = list(members if "semua" in asked else members[:MEMBERS_SHOWN])
    may = _may(user, incident)
    chosen = _shown(shown, asked.get("anggota", ""))
    lines, lines_hidden = _lines(incident, "perjalanan" in asked)
    return {
        "incident": incident,
        "clock": clock_of(incident, now),
        "level": level_words(incident.escalation) if incident.escalation else "",
        "members": [(member, words.cause_words(member.target.kind, member.cause)) for member in shown],
        "members_total": total,
        "members_hidden": total - len(shown),
        "shown": chosen,
        "may_ask_footage": chosen is not None and chosen.member.target.kind == "camera"
                           and access.may_on(user, "recordings.ask", chosen.member.target),
        "steps": queries.steps_of(incident),
        "lines": lines,
        "lines_hidden": lines_hidden,
        "next_level": level_words(min(incident.escalation + 1, severity.TOP_LEVEL)),
        "folded": list(incident.merged.order_by("number")) if incident.has_folded else [],
        "may": may,
        "may_call": access.may_call(user),
        "persons": _persons(incident, now) if may["assign"] else [],
        "candidates": queries.merge_candidates(user, incident) if may["merge"] else [],
        "causes": _causes(incident) if may["close"] and incident.state == Incident.State.RECOVERED else [],
        "kind": words.kind_words(incident.kind),
        "act_key": once.new_key(),
    }  # fmt: skip


def _may(user: Any, incident: Incident) -> dict[str, bool]:
    """What this person may do here in the incident's present state; buttons that cannot work are not shown."""
    apart = incident.merged_into_id is not None
    live = incident.state in LIVE and not apart
    acts = ("handle", "note", "assign", "merge", "close")
    may = {key: access.may_on(user, f"incidents.{key}", incident) for key in acts}
    mine = incident.assigned_to is not None and incident.assigned_to.user_id == user.pk
    measured_down = live and incident.members_down > 0
    can = {
        "take": may["handle"] and live and incident.state == Incident.State.RECEIVED,
        "assign": live and (may["assign"] or (may["handle"] and mine)),
        "note": may["note"],
        "escalate": may["handle"] and live and incident.escalation < severity.TOP_LEVEL,
        "recover": may["handle"] and live and not measured_down,
        "close": may["close"] and not apart and incident.state == Incident.State.RECOVERED,
        "reopen": may["close"] and not apart and not live,
        "merge": may["merge"] and live,
        "unmerge": may["merge"] and apart,
        "step": may["handle"] and not apart and incident.state != Incident.State.CLOSED,
    }
    return can | {"any": any(can.values()), "sop": access.may(user, "sop.edit")}


def _shown(members: list[Member], code: str) -> Shown | None:
    """The chosen member, else the first camera, else the first. One query."""
    chosen = next((member for member in members if member.target.code == code), None)
    camera = next((member for member in members if member.target.kind == "camera"), None)
    member = chosen or camera or (members[0] if members else None)
    if member is None:
        return None
    target = member.target
    first = member.change.reading if member.change else None
    kept = first if first is not None and first.picture_id else None
    reading, pictured = _readings(member)
    said = words.cause_words(target.kind, member.cause), words.next_step(target.kind, member.cause)
    return Shown(member, *said, reading, kept or pictured)


def _readings(member: Member) -> tuple[Reading | None, Reading | None]:
    """The newest look at the member's target, and the first since it failed that kept a picture. One query."""
    mine = Reading.objects.filter(target=member.target_id)
    pictured = mine.filter(at__gte=member.down_at).exclude(picture=None).order_by("at", "pk")
    either = Q(pk=Subquery(mine.order_by("-at", "-pk").values("pk")[:1])) | Q(pk=Subquery(pictured.values("pk")[:1]))
    found = list(Reading.objects.filter(either).order_by("at", "pk"))
    with_picture = (one for one in found if one.picture_id and one.at >= member.down_at)
    return (found[-1] if found else None), next(with_picture, None)


def _lines(incident: Incident, everything: bool) -> tuple[list[Line], int]:
    """Newest first, and how many older ones are left out. Two queries."""
    rows = queries.timeline_of(incident)
    shown = list(rows if everything else rows[:LINES_SHOWN])
    hidden = incident.timeline.count() - len(shown) if len(shown) == LINES_SHOWN else 0
    told = act_words()
    lines: list[Line] = []
    for entry in shown:
        if lines and lines[-1].takes_in(entry):
            lines[-1].texts.append(entry.text)
        else:
            lines.append(Line(entry, told.get(entry.act, entry.act), entry.by_id is None, [entry.text]))
    return lines, hidden


def act_words() -> dict[str, str]:
    """What a timeline line says was done."""
    return {
        "opened": _("dibuka"), "assigned": _("diserahkan"), "taken": _("diambil"), "note": _("menulis catatan"),
        "step_done": _("menandai langkah selesai"), "step_undone": _("membatalkan tanda selesai"),
        "escalated": _("dieskalasi"), "recovered": _("pulih"), "closed": _("ditutup"), "reopened": _("dibuka kembali"),
        "merged": _("digabung ke insiden lain"), "merged_in": _("menerima gabungan"),
        "unmerged": _("dipisahkan lagi"), "unmerged_from": _("melepas gabungan"),
        "member_joined": _("ikut terdampak"), "member_recovered": _("berfungsi lagi"),
        "member_changed": _("keadaannya berubah"), "member_down_again": _("mati lagi"),
        "severity_raised": _("tingkat dinaikkan"), "regrouped": _("penyebab bersama ditemukan"),
        "worsened": _("memburuk"),
    }  # fmt: skip


def _persons(incident: Incident, now: datetime) -> list[tuple[Person, str]]:
    """Who can be given the incident: people of the owner OPD and those who serve the whole city. One query."""
    citywide = [role.key for role in ROLES.values() if role.reach is Reach.CITY and "incidents.handle" in role.allows]
    able = [role.key for role in ROLES.values() if "incidents.handle" in role.allows]
    fits = Q(role__in=citywide) | Q(role__in=able, opd=incident.owner_id)
    duties = registers.current_duties(now).filter(fits).order_by("-on_call", "person__name")
    found: dict[int, tuple[Person, str]] = {}
    for duty in duties:
        found.setdefault(duty.person_id, (duty.person, _hat(duty)))
    return list(found.values())


def _hat(duty: Duty) -> str:
    on_call = f", {_('petugas jaga')}" if duty.on_call else ""
    return f"{ROLES[duty.role].name} · {duty.opd}{on_call}"


def _causes(incident: Incident) -> list[str]:
    """Causes offered when closing: what such incidents were closed with most, then the usual ones. One query."""
    usual = [
        _("Listrik padam"), _("Kabel atau sambungan putus"), _("Perangkat rusak, diganti"),
        _("Perangkat dihidupkan ulang"), _("Lensa kotor atau tertutup, dibersihkan"),
        _("Kamera bergeser, diarahkan lagi"), _("Vandalisme"), _("Cuaca"),
        _("Pekerjaan pihak lain"), _("Sebab tidak ditemukan"),
    ]  # fmt: skip
    return list(dict.fromkeys([*queries.usual_causes(incident.kind), *usual]))
