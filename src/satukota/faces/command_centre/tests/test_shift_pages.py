"""The pages of shifts: what they show to whom, and a hand-over from the first page to the second signature."""

import pytest
from django.urls import reverse

from satukota.base import clock
from satukota.city.tests.test_pages import signed_in
from satukota.shared.shifts.models import HandOver, Leave, Rota, Shift, Swap
from satukota.shared.shifts.tests.make import HANDING, Desk, hours, names

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: HANDING)
    return Desk()


def test_who_sits_now_and_what_is_late(desk, monkeypatch):
    page = signed_in(desk.first).get(reverse("command_centre:shifts")).content.decode()
    assert "bertugas sekarang" in page and "Sari" not in page  # the person's own name is Uji Contoh
    monkeypatch.setattr(clock, "now", lambda: HANDING + hours(1))
    late = "selesai tanpa serah terima lengkap"
    assert late in signed_in(desk.supervisor).get(reverse("command_centre:shifts")).content.decode()
    assert late not in signed_in(desk.second).get(reverse("command_centre:shifts")).content.decode()


def test_a_hand_over_from_first_look_to_second_signature(desk):
    shift = desk.shifts[0]
    url, leaving, coming = reverse("command_centre:hand_over", args=[shift.pk]), signed_in(desk.first), desk.second
    seen = leaving.get(url).context["seen"]
    sign = reverse("command_centre:hand_over_sign", args=[shift.pk, "serah"])
    stale = leaving.post(sign, {"seen": "0" * 64, "notes": "Pintu rusak"})
    assert stale.status_code == 422 and "Pintu rusak" in stale.content.decode(), "what was typed stays"
    assert leaving.post(sign, {"seen": seen, "notes": "<b>Pintu</b> rusak"}).status_code == 302
    page = signed_in(coming).get(url).content.decode()
    assert "&lt;b&gt;Pintu&lt;/b&gt;" in page and "Saya menerima giliran ini" in page
    take = reverse("command_centre:hand_over_sign", args=[shift.pk, "terima"])
    assert leaving.post(take).status_code == 422
    assert signed_in(coming).post(take).status_code == 302
    assert HandOver.objects.get().signed_in_by == coming.person
    assert "isi cocok" in signed_in(desk.auditor).get(url).content.decode()
    assert signed_in(coming).post(url + "lain").status_code == 404


def test_a_supervisor_plans_seats_and_notes_leave(desk):
    client, rota = signed_in(desk.supervisor), desk.rota
    assert client.post(reverse("command_centre:rota_plan", args=[rota.pk]), {"weeks": "3"}).status_code == 302
    assert Shift.objects.count() == 42
    for weeks in ("", "x", "999"):
        client.post(reverse("command_centre:rota_plan", args=[rota.pk]), {"weeks": weeks})
    assert Shift.objects.count() == 42
    night = desk.shifts[1]
    client.post(reverse("command_centre:shift_seat", args=[night.pk]), {"people": desk.third.person.pk, "why": "Sakit"})
    assert names(night) == ["ani"]
    leave = {"person_id": desk.first.person.pk, "from_on": "2026-12-01", "to_on": "2026-11-01", "reason": "Cuti"}
    assert client.post(reverse("command_centre:shift_leave"), leave).status_code == 422
    assert client.post(reverse("command_centre:shift_leave"), leave | {"to_on": "2026-12-03"}).status_code == 302
    assert Leave.objects.count() == 1
    new = {"opd_id": desk.city.diskominfo.pk, "name": "Meja 112", "pattern": "three_8", "per_shift": "1",
           "alarm_budget": "4", "operators": [desk.first.person.pk], "supervisors": []}  # fmt: skip
    assert client.post(reverse("command_centre:rota_new"), new).status_code == 302
    assert client.post(reverse("command_centre:rota_new"), new).status_code == 422
    assert Rota.objects.count() == 2
    assert signed_in(desk.first).get(reverse("command_centre:rota_new")).status_code == 404


def test_a_swap_is_asked_and_answered_on_the_pages(desk):
    night, day = desk.shifts[1:3]
    asked = {"asked": desk.third.person.pk, "in_return": day.pk}
    assert signed_in(desk.second).post(reverse("command_centre:swap_ask", args=[night.pk]), asked).status_code == 302
    swap = Swap.objects.get()
    answer = reverse("command_centre:swap_answer", args=[swap.pk, "terima"])
    signed_in(desk.first).post(answer)
    assert names(night) == ["yusuf"]
    assert "Setuju" in signed_in(desk.third).get(reverse("command_centre:shifts")).content.decode()
    signed_in(desk.third).post(answer)
    assert (names(night), names(day)) == (["ani"], ["yusuf"])


def test_the_load_page_and_its_files(desk):
    client = signed_in(desk.auditor)
    for asked in ({}, {"hari": "30"}, {"hari": "x", "jadwal": "²"}):
        assert client.get(reverse("command_centre:shift_load"), asked).status_code == 200
    text = b"".join(client.get(reverse("command_centre:shift_load_export", args=["csv"])).streaming_content).decode()
    assert len(text.splitlines()) == 7 * 24 + 2
    assert client.get(reverse("command_centre:shift_load_export", args=["geojson"])).status_code == 404


def test_without_a_desk_the_pages_say_the_first_step(desk):
    Shift.objects.all().delete()
    desk.rota.delete()
    client = signed_in(desk.supervisor)
    for name in ("shifts", "shift_load", "hand_overs"):
        assert client.get(reverse(f"command_centre:{name}")).status_code == 200
    assert "Buat jadwal pertama" in client.get(reverse("command_centre:shifts")).content.decode()
