"""A partner's camera: opened and counted within its agreement, and for nobody else from the moment it ends."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.city.models import Opd
from satukota.city.tests.make import make_city, make_user
from satukota.shared.monitoring.models import Target
from satukota.work.cameras import watchers
from satukota.work.cameras.lending import actions, terms
from satukota.work.cameras.live.actions import PurposeNeeded, Why, ask_to_watch
from satukota.work.cameras.models import Agreement, Camera

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)  # Monday, noon in WITA
NIGHTS = [[day, "18:00", "06:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]


@dataclass
class Lent:
    partner: Opd
    camera: Camera
    supervisor: Any
    operator: Any
    officer: Any  # of the partner


@pytest.fixture
def lent(monkeypatch) -> Lent:
    monkeypatch.setattr(clock, "now", lambda: AT)
    city = make_city()
    partner = Opd.objects.create(code="mitra-contoh", name="PT Mitra Contoh", short_name="Mitra Contoh", kind="lain",
                                 valid_from=date(2020, 1, 1))  # fmt: skip
    target = Target.objects.create(kind="camera", code="MT-001", name="Gerbang", owner=partner, lon=117.5, lat=0.13,
                                   address="rtsp://10.0.0.1/x")  # fmt: skip
    camera = Camera.objects.create(target=target, bearing_deg=90, fov_deg=90, range_m=50, width=1280)
    return Lent(partner, camera, make_user("supervisor", city.diskominfo), make_user("operator", city.diskominfo),
                make_user("partner", partner))  # fmt: skip


def agree(lent: Lent, **more: Any) -> Agreement:
    said = {
        "number": "PKS/1/CONTOH/2026", "partner": lent.partner, "codes": ["MT-001"], "purposes": ["disaster"],
        "hours": [], "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "counts": True,
        "by": lent.supervisor, "at": AT,
    }  # fmt: skip
    return actions.make(**(said | more))


def ask(lent: Lent, purpose: str = "disaster", at: datetime = AT) -> str:
    return ask_to_watch(lent.camera, Why(purpose=purpose), stream="main", session_key="s", by=lent.operator, at=at)


def test_it_is_opened_for_the_agreed_purposes_alone(lent):
    agree(lent)
    assert ask(lent)
    with pytest.raises(PurposeNeeded, match="tidak membolehkan"):
        ask(lent, "patrol")
    with pytest.raises(PurposeNeeded):
        ask(lent, "")


def test_outside_its_hours_and_days_it_is_closed(lent):
    agree(lent, hours=NIGHTS)
    with pytest.raises(UserError, match="tidak dipinjamkan"):
        ask(lent)
    assert ask(lent, at=AT + timedelta(hours=8))  # 20.00
    assert ask(lent, at=AT + timedelta(hours=17))  # 05.00 on the next day, still that night
    with pytest.raises(UserError):
        ask(lent, at=AT + timedelta(days=60))


def test_one_click_ends_it_for_those_who_watch_and_for_coverage(lent):
    agreement = agree(lent)
    assert terms.closed_to([lent.camera.pk], 0, AT) == set()
    assert [(one.code, one.partner) for one in watchers.watchers()] == [("MT-001", True)]
    actions.revoke(agreement, why="kontrak berakhir", by=lent.officer, at=AT)
    assert terms.closed_to([lent.camera.pk], 0, AT) == {lent.camera.pk}
    assert terms.closed_to([lent.camera.pk], lent.partner.pk, AT) == set()  # it stays the partner's own
    assert watchers.watchers() == []
    with pytest.raises(UserError, match="tidak dipinjamkan"):
        ask(lent)
    with pytest.raises(AlreadyDone):
        actions.revoke(agreement, why="lagi", by=lent.supervisor, at=AT)
    said = AuditEntry.objects.filter(act__startswith="cameras.agreement").order_by("number")
    assert [row.act for row in said] == ["cameras.agreement_made", "cameras.agreement_revoked"]


def test_an_agreement_may_leave_coverage_out(lent):
    agree(lent, counts=False)
    assert ask(lent) and watchers.watchers() == []


@pytest.mark.parametrize(
    "wrong",
    [{"codes": ["TIDAK-ADA"]}, {"codes": []}, {"purposes": []}, {"purposes": ["mengintip"]},
     {"ends_on": date(2025, 1, 1)}],
)  # fmt: skip
def test_what_cannot_be_agreed_is_refused_in_words(lent, wrong):
    with pytest.raises(UserError):
        agree(lent, **wrong)
    assert not Agreement.objects.exists()


def test_the_same_number_twice_and_a_person_without_the_duty(lent):
    agreement = agree(lent)
    with pytest.raises(AlreadyDone):
        agree(lent)
    with pytest.raises(NotAllowed):
        agree(lent, number="PKS/2", by=lent.operator)
    with pytest.raises(NotAllowed):
        actions.revoke(agreement, why="x", by=lent.operator, at=AT)


def test_the_partner_sees_its_own_agreement_and_who_looked(lent):
    agreement = agree(lent)
    ask(lent)
    client = Client(headers={"accept-language": "id"})
    client.force_login(lent.officer)
    assert "PKS/1/CONTOH/2026" in client.get("/pusat/kamera/mitra/").content.decode()
    page = f"/pusat/kamera/mitra/{agreement.pk}/"
    assert client.get(page).status_code == 200
    assert client.get("/pusat/kamera/mitra/baru/").status_code == 404
    assert client.post(page + "akhiri", {"why": ""}).status_code == 422
    assert client.post(page + "akhiri", {"why": "selesai"}).status_code == 302
    assert "selesai" in client.get(page).content.decode()


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(lent):
    client = Client(headers={"accept-language": "id"})
    client.force_login(lent.supervisor)
    typed = {"number": "PKS/9", "partner": lent.partner.pk, "codes": "MT-001, ", "purposes": ["disaster"],
             "hours": "besok pagi", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}  # fmt: skip
    answer = client.post("/pusat/kamera/mitra/baru/", typed)
    assert answer.status_code == 422 and "besok pagi" in answer.content.decode()
    assert client.post("/pusat/kamera/mitra/baru/", typed | {"hours": "Senin–Minggu 18.00–06.00"}).status_code == 302
