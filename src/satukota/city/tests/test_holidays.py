"""Working days as the law counts them, and the table that wins over the guess. Vectors: domain reference, §14."""

from datetime import date

import pytest
from django.urls import reverse

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import NotAllowed, UserError
from satukota.city import actions, calendar
from satukota.city.models import Holiday, HolidayYear

from .make import NOW, make_city, make_user
from .test_pages import signed_in

pytestmark = pytest.mark.django_db


def an_admin():
    return make_user("register_admin", make_city().diskominfo)


def settle(year: int = 2027, days: str = "", decree: str = "SKB CONTOH 1/2026", **more):
    lines = "tanggal;nama;jenis\n" + (days or "2027-01-01;Tahun Baru;nasional\n2027-12-24;Cuti Natal;cuti bersama")
    return actions.settle_year(year=year, decree=decree, days=lines, by=None, at=NOW, **more)


@pytest.mark.parametrize("start, number, last", [
    (date(2026, 3, 13), 10, date(2026, 4, 6)),  # UU 14/2008 art. 22: a request of that Friday is answered by
    (date(2026, 4, 6), 7, date(2026, 4, 15)),  # … and extended by seven
    (date(2026, 4, 6), 30, date(2026, 5, 21)),  # objection, art. 36
    (date(2026, 5, 21), 30, date(2026, 7, 8)),  # answer of the superior
    (date(2026, 7, 8), 14, date(2026, 7, 28)),  # dispute
    (date(2026, 12, 22), 10, date(2027, 1, 11)),  # over the year
    (date(2026, 5, 12), 5, date(2026, 5, 21)),
    (date(2026, 8, 14), 3, date(2026, 8, 20)),
])  # fmt: skip
def test_terms_as_the_law_reads(start, number, last):
    assert calendar.add_working_days(start, number) == last
    assert calendar.working_days_between(start, last) == number
    assert calendar.is_working_day(last)


def test_collective_leave_and_holidays_are_no_working_days():
    assert not calendar.is_working_day(date(2026, 2, 16))  # cuti bersama, a Monday
    assert not calendar.is_working_day(date(2026, 8, 17))
    assert not calendar.is_working_day(date(2026, 11, 22))  # Sunday
    assert calendar.is_working_day(date(2026, 11, 23))


def test_a_year_is_a_guess_until_it_is_decided_and_then_the_table_alone_counts():
    guessed = calendar.year(2027)
    assert not guessed.is_decided and all(day.is_guess for day in guessed.days)
    settle()
    decided = calendar.year(2027)
    assert [day.date for day in decided.days] == [date(2027, 1, 1), date(2027, 12, 24)]
    assert decided.decree == "SKB CONTOH 1/2026" and not any(day.is_guess for day in decided.days)
    assert calendar.is_working_day(date(2027, 8, 17)), "the decree at hand does not name it"
    assert not calendar.year(2026).is_decided


def test_one_entered_day_wins_over_the_guess():
    assert not calendar.is_working_day(date(2026, 12, 24))
    actions.add_holiday(date=date(2026, 12, 24), name="Cuti bersama dicabut", kind="workday", source="SE CONTOH 3",
                        by=None, at=NOW)  # fmt: skip
    local = actions.add_holiday(date=date(2026, 11, 27), name="Pemilihan", kind="local", source="SK CONTOH", by=None,
                                at=NOW)  # fmt: skip
    assert calendar.is_working_day(date(2026, 12, 24)) and not calendar.is_working_day(date(2026, 11, 27))
    actions.remove_holiday(local.pk, why="Batal", by=None, at=NOW)
    assert calendar.is_working_day(date(2026, 11, 27))
    assert list(AuditEntry.objects.order_by("number").values_list("act", flat=True)) == [
        "city.holiday_added", "city.holiday_added", "city.holiday_removed"]  # fmt: skip


def test_settling_again_replaces_the_decree_and_keeps_local_days():
    settle()
    actions.add_holiday(date=date(2027, 10, 12), name="Hari jadi kota", kind="local", source="Perda CONTOH", by=None,
                        at=NOW)  # fmt: skip
    settle(days="2027-01-01;Tahun Baru;nasional", decree="SKB CONTOH 2/2027")
    assert [day.date for day in calendar.year(2027).days] == [date(2027, 1, 1), date(2027, 10, 12)]
    assert HolidayYear.objects.get().decree == "SKB CONTOH 2/2027"
    entry = AuditEntry.objects.get(number=3)
    assert "Cuti Natal" in str(entry.before) and "Cuti Natal" not in str(entry.after)


@pytest.mark.parametrize("days", [
    "2027-02-30;Tak ada;nasional", "besok;Tak ada;nasional", "2026-01-01;Tahun lain;nasional",
    "2027-01-01;A;nasional\n2027-01-01;B;nasional", "2027-01-01;A;libur besar", "2027-01-01;;nasional",
    "2027-01-01;" + "n" * 121 + ";nasional", "\n", "2027-01-01;A;nasional;lebih", '2027-01-01;"tak ditutup;nasional',
])  # fmt: skip
def test_a_line_that_cannot_be_used_changes_nothing(days):
    settle()
    with pytest.raises(UserError) as refused:
        settle(days=days)
    assert refused.value.text and refused.value.fix
    assert Holiday.objects.count() == 2 and AuditEntry.objects.count() == 1


def test_a_day_stands_once_and_a_decree_is_named():
    settle()
    with pytest.raises(UserError):
        actions.add_holiday(date=date(2027, 1, 1), name="Lagi", kind="local", source="x", by=None, at=NOW)
    for wrong in ({"decree": "  "}, {"year": 99999}):
        with pytest.raises(UserError):
            settle(**wrong)


def test_only_who_edits_the_registers_of_the_whole_city_decides():
    city = make_city()
    for user in (make_user("operator", city.diskominfo),
                 make_user("register_admin", city.diskominfo, kelurahan=city.kelurahan)):  # fmt: skip
        with pytest.raises(NotAllowed):
            actions.settle_year(year=2027, decree="x", days="tanggal;nama;jenis\n2027-01-01;A;nasional", by=user,
                                at=NOW)  # fmt: skip
    assert not Holiday.objects.exists()


def test_the_page_says_what_is_a_guess_and_takes_the_decree():
    client = signed_in(an_admin())
    page = client.get(reverse("city:holidays"), {"tahun": "2027"}).content.decode()
    assert "Belum ditetapkan" in page and "perkiraan pustaka" in page
    form = client.get(reverse("city:settle_holidays"), {"tahun": "2027"}).context["form"]
    sent = {"year": 2027, "decree": "SKB CONTOH 9/2026", "days": form.initial["days"]}
    answer = client.post(reverse("city:settle_holidays") + "?tahun=2027", sent)
    assert answer.status_code == 302 and answer["Location"].endswith("?tahun=2027")
    page = client.get(answer["Location"]).content.decode()
    assert "SKB CONTOH 9/2026" in page and "perkiraan pustaka" not in page
    assert len(calendar.year(2027).days) == len(calendar.guessed(2027))


@pytest.mark.parametrize("year", ["", "0", "abcd", "99999", "²⁰²⁶", "-1"])
def test_an_odd_year_shows_this_one(year):
    answer = signed_in(an_admin()).get(reverse("city:holidays"), {"tahun": year})
    assert answer.status_code == 200


def test_the_export_says_which_days_are_guesses():
    answer = signed_in(an_admin()).get(reverse("city:holidays_export", args=["csv"]), {"tahun": "2026"})
    text = b"".join(answer.streaming_content).decode()
    assert "2026-02-16;Cuti Bersama Tahun Baru Imlek;Cuti bersama;perkiraan pustaka holidays;ya" in text
