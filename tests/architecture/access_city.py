"""A small city for the access matrix: of everything that has an owner one of one's own OPD and one of another's.

The own things lie in Api-Api, the other ones in Belimbing.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from satukota.base import clock
from satukota.base.accounts.models import User
from satukota.base.evidence import actions as evidence
from satukota.base.evidence import exhibits
from satukota.city import actions
from satukota.city.models import Contract, Duty, Feeder, Holiday, Kelurahan, Opd, Person, Place, Rt
from satukota.city.roles import ROLES, Reach
from satukota.shared.ground.models import GroundSource, GroundUpload
from satukota.shared.incidents.models import Incident, Sop
from satukota.shared.monitoring.models import Reading, Target
from satukota.shared.shifts.models import Rota, Shift, Swap
from satukota.work.blind_spots.models import BlindSpot, PartnerOffer, Plan, SpotEntry
from satukota.work.cameras.models import (
    Agreement,
    Camera,
    CameraBookmark,
    CameraImport,
    CameraReference,
    Loan,
    Peer,
    Recorder,
    Retrieval,
)
from satukota.work.vendor_ledger.gathering import facts_of
from satukota.work.vendor_ledger.models import Dispute, PenaltyRule, Statement, Terms
from satukota.work.vendor_ledger.months import Month
from satukota.work.vendor_ledger.reckoning import figures_of

JPEG = b"\xff\xd8\xff\xe0 contoh"
SINCE = date(2024, 1, 1)


@dataclass(frozen=True)
class Hat:
    """Someone with one duty at Diskominfo, over the whole city or in Api-Api only; or with none."""

    name: str
    role: str  # a key of ROLES, empty for who holds no duty
    in_area: bool = False

    def may(self, permission: str) -> bool:
        return bool(self.role) and permission in ROLES[self.role].allows

    @property
    def reaches_others(self) -> bool:
        """Whether things of another OPD in another kelurahan are within reach."""
        return bool(self.role) and ROLES[self.role].reach is Reach.CITY and not self.in_area


HATS = [
    Hat("without a duty", ""),
    *(Hat(role.key, role.key, role.reach is Reach.AREA) for role in ROLES.values()),
    Hat("supervisor in an area", "supervisor", in_area=True),
    Hat("engineer in an area", "engineer", in_area=True),
]


@dataclass
class City:
    own: dict[str, Any]  # by the name of the function that finds it: what an address says
    other: dict[str, Any]
    shared: dict[str, Any]  # things every reader of the registers sees, by the page's name
    clients: dict[Hat, Client] = field(default_factory=dict)


def make() -> City:
    actions.load_profile("bontang", by=None, at=clock.now())
    offices = {row.code: row for row in Opd.objects.all()}
    api_api, belimbing = Kelurahan.objects.get(name="Api-Api"), Kelurahan.objects.get(name="Belimbing")
    own = _things(offices["diskominfo"], api_api, "MB-001")
    other = _things(offices["dishub"], belimbing, "MB-900")
    sop = Sop.objects.create(kind="", cause="", version=1, title="SOP contoh", steps=[], active_from=clock.now())
    shared = {
        "command_centre:sop": sop.pk, "city:opd": "diskominfo", "city:person": own["person_to_edit"],
        "city:phone": own["person_to_edit"],
        "city:kelurahan": api_api.code, "city:place": own["place_to_edit"], "city:feeder": own["feeder_to_edit"],
        "city:contract": own["contract_to_edit"], "documents:paper": "tidak-ada", "public_picture": "tidak-ada",
        "ground:kind": "school",
    }  # fmt: skip
    city = City(own, other, shared)
    for hat in HATS:
        city.clients[hat] = _signed_in(hat, offices["diskominfo"], api_api)
    shared |= _ground(User.objects.get(username="uji-1")) | _peers(offices["diskominfo"])
    return city


def _ground(user: User) -> dict[str, Any]:
    """Ground belongs to the whole city: whoever may see or import it sees all of it."""
    upload = GroundUpload.objects.create(kind="poles", file_name="contoh", started_at=clock.now(), started_by=user,
                                         state="preview")  # fmt: skip
    source = GroundSource.objects.create(kind="poles", file_name="contoh", sha256="00" * 32, taken_at=clock.now())
    uploads = ("ground:upload", "ground:upload_apply", "ground:upload_cancel")
    return {"ground:source": source.pk, **dict.fromkeys(uploads, upload.pk)}


def _peers(opd: Opd) -> dict[str, Any]:
    """Installations are known to the whole city; this one can never be dialled."""
    peer = Peer.objects.create(name="Pelabuhan", address="https://127.0.0.1:1", prefix="PLB", public_key="00" * 32,
                               opd=opd, joined_by=_account("penggabung"), joined_at=clock.now())  # fmt: skip
    loan = Loan.objects.create(number="PKS-PLB", peer=peer, starts_on=SINCE, ends_on=date(2030, 1, 1),
                               made_by=peer.joined_by, made_at=clock.now())  # fmt: skip
    of_peer = ("cameras:peer", "cameras:peer_sync", "cameras:peer_close", "cameras:loan_add")
    return {**dict.fromkeys(of_peer, peer.pk), "cameras:loan": loan.pk, "cameras:loan_revoke": loan.pk}


def _signed_in(hat: Hat, opd: Opd, area: Kelurahan) -> Client:
    """JSON is asked for, so that a refusal costs no page."""
    user = User.objects.create(username=f"uji-{HATS.index(hat)}", first_name="Uji", last_name="Contoh", is_sample=True)
    person = Person.objects.create(name=f"Uji {hat.name} Contoh", user=user, is_sample=True)
    if hat.role:
        acting = {"acting": "plt", "decree": "1/CONTOH"}  # a definitive head there is already one
        Duty.objects.create(person=person, role=hat.role, opd=opd, from_on=SINCE,
                            kelurahan=area if hat.in_area else None, **acting)  # fmt: skip
    client = Client(headers={"accept": "application/json", "accept-language": "id"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _things(opd: Opd, area: Kelurahan, code: str) -> dict[str, Any]:
    now = clock.now()
    at_area: dict[str, Any] = {"kelurahan": area, "lon": area.lon, "lat": area.lat}
    place = Place.objects.create(code=f"tempat-{code.lower()}", name="Pasar Contoh", kind="market", **at_area)
    target = Target.objects.create(kind="camera", code=code, name="Contoh", owner=opd, place=place, state="up",
                                   address="rtsp://10.64.1.1:554/x", **at_area)  # fmt: skip
    camera = Camera.objects.create(target=target, last_seen_at=now)
    for slot in ("latest", "last_good"):
        evidence.put_slot(f"camera/{code}/{slot}", JPEG)
    incident = Incident.objects.create(number=f"INS-2026-{opd.pk:06}", title="Contoh", kind="camera", severity=2,
                                       root=target, owner=opd, kelurahan=area, opened_at=now)  # fmt: skip
    person = Person.objects.create(name=f"Orang {code} Contoh")
    duty = Duty.objects.create(person=person, role="opd_officer", opd=opd, kelurahan=area, from_on=SINCE)
    holder = Person.objects.create(name=f"Pemilik {code} Contoh", user=_account(f"pemilik-{code}"))
    Duty.objects.create(person=holder, role="opd_officer", opd=opd, kelurahan=area, from_on=SINCE)
    feeder = Feeder.objects.create(kind="link", code=f"FO-{code}", name="Ruas", owner=opd, **at_area)
    batch = CameraImport.objects.create(file_name="a.csv", source="csv", owner=opd, state="preview", started_at=now,
                                        started_by=_account(f"impor-{code}"))  # fmt: skip
    contract = Contract.objects.create(number=f"K-{code}", vendor="CV Contoh", opd=opd, subject="Rawat",
                                       starts_on=SINCE, ends_on=date(2030, 1, 1))  # fmt: skip
    ledger = _ledger(contract, _account(f"penyusun-{code}"), now)
    agreement = Agreement.objects.create(number=f"PKS-{code}", partner=opd, starts_on=SINCE, ends_on=date(2030, 1, 1),
                                         made_by=_account(f"pks-{code}"), made_at=now)  # fmt: skip
    return {
        **ledger, **_recorded(camera, code, now), "agreement_for": agreement.pk, "camera_for": code,
        "incident_for": incident.number, "incident_to": incident.number,
        "_reading": _reading(target, code, now), "_reference": _reference(camera, code, now), "_batch": batch.pk,
        "_bookmark": _bookmark(camera, code, holder.user, now), "_followed": incident.number,
        "opd_to_edit": opd.code, "duty_to_edit": duty.pk, "person_to_edit": person.pk,
        "account_to_close": holder.pk, "feeder_to_edit": feeder.code,
        "contract_to_edit": contract.pk, "place_to_edit": place.code, "opd": opd.pk, "person": person.pk,
        "place": place.pk, "feeder": feeder.pk, "rt_to_edit": Rt.objects.create(kelurahan=area, number="001").pk,
        "holiday_to_remove": _holiday(opd).pk, **_shifts(opd, person, now), **_blind(opd, area, code, now),
        "exhibit_for": exhibits.open_exhibit(title="Contoh", source=code, owner_code=opd.code, by=None, at=now).number,
    }  # fmt: skip


def _ledger(contract: Contract, maker: User, now: datetime) -> dict[str, Any]:
    """A drafted month of the contract, a rule and a dispute."""
    month = {"contract": contract, "month": date(2026, 10, 1), "version": 1}
    Terms.objects.create(contract=contract, value_rp=1, source="Contoh", set_at=now)
    facts = facts_of(Contract.objects.select_related("opd", "terms").get(pk=contract.pk), Month(date(2026, 10, 1)), now)
    statement = Statement.objects.create(**month, facts=facts, figures=figures_of(facts), total_rp=0,
                                         prepared_by=maker, prepared_at=now)  # fmt: skip
    rule = PenaltyRule.objects.create(contract=contract, kind="late_repair", rate="0.001", base="value", step=24,
                                      valid_from=SINCE, source="Contoh", made_at=now)  # fmt: skip
    dispute = Dispute.objects.create(**month, claim="Contoh", claimant="Contoh", claimed_on=SINCE, recorded_by=maker,
                                     recorded_at=now)  # fmt: skip
    return {
        "contract_for": contract.pk, "ledger_to_keep": contract.pk, "rule_to_end": rule.pk,
        "statement_for": statement.pk, "statement_to_keep": statement.pk, "dispute_to_settle": dispute.pk,
    }  # fmt: skip


def _recorded(camera: Camera, code: str, now: datetime) -> dict[str, Any]:
    recorder = Recorder.objects.create(name=f"NVR {code}", owner=camera.target.owner, kind="hand")
    asked = Retrieval.objects.create(
        number=f"PR-2026-{camera.pk:06}", camera=camera, way="hand", since=now - timedelta(hours=2), asked_at=now,
        until=now - timedelta(hours=1), purpose="patrol", asked_by=_account(f"peminta-{code}"), due_at=now,
    )  # fmt: skip
    return {"recorder_for": recorder.pk, "recorder": recorder.pk, "retrieval_for": asked.number}


def _shifts(opd: Opd, person: Person, now: datetime) -> dict[str, Any]:
    rota = Rota.objects.create(name=f"Meja {opd.code}", opd=opd, pattern="two_12")
    shift = Shift.objects.create(rota=rota, starts_at=now, ends_at=now + timedelta(hours=12))
    other = Person.objects.create(name=f"Lain {opd.code} Contoh")
    swap = Swap.objects.create(shift=shift, asker=person, asked=other, asked_at=now)
    return {"rota_for": rota.pk, "shift_for": shift.pk, "swap_for": swap.pk}


def _blind(opd: Opd, area: Kelurahan, code: str, now: datetime) -> dict[str, Any]:
    spot = BlindSpot.objects.create(number=f"TB-{code}", title="Contoh", owner=opd, kelurahan=area, lon=area.lon,
                                    lat=area.lat, points=[[area.lon, area.lat, 1.0, 25.0, "road"]], weight=1.0,
                                    city_share=0.1, ground_version="x", found_at=now)  # fmt: skip
    entry = SpotEntry.objects.create(spot=spot, at=now, act="surveyed", file=_picture(code, "blind_spot_file", now))
    plan = Plan.objects.create(name=f"Contoh {code}", owner=opd, made_by=_account(f"rencana-{code}"), made_at=now,
                               asked={}, state="done")  # fmt: skip
    offer = PartnerOffer.objects.create(code=f"PT-{code}", partner="PT Contoh", owner=opd, lon=area.lon, lat=area.lat,
                                        bearing_deg=0, fov_deg=90, range_m=50, width_px=1920)  # fmt: skip
    return {"spot_for": spot.number, "entry_for": entry.pk, "plan_for": plan.pk, "offer_for": offer.pk}


def _holiday(opd: Opd) -> Holiday:
    when = SINCE + timedelta(days=opd.pk)
    return Holiday.objects.create(date=when, name="Hari Contoh", kind="local", source="Contoh")


def _account(name: str) -> User:
    return User.objects.create(username=name.lower())


def _picture(code: str, kind: str, now: datetime) -> Any:
    return evidence.keep(JPEG + kind.encode() + code.encode(), media_type="image/jpeg", kind=kind, source=code,
                         taken_at=now, delete_on=None)  # fmt: skip


def _reading(target: Target, code: str, now: datetime) -> int:
    picture = _picture(code, "incident_picture", now)
    return Reading.objects.create(target=target, at=now, verdict="down", took_ms=1, measures={}, trail=[],
                                  picture=picture).pk  # fmt: skip


def _bookmark(camera: Camera, code: str, by: Any, now: datetime) -> int:
    picture = _picture(code, "live_picture", now)
    return CameraBookmark.objects.create(camera=camera, at=now, picture=picture, by=by).pk


def _reference(camera: Camera, code: str, now: datetime) -> int:
    return CameraReference.objects.create(camera=camera, mode="day", hour_bin=4, content=b"", taken_at=now,
                                          picture=_picture(code, "reference", now)).pk  # fmt: skip
