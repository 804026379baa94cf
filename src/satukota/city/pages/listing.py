"""A register as a list: search, filters and order live in the URL, 50 rows a page, a file of exactly the same rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from satukota.base import exports

from .. import access
from ..gates import needs

PAGE_SIZE = 50
SEARCH_MAX = 80
Rows: TypeAlias = "QuerySet[Any]"


@dataclass(frozen=True)
class Filter:
    """A select in the filter bar, or a day. A value that is none of its options counts as not chosen."""

    name: str
    label: Any
    options: Callable[[], Sequence[tuple[str, Any]]]
    apply: Callable[[Rows, str], Rows]
    default: str = ""
    is_day: bool = False  # the value is a day, 2026-03-01

    def read(self, value: str, options: Sequence[tuple[str, Any]]) -> str:
        """The value, when it is one."""
        if not self.is_day:
            return value if value in {key for key, _name in options} else ""
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return ""


@dataclass(frozen=True)
class Listing:
    key: str  # the last part of its address
    label: Any
    title: Callable[[int], str]  # a sentence of fact about that many rows
    rows: Callable[[], Rows]
    search: Sequence[str]  # columns
    sorts: Mapping[str, tuple[Any, Sequence[Any]]]  # name → (words, columns); the first is the default
    columns: Sequence[exports.Column]
    filters: Sequence[Filter] = ()
    decorate: Callable[[list[Any], Any], None] = lambda rows, user: None  # hang counts on the rows; a few queries
    has_position: bool = False
    add: str = ""  # name of the page that adds one
    add_needs: str = "registers.edit"

    @property
    def forms(self) -> tuple[str, ...]:
        return exports.FORMATS if self.has_position else tuple(f for f in exports.FORMATS if f != "geojson")


@dataclass
class Chosen:
    """What the URL asks for, read once and without trust."""

    text: str
    sort: str
    values: dict[str, str] = field(default_factory=dict)
    choices: list[dict[str, Any]] = field(default_factory=list)  # for the filter bar

    @classmethod
    def of(cls, listing: Listing, asked: QueryDict) -> "Chosen":
        sort = asked.get("sort", "")
        text = asked.get("q", "").replace("\x00", "").strip()[:SEARCH_MAX]
        chosen = cls(text, sort if sort in listing.sorts else next(iter(listing.sorts)))
        for one in listing.filters:
            options = list(one.options())
            now = one.read(asked.get(one.name, one.default), options)
            chosen.values[one.name] = now
            chosen.choices.append({"name": one.name, "label": one.label, "options": options, "now": now,
                                   "default": one.default, "is_day": one.is_day})  # fmt: skip
        return chosen

    @property
    def is_filtered(self) -> bool:
        return bool(self.text) or any(choice["now"] != choice["default"] for choice in self.choices)


def matching(listing: Listing, chosen: Chosen) -> Rows:
    rows = listing.rows()
    for one in listing.filters:
        if chosen.values[one.name]:
            rows = one.apply(rows, chosen.values[one.name])
    if chosen.text:
        anywhere = Q()
        for column in listing.search:
            anywhere |= Q(**{f"{column}__icontains": chosen.text})
        rows = rows.filter(anywhere)
    return rows.order_by(*listing.sorts[chosen.sort][1], "pk")


@require_GET
@needs("registers.view")
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One list page: count, rows and a few queries for what hangs on them."""
    listing = _listing(key)
    chosen = Chosen.of(listing, request.GET)
    page = Paginator(matching(listing, chosen), PAGE_SIZE).get_page(request.GET.get("page"))
    found: list[Model] = list(page.object_list)
    listing.decorate(found, request.user)
    page.object_list = found
    told = {
        "listing": listing,
        "lists": lists(),
        "title": listing.title(page.paginator.count),
        "chosen": chosen,
        "page": page,
        "table": f"city/_{listing.key}.html",
        "may_add": bool(listing.add) and access.may(request.user, listing.add_needs),
        "sorts": [(name, words) for name, (words, _columns) in listing.sorts.items()],
        "crumbs": [(_("Register"), reverse("city:home"))],
    }
    return render(request, "city/list.html", told)


@require_GET
@needs("registers.view")
def export(request: HttpRequest, key: str, form: str) -> HttpResponseBase:
    """The rows the list shows, all pages of them."""
    listing = _listing(key)
    if form not in listing.forms:
        raise Http404
    rows = matching(listing, Chosen.of(listing, request.GET))
    if rows.count() > exports.MAX_ROWS:
        return exports.table_response(request, listing.key, listing.columns, rows, form)  # says that it is too long
    found: list[Model] = list(rows)
    listing.decorate(found, request.user)
    return exports.table_response(request, listing.key, listing.columns, found, form)


def lists() -> list[Listing]:
    from . import neighbourhoods, serving
    from . import registers as has

    return [has.OPD, serving.DUTIES, serving.PEOPLE, has.KELURAHAN, neighbourhoods.RTS, has.PLACES, has.FEEDERS,
            has.CONTRACTS]  # fmt: skip


def _listing(key: str) -> Listing:
    for listing in lists():
        if listing.key == key:
            return listing
    raise Http404
