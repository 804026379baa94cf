"""Another OPD's id, or one outside the area of the duty, in every form field and query that takes one.

The forms are read from the pages, so a new form is covered by itself; a field that looks like an id and that nobody
gave a thing for fails here. Each form is sent twice: with one's own thing, which must be taken (else the refusal would
prove nothing), and with the other's, which must be refused with nothing written.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import resolve

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry
from satukota.city.models import Feeder, Kelurahan, Person
from satukota.city.roles import ROLES, Reach
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.actions import declare_maintenance
from satukota.shared.monitoring.models import Target

from .access_city import HATS, City, Hat, make
from .test_access_matrix import _addresses, every

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SOURCES = Path(__file__).resolve().parents[2] / "src" / "satukota"
ENGINEER, HEAD, LURAH, SUPERVISOR = (
    next(hat for hat in HATS if hat.name == name) for name in ("engineer", "kepala_opd", "lurah", "supervisor")
)
ENGINEER_HERE, SUPERVISOR_HERE = (
    next(hat for hat in HATS if hat.name == f"{role} in an area") for role in ("engineer", "supervisor")
)
FORMS_BY = (ENGINEER, HEAD, SUPERVISOR)  # between them they see every form
SENT_BY = (ENGINEER, HEAD, LURAH, ENGINEER_HERE, SUPERVISOR_HERE)  # nobody of them reaches all

# The field's name → what it names. A form field that offers rows, or ends in _id, and is not here fails the test.
FIELDS = {
    "contract": "contract", "custodian": "person", "head_id": "person", "into": "incident", "kecamatan_id": "kecamatan",
    "kelurahan": "kelurahan", "kelurahan_id": "kelurahan", "link": "link", "officer": "person", "opd_id": "opd",
    "operators": "person", "owner": "opd", "owner_id": "opd", "parent_id": "opd", "person_id": "person",
    "place": "place", "power": "link", "recorder": "recorder", "supervisors": "person", "target": "camera",
    "upstream_id": "feeder",
}  # fmt: skip
# What may be named although it is another's, and why.
EVERYBODYS: dict[tuple[str, str], str] = {
    ("city:add_duty", "person_id"): "a person serves the city; the duty is given at one's own OPD",
    ("city:substitute_duty", "person_id"): "as above",
    ("city:edit_rt", "head_id"): "whoever lives there heads an RT",
    ("city:add_feeder", "upstream_id"): "a link may hang on another OPD's; naming it changes nothing there",
    ("city:edit_feeder", "upstream_id"): "as above",
    ("cameras:edit", "link"): "a camera hangs on whichever link reaches it",
    ("cameras:edit", "power"): "as above",
    ("cameras:edit", "place"): "places belong to nobody",
    ("cameras:edit", "kelurahan"): "the owner says where its camera stands",
    ("command_centre:incident_act", "person_id"): "handed to whoever can help, of whichever OPD",
    ("command_centre:rota_new", "opd_id"): "only duties that reach the whole city plan shifts",
    ("command_centre:rota_new", "operators"): "as above",
    ("command_centre:rota_new", "supervisors"): "as above",
    ("command_centre:rota_edit", "operators"): "as above",
    ("command_centre:rota_edit", "supervisors"): "as above",
    ("command_centre:shift_leave", "person_id"): "as above",
    ("command_centre:incident_act", "into"): "tried below: only a supervisor merges",
    ("camera_plans:new", "kelurahan"): "a plan is a question about the city's ground; nothing is put there by it",
    ("city:edit_opd", "parent_id"): "an OPD is not its own parent; city:add_opd tries the field",
}  # fmt: skip
# Forms that take nothing in this small city, and where the same is tried.
ELSEWHERE = {("camera_plans:new", "owner"): "needs ground and demand: src/satukota/work/blind_spots/tests"}
# Kinds of things that belong to no OPD: only a duty limited to an area is refused the other one.
NOBODYS = {"place", "kelurahan", "kecamatan"}
TYPED: dict[str, Any] = {
    "name": "Contoh baru", "title": "Contoh baru", "code": "contoh-baru", "number": "K/BARU", "vendor": "CV Contoh",
    "subject": "Rawat", "starts_on": "2026-01-01", "ends_on": "2027-01-01", "from_on": date.today().isoformat(),
    "why": "Uji", "text": "Uji", "reason": "Uji", "short_name": "Contoh", "stake_reason": "Uji", "role": "ppns",
    "acting": "plt", "decree": "1/CONTOH", "per_shift": "1", "alarm_budget": "6",
    "valid_from": "2026-01-01", "addresses": "10.64.1.20", "port": "80", "prefix": "MB-", "source": "Uji",
    "partner": "Toko Contoh", "bearing_deg": "0", "fov_deg": "60", "range_m": "50", "width_px": "1920",
    "token": "REC-CONTOH", "address": "http://10.64.1.20:80/onvif/device_service",
    "joining_rp": "0", "yearly_rp": "0", "budget": "100", "lenses": "wide",
}  # fmt: skip
NO_WRITES = ("_seen", "exports.taken", "accounts.")


@dataclass(frozen=True)
class Form:
    view: str  # command_centre:incident_open
    url: str
    values: tuple[tuple[str, Any], ...]
    names: tuple[str, ...]
    has_file: bool


@pytest.fixture
def city(db: None, settings: Any, tmp_path: Path) -> Iterator[City]:
    settings.FILES_DIR, settings.SAMPLE = tmp_path, True
    logging.disable(logging.INFO)
    city = make()
    for code, things in (("MB-001", city.own), ("MB-900", city.other)):
        target = Target.objects.get(code=code)
        feeder = Feeder.objects.get(code=things["feeder_to_edit"])
        link = Target.objects.create(kind="link", code=feeder.code, name=feeder.name, owner=target.owner,
                                     kelurahan=target.kelurahan)  # fmt: skip
        second = Incident.objects.create(number=f"INS-2026-9{target.owner_id:05}", title="Contoh", kind="report",
                                         severity=2, owner=target.owner, kelurahan=target.kelurahan,
                                         opened_at=clock.now())  # fmt: skip
        free = Target.objects.create(kind="camera", code=f"{code}-B", name="Contoh", owner=target.owner,
                                     kelurahan=target.kelurahan)  # fmt: skip
        things |= {
            "contract": things["contract_to_edit"], "kelurahan": target.kelurahan_id, "link": link.pk,
            "kecamatan": target.kelurahan.kecamatan_id, "camera": free.code, "feeder": feeder.pk,
            "incident": second.number, "at": (target.kelurahan.lon, target.kelurahan.lat),
        }  # fmt: skip
    assert city.own["kecamatan"] != city.other["kecamatan"], "the other thing lies in another kecamatan"
    Person.objects.filter(pk=city.own["person"]).update(user=None)
    yield city
    logging.disable(logging.NOTSET)


def test_another_opds_id_in_a_form_is_refused_and_writes_nothing(city: City) -> None:
    wrong, tried, taken, not_taken = [], 0, set(), set()
    forms = forms_of(city)
    unknown = {f"{form.view}: {name}" for form in forms for name in form.names if name.endswith("_id")
               and name not in FIELDS}  # fmt: skip
    assert not unknown, f"say in FIELDS what these name: {unknown}"
    for form in forms:
        for field in (name for name in form.names if name in FIELDS):
            if (form.view, field) in EVERYBODYS:
                continue
            kind = FIELDS[field]
            for hat in SENT_BY:
                status, wrote = send(city, hat, form, field, city.own[kind])
                if status == 404:
                    continue  # this hat does not get to the form at all: the access matrix has tried that
                if not (wrote or status == 302):
                    not_taken.add((form.view, field))
                    continue
                taken.add((form.view, field))
                every_opd = ROLES[hat.role].reach is not Reach.OPD
                if (kind in NOBODYS and not hat.in_area) or (kind == "opd" and every_opd):
                    continue  # within this duty's reach
                status, wrote = send(city, hat, form, field, city.other[kind])
                tried += 1
                if wrote or status == 302 or status >= 500:
                    wrong.append(f"{form.view}: {hat.name} wrote {wrote} with another's {field} ({status})")
    assert not wrong, "\n".join(wrong)
    left = not_taken - taken - set(ELSEWHERE)
    assert not left, f"one's own thing was not taken, so no refusal proves anything: {left}"
    assert tried > 20


def test_every_field_read_by_hand_is_known() -> None:
    """Names read from a form without a form class: `ids_sent_without_a_form` tries those that are ids."""
    by_hand = {
        name for path in SOURCES.rglob("*.py") if "tests" not in path.parts
        for name in re.findall(r"POST(?:\.get|\.getlist)?[\[(]\"(\w+)\"", path.read_text())
    }  # fmt: skip
    known = {"done", "duty", "end", "incident", "minutes", "moves", "next", "note", "notes", "opd", "pk", "reason",
             "role", "seen", "target", "text", "why"}  # fmt: skip
    assert by_hand <= known, by_hand - known


def test_ids_sent_without_a_form_are_refused(city: City) -> None:
    """What no page offers to this hat, sent all the same: duties, maintenance windows, seats, swaps, hand-overs."""
    mine, theirs = city.own, city.other
    merge = f"/pusat/insiden/{mine['incident_for']}/lakukan/gabung"
    opening = {"title": "Uji", "severity": "2", "owner": mine["opd"], "kelurahan": mine["kelurahan"]}
    posts = [
        (ENGINEER, "/pusat/register/bertugas", {"duty": theirs["duty_to_edit"]}),
        (ENGINEER, f"/pusat/kamera/{mine['camera_for']}/pemeliharaan", {"end": window_of("MB-900")}),
        (SUPERVISOR_HERE, f"/pusat/giliran/{mine['shift_for']}/petugas", {"people": [theirs["person"]], "why": "Uji"}),
        (ENGINEER, f"/pusat/giliran/{theirs['shift_for']}/tukar", {"asked": mine["person"]}),
        (ENGINEER, f"/pusat/kamera/{mine['camera_for']}/langsung/tiket",
         {"purpose": "incident", "incident": theirs["incident_for"]}),
        (ENGINEER, f"/pusat/kamera/{mine['camera_for']}/langsung/simpan",
         {"note": "Uji", "incident": theirs["incident_for"]}),
        (SUPERVISOR_HERE, merge, {"into": theirs["incident_for"], "why": "Uji"}),
        (SUPERVISOR_HERE, "/pusat/insiden/baru/", opening | {"place": theirs["place"]}),
    ]  # fmt: skip
    for hat, url, data in posts:
        resolve(url)  # an address that does not exist would refuse everything
        status, wrote = post(city, hat, url, data)
        assert not wrote and status < 500, (hat.name, url, status, wrote)
    for url, data in ((merge, {"into": mine["incident"], "why": "Uji"}), ("/pusat/insiden/baru/", opening)):
        assert post(city, SUPERVISOR_HERE, url, data)[1], "one's own is taken"


def test_another_opds_id_in_a_query_shows_nothing_of_it(city: City) -> None:
    """Every page, searched for another OPD's thing, and with every name a query is read by naming one."""
    Target.objects.filter(code__startswith="MB-900").update(name="Milik tetangga", state="down")
    Incident.objects.filter(owner=city.other["opd"]).update(title="Milik tetangga")
    asked = {
        name for path in SOURCES.rglob("*.py") if "tests" not in path.parts
        for name in re.findall(r"GET(?:\.get|\.getlist)?[\[(]\"(\w+)\"", path.read_text())
    }  # fmt: skip
    named = {
        "kamera": "MB-900", "kode": "MB-900", "tempat": city.other["place"], "jadwal": city.other["rota_for"],
        "insiden": city.other["incident_for"], "opd": "dishub", "rencana": 1, "susunan": 1, "gangguan": 1, "id": 1,
        "kelurahan": Kelurahan.objects.get(pk=city.other["kelurahan"]).code,
    }  # fmt: skip
    told = {"before", "bentuk", "fate", "hari", "jenis", "keperluan", "ketajaman", "lat", "liputan", "lon", "page",
            "petak", "q", "tahun", "tajam", "versi", "view", "waktu"}  # fmt: skip
    assert asked <= told | set(named), f"say what these may name: {asked - told - set(named)}"
    shown, looked = [], 0
    for one in every():
        if one.is_foreign or one.rule is None or (one.is_api and "GET" not in one.methods):
            continue
        if not ENGINEER.may(one.rule.permission or next(iter(one.rule.acts.values()), "")):
            continue
        url = next(url for thing, _act, url in _addresses(one, city) if thing != "other")
        for query in ({"q": "tetangga"}, named):
            answer = city.clients[ENGINEER].get(url, query)
            looked += 1
            text = b"".join(answer).decode(errors="ignore")
            if answer.status_code >= 500 or "Milik tetangga" in text:
                shown.append(f"{url} with {query}: {answer.status_code}")
    assert not shown and looked > 80, shown


def forms_of(city: City) -> list[Form]:
    """Every form of our own pages that is sent, one of each view and act, with what it is filled with."""
    found: dict[tuple[str, str], Form] = {}
    seen: set[str] = set()
    for hat in FORMS_BY:
        for one in every():
            needed = one.rule and (one.rule.permission or next(iter(one.rule.acts.values()), ""))
            if one.is_api or one.is_foreign or not needed or not hat.may(needed):
                continue
            for thing, _act, url in _addresses(one, city):
                if thing != "other" and (hat is SUPERVISOR or url not in seen):
                    seen.add(url)
                    for form in _read(city.clients[hat], url):
                        found.setdefault((form.view, form.url), form)
    return list(found.values())


def _read(client: Any, url: str) -> Iterator[Form]:
    answer = client.get(url, headers={"accept": "text/html"})
    if answer.status_code != 200 or "html" not in answer["Content-Type"] or not answer.content.strip():
        return
    for form in lxml.html.fromstring(answer.content).forms:
        action = form.action or url
        view = resolve(action.partition("?")[0]).view_name
        names = tuple(form.inputs.keys())
        if form.method == "POST" and any(name in FIELDS or name.endswith("_id") for name in names):
            is_file = any(getattr(each, "type", "") == "file" for each in form.inputs)
            yield Form(view, action, tuple(form.form_values()), names, is_file)


def send(city: City, hat: Hat, form: Form, field: str, value: Any) -> tuple[int, list[str]]:
    """The status, and the acts written meanwhile; everything is as before afterwards."""
    lon, lat = city.own["at"]
    data: dict[str, Any] = {name: TYPED[name] for name in form.names if name in TYPED}
    if form.view.startswith("city:edit_") or form.view == "cameras:edit":
        data = {"name": "Contoh diubah", "stake_reason": "Diubah", "source": "Diubah", "subject": "Diubah"}
        data = {name: told for name, told in data.items() if name in form.names}
    data = {name: told for name, told in dict(form.values).items() if told not in ("", None)} | data
    data |= {name: own for name, own in (("lon", lon), ("lat", lat)) if name in form.names and not data.get(name)}
    for name in form.names:  # what else the form asks for is one's own
        if name in ("owner", "owner_id", "opd_id", "person_id", "kelurahan") and not data.get(name):
            data[name] = city.own[FIELDS[name]]
    data["sure"] = "1"  # the second look of forms that have one
    if form.has_file:
        data["file"] = SimpleUploadedFile("a.csv", b"code;name;lat;lon\nMB-777;Contoh;0.1;117.4\n")
    return post(city, hat, form.url, data | {field: value})


def post(city: City, hat: Hat, url: str, data: dict[str, Any]) -> tuple[int, list[str]]:
    client = city.clients[hat]
    client.raise_request_exception = False
    with transaction.atomic():
        last = AuditEntry.objects.order_by("-number").values_list("number", flat=True).first() or 0
        status = client.post(url, data).status_code
        acts = AuditEntry.objects.filter(number__gt=last).values_list("act", flat=True)
        wrote = [act for act in acts if not act.endswith(NO_WRITES[:2]) and not act.startswith(NO_WRITES[2])]
        transaction.set_rollback(True)
    return status, wrote


def window_of(code: str) -> int:
    target, now = Target.objects.get(code=code), clock.now()
    until = now + timedelta(hours=2)
    return declare_maintenance(
        target.pk, starts_at=now, ends_at=until, reason="Uji", by=User.objects.first(), at=now
    ).pk
