"""The audit log as the inspectorate reads it: filters, pages, files, proofs, and that reading leaves a row."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from satukota.base import clock
from satukota.base.audit import actions as audit
from satukota.base.audit import offline, queries
from satukota.base.audit.models import AuditEntry
from satukota.base.audit.tests.make import NOON, days
from satukota.city.models import Person
from satukota.city.tests.make import make_city, make_user
from satukota.faces.command_centre import audit_words

pytestmark = pytest.mark.django_db
PAGE = "/pusat/audit/"


@pytest.fixture
def auditor(monkeypatch) -> Client:
    """Signed in on the first day; that, too, is on the log."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    client = Client()
    client.force_login(make_user("auditor", make_city().diskominfo))
    return client


def text(client: Client, **asked: object) -> str:
    answer = client.get(PAGE, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_who_may_see_the_log_sees_page_files_and_proofs():
    city = make_city()
    client = Client()
    client.force_login(make_user("operator", city.diskominfo))
    for path in (PAGE, f"{PAGE}unduh/csv", f"{PAGE}unduh/jsonl", f"{PAGE}1/bukti"):
        assert client.get(path).status_code == 404, path


def test_each_look_is_a_row_with_its_purpose_and_filter(auditor):
    text(auditor, who="Contoh", keperluan="LHP 12")
    row = AuditEntry.objects.get(act="audit.seen")
    assert (row.purpose, row.after["chosen"]) == ("LHP 12", {"who": "Contoh"})


def test_what_changed_is_read_in_words(auditor):
    person = Person.objects.create(name="Orang Contoh")
    audit.record("city.person_edited", by=None, at=NOON, on=person, before={"name": "Lama", "on_call": False},
                 after={"name": "Baru", "on_call": True}, why="Salah tulis")  # fmt: skip
    page = text(auditor)
    assert "data orang diubah" in page and "Lama → <b>Baru</b>" in page and "tidak → <b>ya</b>" in page
    assert "Petugas piket:" in page and "Salah tulis" in page


def test_a_name_cannot_carry_markup(auditor):
    audit.record("test.act", by=None, at=NOON, after={"<img src=x>": "<script>x"}, why="<b>", purpose="<i>")
    assert "<script>x" not in text(auditor) and "<img src=x>" not in text(auditor)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"act": "test.two"}, {2}), ({"opd": "dishub"}, {2}), ({"text": "alasan"}, {2}), ({"text": "UJI"}, {1, 3}),
        ({"who": "sistem"}, {1, 2, 3}), ({"hat": "piket"}, {3}), ({"thing": "orang con"}, {2}),
        ({"since": "2026-11-23"}, {2, 3}), ({"until": "2026-11-22"}, {1}), ({"since": "2026-11-23", "act": "x"}, set()),
        ({"since": "kemarin", "until": "9999-99-99"}, {1, 2, 3}), ({"text": "%"}, set()),
    ],
)  # fmt: skip
def test_filters(auditor, asked, found):
    begin = queries.last_number()
    audit.record("test.one", by=None, at=NOON, why="uji")
    audit.record("test.two", by=None, at=NOON + timedelta(days=1), why="Alasan", opd_code="dishub",
                 on=Person.objects.create(name="Orang Contoh"))  # fmt: skip
    audit.record("test.three", by=None, at=NOON + timedelta(days=2), purpose="uji", hat="Piket malam")
    rows = queries.matching(queries.Filters.of(asked)).filter(number__gt=begin)
    assert {number - begin for number in rows.values_list("number", flat=True)} == found
    text(auditor, **asked)


def test_one_things_rows_by_its_id(auditor):
    one, other = (Person.objects.create(name=name) for name in ("Orang Contoh", "Lain Contoh"))
    for person in (one, other):
        audit.record("test.act", by=None, at=NOON, on=person)
    filters = queries.Filters.of({"kind": Person._meta.label_lower, "thing": str(other.pk)})
    assert [row.on_label for row in queries.page(filters).rows] == [str(other)]


def test_pages_go_on_by_number_and_a_search_says_how_far_it_looked(monkeypatch):
    days(monkeypatch, 1, rows=7)
    monkeypatch.setattr(queries, "PAGE_SIZE", 3)
    monkeypatch.setattr(queries, "SPAN", 2)
    seen, before = [], None
    for _turn in range(9):
        page = queries.page(queries.Filters(), before)
        seen += [row.number for row in page.rows]
        before = page.older
        if before is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    nothing = queries.page(queries.Filters(text="tidak ada"))
    assert (nothing.rows, nothing.older, nothing.searched_to) == ([], 6, 6)
    assert queries.page(queries.Filters(text="tidak ada"), 2).older is None


def test_the_page_costs_few_statements(auditor, monkeypatch, django_assert_max_num_queries):
    days(monkeypatch, 3, rows=30)
    with django_assert_max_num_queries(15):  # twelve, and the row that says who looked
        auditor.get(PAGE, {"before": "70"})


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_files_hold_the_filtered_rows_and_are_written_down(auditor, monkeypatch, form):
    begin = queries.last_number()
    days(monkeypatch, 1, rows=3)
    answer = auditor.get(f"{PAGE}unduh/{form}", {"act": "test.act", "keperluan": "LHP 3"})
    content = b"".join(answer.streaming_content)
    assert answer.status_code == 200 and content
    row = AuditEntry.objects.get(act="exports.taken")
    assert (row.purpose, row.after["rows"], row.after["chosen"]["format"]) == ("LHP 3", 3, form)
    if form == "jsonl":
        told = offline.judge(content.decode().splitlines(keepends=True))
        assert (told.broken, told.rows, told.is_whole) == (None, 3, False)
        assert offline.judge(content.decode().replace("uji", "jui", 1).splitlines()).broken.number == begin + 3


def test_a_proof_verifies_anywhere_once_the_day_is_sealed(auditor, monkeypatch):
    number = queries.last_number() + 3
    days(monkeypatch, 2, rows=5)
    assert auditor.get(f"{PAGE}{number + 6}/bukti").status_code == 404
    proof = auditor.get(f"{PAGE}{number}/bukti").content.decode()
    assert offline.judge([proof]).broken is None
    for name, value in (("place", 1), ("path", json.loads(proof)["path"][:-1]), ("hash", "0" * 64)):
        assert offline.judge([json.dumps(json.loads(proof) | {name: value})]).broken.number == number


def test_every_act_of_the_product_has_words():
    """Acts are named in calls; those made from parts are listed in the words themselves."""
    import re
    from pathlib import Path

    from django.conf import settings

    call = re.compile(r'(?:record|viewed|store)\(\s*(?:\w+,\s*)?"([a-z_]+\.[a-z_]+)"')
    acts = {
        act
        for path in (Path(settings.ROOT) / "src" / "satukota").rglob("*.py")
        if "tests" not in path.parts
        for act in call.findall(path.read_text(encoding="utf-8"))
    }
    assert len(acts) > 20
    assert sorted(acts - audit_words.ACTS.keys()) == []


def test_the_clock_of_the_page_is_the_citys(auditor):
    audit.record("test.act", by=None, at=NOON)
    assert "12.00" in text(auditor) and clock.local(NOON).hour == 12
