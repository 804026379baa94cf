"""The register of RT: brought as a table, twice if need be, and refused whole when a line is wrong."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from satukota.base.audit.models import AuditEntry
from satukota.base.errors import Missing, UserError
from satukota.city import actions
from satukota.city.models import Kelurahan, Rt

from .make import NOW, make_city, make_person, make_user
from .test_pages import signed_in

pytestmark = pytest.mark.django_db
API_API = "64.74.01.1006"
TABLE = f"kelurahan;rw;rt\n{API_API};;1\n{API_API};;002\n{API_API};3;1\n".encode()


def bring(content: bytes = TABLE, by=None):
    return actions.import_rts(content, source="SK CONTOH", by=by, at=NOW)


def test_a_table_is_taken_once_and_again_changes_nothing():
    make_city()
    before = AuditEntry.objects.count()
    assert bring() == actions.Imported(3, 0)
    assert bring() == actions.Imported(0, 3)
    assert [str(row) for row in Rt.objects.all()] == ["RT 001", "RT 002", "RT 001/RW 003"]
    assert AuditEntry.objects.count() == before + 1


@pytest.mark.parametrize("line", [
    "64.74.01.9999;;1", f"{API_API};;0", f"{API_API};;1000", f"{API_API};;abc", f"{API_API};;", f"{API_API};x;1",
    f"{API_API};;٣", f"{API_API};;1;2",
])  # fmt: skip
def test_one_wrong_line_refuses_the_file_and_is_named(line):
    make_city()
    with pytest.raises(UserError) as refused:
        bring(TABLE + line.encode())
    assert "aris 5" in refused.value.text + refused.value.fix
    assert not Rt.objects.exists()


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe\x00\x00", b"kelurahan;rt\n1;2", b"kelurahan;rw;rt\n", b"x" * 1_000_001, TABLE + TABLE[16:],
    f"kelurahan;rw;rt\n{API_API};;{'9' * 200_000}".encode(),
])  # fmt: skip
def test_a_file_that_is_no_such_table_is_refused_in_words(content):
    make_city()
    with pytest.raises(UserError) as refused:
        bring(content)
    assert refused.value.text and refused.value.fix


def test_files_of_other_offices_are_read():
    make_city()
    assert bring(f'\ufeffRT,RW,Kelurahan\r\n"7",,"{API_API}"\r\n\r\n'.encode()).added == 1
    assert Rt.objects.get().number == "007"


def test_head_and_position_are_kept_and_half_a_position_is_refused():
    make_city()
    bring()
    row, head = Rt.objects.first(), make_person("Ketua Contoh")
    actions.edit_rt(row.pk, head_id=head.pk, lon=117.49, lat=0.13, source="SK", by=None, at=NOW)
    row.refresh_from_db()
    assert (row.head, row.lon) == (head, 117.49)
    with pytest.raises(UserError):
        actions.edit_rt(row.pk, head_id=None, lon=117.49, lat=None, source="SK", by=None, at=NOW)


def test_a_duty_limited_to_an_area_changes_only_what_lies_there():
    city = make_city()
    bring()
    Rt.objects.create(kelurahan=Kelurahan.objects.get(name="Belimbing"), number="001")
    user = make_user("register_admin", city.diskominfo, kelurahan=city.kelurahan)
    inside, outside = Rt.objects.filter(kelurahan=city.kelurahan)[0], Rt.objects.get(kelurahan__name="Belimbing")
    assert actions.rt_to_edit(user, inside.pk) == inside
    with pytest.raises(UserError):
        bring(b"kelurahan;rw;rt\n64.74.03.1001;;9\n", by=user)
    with pytest.raises(Missing):
        actions.rt_to_edit(user, outside.pk)


def test_the_pages_import_list_and_give_out():
    city = make_city()
    client = signed_in(make_user("register_admin", city.diskominfo))
    sent = {"file": SimpleUploadedFile("rt.csv", TABLE), "source": "SK CONTOH"}
    answer = client.post(reverse("city:import_rt"), sent, follow=True)
    assert "3 RT ditambahkan" in answer.content.decode() and "RT 001/RW 003" in answer.content.decode()
    wrong = client.post(reverse("city:import_rt"), {"file": SimpleUploadedFile("rt.csv", b"a;b\n1;2"), "source": "x"})
    assert wrong.status_code == 422 and "Kolom ini tidak ada" in wrong.content.decode()
    text = b"".join(client.get(reverse("city:export", args=["rt", "csv"])).streaming_content).decode()
    assert f"{API_API};003;001;Api-Api" in text
