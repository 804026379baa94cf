"""The lists of what the city has: what they hold, how they are narrowed, and what their files say."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from satukota.base import clock
from satukota.base.exports import Column

from .. import queries
from ..models import Contract, Duty, Feeder, Kecamatan, Kelurahan, Opd, Place
from ..words import LABELS, PLACE_KINDS
from .listing import Filter, Listing, Rows

UNCHECKED = "belum diverifikasi"


def today() -> date:
    return clock.local(clock.now()).date()


def column_filter(name: str, column: str, options: Callable[[], Sequence[tuple[str, Any]]]) -> Filter:
    """A filter that compares one column with the chosen value."""
    return Filter(name, LABELS[name], options, lambda rows, value: rows.filter(**{column: value}))


def kelurahan_options() -> list[tuple[str, str]]:
    return list(Kelurahan.objects.order_by("name").values_list("code", "name"))


def opd_options() -> list[tuple[str, str]]:
    return list(Opd.objects.order_by("short_name").values_list("code", "short_name"))


# Kelurahan


def _count_kelurahan(rows: list[Kelurahan], user: Any) -> None:
    watched = queries.watched_by("kelurahan_id")
    places = dict(Kelurahan.objects.annotate(n=Count("places")).values_list("pk", "n"))
    for row in rows:
        row.watched, row.places_count = watched.get(row.pk, 0), places.get(row.pk, 0)


KELURAHAN = Listing(
    key="kelurahan",
    label=_("Kelurahan"),
    title=lambda n: ngettext("%(n)d kelurahan", "%(n)d kelurahan", n) % {"n": n},
    rows=lambda: Kelurahan.objects.select_related("kecamatan").defer("area"),
    search=("code", "name", "other_names", "kecamatan__name"),
    sorts={"code": (LABELS["code"], ("code",)), "name": (LABELS["name"], ("name",))},
    filters=(
        Filter("kecamatan", _("Kecamatan"), lambda: list(Kecamatan.objects.values_list("code", "name")),
               lambda rows, value: rows.filter(kecamatan__code=value)),
        Filter("batas", _("Batas"),
               lambda: [("skematik", _("Skematik")), ("impor", _("Diimpor"))],
               lambda rows, value: rows.filter(is_schematic=value == "skematik")),
    ),
    columns=(
        Column("kode", _("Kode"), "code"), Column("nama", _("Nama"), "name"),
        Column("ejaan_lain", _("Ejaan lain"), "other_names"), Column("kecamatan", _("Kecamatan"), "kecamatan.name"),
        Column("batas", _("Sumber batas"), "area_source"), Column("skematik", _("Skematik"), "is_schematic"),
        Column("tempat", _("Tempat"), "places_count"), Column("dipantau", _("Yang dipantau"), "watched"),
        Column("bujur", _("Bujur"), "lon"), Column("lintang", _("Lintang"), "lat"),
    ),
    decorate=_count_kelurahan,
    has_position=True,
)  # fmt: skip


# OPD


def _count_opds(rows: list[Opd], user: Any) -> None:
    heads, watched = queries.heads_of([row.pk for row in rows], clock.now()), queries.watched_by("owner_id")
    for row in rows:
        row.head, row.watched = heads.get(row.pk), watched.get(row.pk, 0)


def _valid(rows: Rows, value: str) -> Rows:
    current = Q(valid_from__lte=today()) & (Q(valid_to=None) | Q(valid_to__gte=today()))
    return rows.filter(current) if value == "berlaku" else rows.exclude(current)


def head_words(duty: Duty | None) -> str:
    """Plt. Mutiara Contoh (800.1.11.1/0001): the head as letters name them."""
    if duty is None:
        return ""
    decree = f" ({duty.decree})" if duty.acting else ""
    return f"{duty.get_acting_display() + ' ' if duty.acting else ''}{duty.person}{decree}"


OPD = Listing(
    key="opd",
    label=_("OPD"),
    title=lambda n: ngettext("%(n)d organisasi perangkat daerah", "%(n)d organisasi perangkat daerah", n) % {"n": n},
    rows=lambda: Opd.objects.select_related("parent"),
    search=("code", "name", "short_name"),
    sorts={"name": (LABELS["short_name"], ("short_name",)), "kind": (LABELS["kind"], ("kind", "short_name")),
           "from": (LABELS["valid_from"], ("valid_from", "short_name"))},
    filters=(
        Filter("masa", _("Masa berlaku"),
               lambda: [("berlaku", _("Berlaku sekarang")), ("lain", _("Berakhir atau belum mulai"))], _valid,
               default="berlaku"),
        column_filter("kind", "kind", lambda: Opd.Kind.choices),
        Filter("sumber", _("Sumber"), lambda: [("belum", _("Belum diverifikasi"))],
               lambda rows, value: rows.filter(source__icontains=UNCHECKED)),
    ),
    columns=(
        Column("kode", _("Kode"), "code"), Column("nama_pendek", _("Nama pendek"), "short_name"),
        Column("nama", _("Nama"), "name"), Column("jenis", _("Jenis"), lambda row: row.get_kind_display()),
        Column("induk", _("Induk"), "parent.short_name"),
        Column("kepala", _("Kepala"), lambda row: head_words(row.head)),
        Column("mulai", _("Berlaku mulai"), "valid_from"), Column("sampai", _("Berlaku sampai"), "valid_to"),
        Column("dipantau", _("Yang dipantau"), "watched"), Column("sumber", _("Sumber"), "source"),
    ),
    decorate=_count_opds,
    add="city:add_opd",
)  # fmt: skip


# Places


def _count_places(rows: list[Place], user: Any) -> None:
    watched = queries.watched_by("place_id")
    for row in rows:
        row.watched, row.kind_words = watched.get(row.pk, 0), PLACE_KINDS.get(row.kind, row.kind)


PLACES = Listing(
    key="tempat",
    label=_("Tempat"),
    title=lambda n: ngettext("%(n)d tempat yang dikenal", "%(n)d tempat yang dikenal", n) % {"n": n},
    rows=lambda: Place.objects.select_related("kelurahan"),
    search=("code", "name", "stake_reason"),
    sorts={"stake": (_("Taruhan tertinggi"), ("-stake", "name")), "name": (LABELS["name"], ("name",)),
           "kelurahan": (LABELS["kelurahan"], ("kelurahan__name", "name"))},
    filters=(
        column_filter("kelurahan", "kelurahan__code", kelurahan_options),
        column_filter("kind", "kind", lambda: list(PLACE_KINDS.items())),
        column_filter("stake", "stake", lambda: [(str(value), name) for value, name in Place.Stake.choices]),
    ),
    columns=(
        Column("kode", _("Kode"), "code"), Column("nama", _("Nama"), "name"),
        Column("jenis", _("Jenis"), lambda row: str(row.kind_words)),
        Column("kelurahan", _("Kelurahan"), "kelurahan.name"),
        Column("taruhan", _("Taruhan"), lambda row: row.get_stake_display()),
        Column("alasan", _("Alasan taruhan"), "stake_reason"), Column("dipantau", _("Yang dipantau"), "watched"),
        Column("bujur", _("Bujur"), "lon"), Column("lintang", _("Lintang"), "lat"),
    ),
    decorate=_count_places,
    has_position=True,
    add="city:add_place",
)  # fmt: skip


# Feeders


def _count_feeders(rows: list[Feeder], user: Any) -> None:
    """Only direct children are counted here; the feeder's own page shows what stands below it."""
    behind, states = queries.watched_by("link__code", "power__code"), queries.states_of([row.code for row in rows])
    for row in rows:
        row.behind, row.state = behind.get(row.code, 0), states.get(row.code, "")


def _in_use(rows: Rows, value: str) -> Rows:
    return rows.filter(ended_on__isnull=value == "dipakai")


FEEDERS = Listing(
    key="jaringan",
    label=_("Sambungan dan listrik"),
    title=lambda n: ngettext("%(n)d sambungan dan listrik", "%(n)d sambungan dan listrik", n) % {"n": n},
    rows=lambda: Feeder.objects.select_related("owner", "upstream", "kelurahan"),
    search=("code", "name", "provider", "medium"),
    sorts={"code": (LABELS["code"], ("kind", "code")), "name": (LABELS["name"], ("name",)),
           "kelurahan": (LABELS["kelurahan"], (F("kelurahan__name").asc(nulls_last=True), "code"))},
    filters=(
        Filter("masa", _("Masa"), lambda: [("dipakai", _("Masih dipakai")), ("berakhir", _("Diakhiri"))], _in_use,
               default="dipakai"),
        column_filter("kind", "kind", lambda: Feeder.Kind.choices),
        column_filter("owner", "owner__code", opd_options),
        column_filter("kelurahan", "kelurahan__code", kelurahan_options),
    ),
    columns=(
        Column("kode", _("Kode"), "code"), Column("nama", _("Nama"), "name"),
        Column("jenis", _("Jenis"), lambda row: row.get_kind_display()), Column("media", _("Media"), "medium"),
        Column("penyedia", _("Penyedia"), "provider"), Column("pemilik", _("Pemilik"), "owner.short_name"),
        Column("hulu", _("Hulu"), "upstream.code"), Column("kelurahan", _("Kelurahan"), "kelurahan.name"),
        Column("bergantung", _("Yang bergantung padanya"), "behind"),
        Column("bujur", _("Bujur"), "lon"), Column("lintang", _("Lintang"), "lat"),
        Column("diakhiri", LABELS["ended_on"], "ended_on"),
    ),
    decorate=_count_feeders,
    has_position=True,
    add="city:add_feeder",
)  # fmt: skip


# Contracts


def _count_contracts(rows: list[Contract], user: Any) -> None:
    watched, now = queries.watched_by("contract_id"), today()
    for row in rows:
        row.watched, row.is_running = watched.get(row.pk, 0), row.starts_on <= now <= row.ends_on


def _running(rows: Rows, value: str) -> Rows:
    running = Q(starts_on__lte=today(), ends_on__gte=today())
    return rows.filter(running) if value == "berjalan" else rows.exclude(running)


CONTRACTS = Listing(
    key="kontrak",
    label=_("Kontrak"),
    title=lambda n: ngettext("%(n)d kontrak dengan penyedia", "%(n)d kontrak dengan penyedia", n) % {"n": n},
    rows=lambda: Contract.objects.select_related("opd"),
    search=("number", "vendor", "subject"),
    sorts={"number": (LABELS["number"], ("number",)), "ends": (LABELS["ends_on"], ("ends_on",)),
           "vendor": (LABELS["vendor"], ("vendor", "number"))},
    filters=(
        Filter("masa", _("Masa"), lambda: [("berjalan", _("Berjalan")), ("lain", _("Berakhir atau belum"))],
               _running),
        column_filter("opd", "opd__code", opd_options),
    ),
    columns=(
        Column("nomor", _("Nomor"), "number"), Column("penyedia", _("Penyedia"), "vendor"),
        Column("opd", _("OPD"), "opd.short_name"), Column("perihal", _("Perihal"), "subject"),
        Column("mulai", _("Mulai"), "starts_on"), Column("berakhir", _("Berakhir"), "ends_on"),
        Column("ketersediaan", _("Ketersediaan dijanjikan (0–1)"), "required_availability"),
        Column("jam_perbaikan", _("Batas perbaikan (jam)"), "repair_hours"),
        Column("dipantau", _("Yang dipantau"), "watched"),
    ),
    decorate=_count_contracts,
    add="city:add_contract",
)  # fmt: skip
