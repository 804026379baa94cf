"""Reading cameras: who may see which, filtered and sorted as the URL says, and as points on the map."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils.translation import gettext as _

from satukota.base import clock
from satukota.city import access
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import MaintenanceWindow, Reading, Verdict

from .lending import terms
from .models import Agreement, Camera
from .words import PURPOSES, UNVERIFIED_CAUSES, cause_words

MAINTENANCE, RETIRED = "maintenance", "retired"
VERDICTS = ("up", "degraded", "down", "unknown")
STATES = (*VERDICTS, MAINTENANCE, RETIRED)
STATE_NOW, CAUSE_NOW = monitoring.state_now("target__"), monitoring.cause_now("target__")
ROW = ("target", "target__owner", "target__kelurahan", "target__place", "target__link")  # what a row of the list shows
COLUMNS = (
    "last_good_at", "last_seen_at", "target__code", "target__name", "target__interval_s", "target__state_since",
    "target__last_reading_at", "target__owner__short_name", "target__kelurahan__name", "target__place__name",
    "target__link__code",
)  # fmt: skip
IS_LENT = Exists(Agreement.cameras.through.objects.filter(camera_id=OuterRef("pk")))  # by a partner
WORST_FIRST = Case(
    *(When(state_now=state, then=Value(rank)) for rank, state in enumerate(("down", "degraded", "unknown", "up"))),
    output_field=IntegerField(),
)
SORTS: dict[str, tuple[Any, ...]] = {
    "worst": (WORST_FIRST, F("target__state_since").asc(nulls_last=True), "target__code"),
    "code": ("target__code",),
    "name": ("target__name", "target__code"),
    "kelurahan": (F("target__kelurahan__name").asc(nulls_last=True), "target__code"),
    "since": (F("target__state_since").desc(nulls_last=True), "target__code"),
    "last_good": (F("last_good_at").asc(nulls_first=True), "target__code"),
}


@dataclass(frozen=True)
class Filters:
    """What the URL asks of the list. Values that cannot be are dropped, so an old link still opens the list."""

    state: str = ""
    kelurahan: str = ""
    opd: str = ""
    cause: str = ""
    link: str = ""
    purpose: str = ""
    verified: str = ""  # yes: judged up, degraded or down; no: a picture came that could not be judged
    text: str = ""
    sort: str = "worst"

    @classmethod
    def of(cls, params: Mapping[str, str]) -> "Filters":
        def word(key: str) -> str:
            return params.get(key, "").replace("\x00", "").strip()[:80]

        return cls(
            state=word("state") if word("state") in STATES else "",
            kelurahan=word("kelurahan"),
            opd=word("opd"),
            cause=word("cause"),
            link=word("link"),
            purpose=word("purpose"),
            verified=word("verified") if word("verified") in ("yes", "no") else "",
            text=word("q"),
            sort=word("sort") if word("sort") in SORTS else "worst",
        )


def cameras(user: Any, to: str = "cameras.view") -> QuerySet[Camera]:
    """Every camera the person may do `to` with, retired ones too, each with `state_now` and `cause_now`."""
    known = Camera.objects.annotate(state_now=STATE_NOW, cause_now=CAUSE_NOW)
    return _about_their_areas(access.visible(known, user, to, owner="target__owner"), user, to)


def _about_their_areas(things: QuerySet[Camera], user: Any, to: str) -> QuerySet[Camera]:
    """Without the cameras lent for other areas than the duty's. No query for a duty of the whole city, else three."""
    reach = access.scope(user, to)
    hat = access.hat_of(user)
    if hat is None or reach.area_ids is None:
        return things
    return things.exclude(pk__in=terms.hidden_from(hat.opd_id, terms.areas_of(reach), clock.now()))


def cameras_for(user: Any, filters: Filters | None = None) -> QuerySet[Camera]:
    """Cameras for the list, with what a row shows. One query, plus two for the filter "maintenance".

    Retired cameras only when asked for.
    """
    filters = filters or Filters()
    rows = cameras(user).select_related(*ROW)
    rows = rows.filter(target__retired_on__isnull=filters.state != RETIRED)
    if filters.state in VERDICTS:
        rows = rows.filter(state_now=filters.state)
    elif filters.state == MAINTENANCE:
        every = list(cameras(user).filter(target__retired_on=None).values_list("pk", flat=True))
        rows = rows.filter(pk__in=monitoring.in_maintenance(every, clock.now()))
    same = {
        "target__kelurahan__code": filters.kelurahan, "target__owner__code": filters.opd,
        "cause_now": filters.cause, "target__link__code": filters.link, "purpose": filters.purpose,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    if filters.verified:
        unverified = Q(state_now=Verdict.UNKNOWN, cause_now__in=UNVERIFIED_CAUSES)
        judged = Q(state_now__in=(Verdict.UP, Verdict.DEGRADED, Verdict.DOWN))
        rows = rows.filter(judged if filters.verified == "yes" else unverified)
    if filters.text:
        rows = rows.filter(_text_matches(filters.text))
    return rows.order_by(*SORTS[filters.sort])


def rows_by_id(user: Any, ids: Sequence[int]) -> list[Camera]:
    """Those cameras with what a row shows, in the order of `ids`. One query.

    A page is cheaper as ids first and rows after: sorting thousands of wide rows took half of the page's time. The
    rows hold COLUMNS only: reading all that six tables know of each took as long again.
    """
    found = cameras(user).select_related(*ROW).only(*COLUMNS).in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]


def _text_matches(text: str) -> Q:
    columns = ("target__code", "target__name", "target__place__name", "target__kelurahan__name")
    every_word = Q()
    for word in text.split()[:8]:
        every_word &= Q(*((f"{column}__icontains", word) for column in columns), _connector=Q.OR)
    return every_word


def camera_for(user: Any, code: str, to: str = "cameras.view") -> Camera:
    """The camera, or Missing: for another OPD's camera just as for none. One query."""
    known = Camera.objects.annotate(state_now=STATE_NOW, cause_now=CAUSE_NOW, is_lent=IS_LENT)
    things = known.select_related(
        "target", "target__owner", "target__officer", "target__contract", "target__place", "target__link",
        "target__kelurahan__kecamatan", "target__power", "live", "peer_camera__peer",
    )  # fmt: skip
    return access.one(_about_their_areas(things, user, to), user, to, owner="target__owner", target__code=code)


@dataclass(frozen=True)
class Option:
    value: str
    name: str
    count: int


@dataclass
class Facets:
    """What can be chosen in the filters, and how many cameras are in each state under the other filters."""

    states: Counter[str] = field(default_factory=Counter)
    unverified: int = 0
    kelurahan: list[Option] = field(default_factory=list)
    opd: list[Option] = field(default_factory=list)
    cause: list[Option] = field(default_factory=list)
    link: list[Option] = field(default_factory=list)
    purpose: list[Option] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(count for state, count in self.states.items() if state != RETIRED)


_Group = tuple[str, str, str | None, str | None, str, str, str | None, str, bool, int]


def facets(user: Any, filters: Filters) -> Facets:
    """Two queries: options count everything the person may see; states count what the other filters leave.

    Links are counted apart unless one was chosen: with fifty of them there are nearly as many groups as cameras.
    """
    link_of = F("target__link__code") if filters.link else Value("", output_field=CharField())
    grouped = (
        cameras(user)
        .annotate(is_retired=Q(target__retired_on__isnull=False), link_of=link_of)
        .values_list(
            "state_now", "cause_now", "target__kelurahan__code", "target__kelurahan__name",
            "target__owner__code", "target__owner__short_name", "link_of", "purpose", "is_retired",
        )
    )  # fmt: skip
    groups: list[_Group] = list(grouped.annotate(n=Count("pk")).order_by())
    matching = list(grouped.filter(_text_matches(filters.text)).annotate(n=Count("pk")).order_by()) if filters.text \
        else groups  # fmt: skip
    found = Facets()
    for state, cause, kelurahan, _name, opd, _short, link, purpose, is_retired, count in matching:
        asked = ((filters.kelurahan, kelurahan), (filters.opd, opd), (filters.cause, cause), (filters.link, link),
                 (filters.purpose, purpose))  # fmt: skip
        if any(wanted and wanted != has for wanted, has in asked):
            continue
        found.states[RETIRED if is_retired else state] += count
        if not is_retired and state == Verdict.UNKNOWN and cause in UNVERIFIED_CAUSES:
            found.unverified += count
    found.kelurahan = _options(groups, 2, 3)
    found.opd = _options(groups, 4, 5)
    found.link = _links(user)
    found.cause = [Option(o.value, str(cause_words(o.value).title), o.count) for o in _options(groups, 1, 1)]
    found.purpose = [Option(o.value, str(PURPOSES.get(o.value, o.value)), o.count) for o in _options(groups, 7, 7)]
    return found


def _options(groups: Sequence[_Group], value_at: int, name_at: int) -> list[Option]:
    counts: Counter[tuple[Any, Any]] = Counter()
    for group in groups:
        if not group[8]:
            counts[group[value_at], group[name_at]] += group[9]
    found = [Option(value, name, count) for (value, name), count in counts.items() if value]
    return sorted(found, key=lambda option: option.name)


def _links(user: Any) -> list[Option]:
    in_service = cameras(user).filter(target__retired_on=None).exclude(target__link=None).order_by()
    counted = in_service.values_list("target__link__code").annotate(n=Count("pk")).order_by("target__link__code")
    return [Option(code, code, count) for code, count in counted]


def map_features(user: Any) -> dict[str, Any]:
    """Cameras that have a position, as GeoJSON points: code, name, state, cause (words), since, direction and reach.

    One query, plus those of `monitoring.in_maintenance`.
    """
    columns = (
        "pk", "target__code", "target__name", "state_now", "cause_now", "target__state_since", "target__lon",
        "target__lat", "bearing_deg", "fov_deg", "range_m", "target__kelurahan__name",
    )  # fmt: skip
    placed = cameras(user).filter(target__retired_on=None).exclude(target__lon=None).exclude(target__lat=None)
    rows = list(placed.order_by("target__code").values_list(*columns))
    under_work = monitoring.in_maintenance([row[0] for row in rows], clock.now())
    titles = {cause: str(cause_words(cause).title) for cause in {row[4] for row in rows}}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature", "id": pk, "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {
                    "code": code, "name": name, "state": state, "cause": titles[cause],
                    "since": since.isoformat() if since else None, "bearing": bearing, "fov": fov, "range_m": reach,
                    "kelurahan": kelurahan or "", "maintenance": pk in under_work,
                },
            }
            for pk, code, name, state, cause, since, lon, lat, bearing, fov, reach, kelurahan in rows
        ],
    }  # fmt: skip


def last_readings(camera: Camera) -> tuple[Reading | None, Reading | None]:
    """The newest look, and the newest whose picture was kept because it shows a fault. One query."""
    mine = Reading.objects.filter(target_id=camera.pk).order_by("-at", "-pk")
    with_picture = mine.filter(picture__deleted_at=None).exclude(picture=None)
    either = Q(pk=Subquery(mine.values("pk")[:1])) | Q(pk=Subquery(with_picture.values("pk")[:1]))
    found = list(Reading.objects.filter(either).select_related("picture").order_by("-at", "-pk"))
    shows_fault = [each for each in found if each.picture and each.picture.deleted_at is None]
    return (found[0] if found else None), (shows_fault[-1] if shows_fault else None)


def recent_readings(camera: Camera, limit: int = 50) -> list[Reading]:
    return list(Reading.objects.filter(target_id=camera.pk).order_by("-at")[:limit])


def state_words(state: str) -> str:
    return {
        "up": _("berfungsi"), "degraded": _("terganggu"), "down": _("tidak berfungsi"),
        "unknown": _("belum diketahui"), MAINTENANCE: _("dalam pemeliharaan"), RETIRED: _("dihentikan"),
    }.get(state, state)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """The newest picture of a camera: how old it is, and whether it may still be taken for now."""

    taken_at: datetime | None
    is_old: bool

    @property
    def stamp(self) -> int:
        """Changes with the picture, for its address."""
        return int(self.taken_at.timestamp()) if self.taken_at else 0


def picture_of(camera: Camera, at: datetime) -> Picture:
    """Old after three missed looks and a minute: it is then shown grey and marked, never as live."""
    taken = camera.last_seen_at
    longest = timedelta(seconds=3 * camera.target.interval_s + 60)
    return Picture(taken, taken is None or at - taken > longest)


def maintenance_of(camera: Camera, at: datetime) -> list[MaintenanceWindow]:
    """Declared work that is on now, on the camera or on what it hangs on (two levels up). One query."""
    target = camera.target
    hangs_on = {target.pk, target.link_id, target.power_id}
    for parent in filter(None, (target.link, target.power)):
        hangs_on |= {parent.link_id, parent.power_id}
    windows = MaintenanceWindow.objects.filter(target__in=hangs_on - {None}, starts_at__lte=at, ends_at__gt=at)
    return list(windows.select_related("target", "declared_by"))
