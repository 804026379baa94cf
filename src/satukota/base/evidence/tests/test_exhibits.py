"""Evidence stands before who doubts: each hand it went through is written down, nothing unhidden leaves quietly."""

import io
import subprocess
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from satukota.base.accounts.models import User
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.base.evidence import actions, custody, exhibits, packages, releasing
from satukota.base.evidence.command_line import main
from satukota.base.evidence.models import CustodyEntry, ExhibitFile

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def store(tmp_path, settings):
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def sari() -> User:
    return User.objects.create_user("sari", first_name="Sari", last_name="Contoh")


@pytest.fixture
def budi() -> User:
    return User.objects.create_user("budi", first_name="Budi", last_name="Contoh")


@pytest.fixture
def exhibit(sari):
    return exhibits.open_exhibit(
        title="Sampah di tepi Sungai Contoh", source="MB-001", owner_code="dlh", about="INS-2026-000001",
        keep_until=date(2027, 11, 22), by=sari, at=AT,
    )  # fmt: skip


def add(exhibit, by, role=ExhibitFile.Role.ORIGINAL, content=b"rekaman", **more):
    media_type = "video/mp4" if role == ExhibitFile.Role.ORIGINAL else "image/jpeg"
    return exhibits.add_file(
        exhibit, content, media_type=media_type, role=role, captured_from=AT - timedelta(seconds=30), captured_to=AT,
        clock_offset_ms=-120, by=by, at=AT, **more,
    )  # fmt: skip


def hidden(exhibit, original, by=None):
    return add(exhibit, by, ExhibitFile.Role.REDACTED, b"tersamar", made_from=original, areas=[{"box": [1, 2, 3, 4]}])


def give(exhibit, names, by, **more):
    said = {"to_whom": "Penyidik Contoh", "ground": "B/1/CONTOH/2026", "with_originals": False} | more
    return releasing.release(exhibit, names, by=by, at=AT, **said)


def test_every_act_is_a_line_of_custody_and_the_audit_log_has_its_hash(exhibit, sari, budi):
    original = add(exhibit, sari)
    assert exhibits.viewed(original, purpose="menyusun berkas", by=budi, at=AT) == b"rekaman"
    lines = exhibits.custody_of(exhibit)
    assert [(line["number"], line["act"]) for line in lines] == [(1, "opened"), (2, "captured"), (3, "viewed")]
    assert custody.first_broken(lines, exhibit.number) is None
    logged = AuditEntry.objects.filter(act__startswith="evidence.").order_by("number")
    assert [row.after["hash"] for row in logged] == [line["hash"] for line in lines]


@pytest.mark.parametrize("harm", ["edit", "delete", "swap", "insert"])
def test_a_changed_line_of_custody_is_named(exhibit, sari, harm):
    original = add(exhibit, sari)
    exhibits.viewed(original, purpose="satu", by=sari, at=AT)
    lines = exhibits.custody_of(exhibit)
    if harm == "edit":
        lines[1]["text"] = "bukan begitu"
    elif harm == "delete":
        del lines[1]
    elif harm == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines.insert(1, dict(lines[1]))
    assert custody.first_broken(lines, exhibit.number) in {2, 3}


def test_what_is_not_hidden_and_checked_does_not_leave(exhibit, sari, budi):
    original = add(exhibit, sari)
    with pytest.raises(UserError, match="Belum tersamar"):
        give(exhibit, [original.name], sari)
    copy = hidden(exhibit, original)
    with pytest.raises(UserError, match="Belum tersamar"):
        give(exhibit, [copy.name], sari)
    exhibits.check_redaction(copy, is_good=True, by=budi, at=AT)
    assert give(exhibit, [copy.name], sari).has_originals is False
    assert give(exhibit, [original.name], sari, with_originals=True).has_originals is True


def test_who_drew_the_areas_does_not_check_them_and_a_check_is_made_once(exhibit, sari, budi):
    copy = hidden(exhibit, add(exhibit, sari), by=sari)
    with pytest.raises(NotAllowed):
        exhibits.check_redaction(copy, is_good=True, by=sari, at=AT)
    with pytest.raises(UserError, match="Alasan"):
        exhibits.check_redaction(copy, is_good=False, by=budi, at=AT)
    exhibits.check_redaction(copy, is_good=False, why="pelat terbaca", by=budi, at=AT)
    with pytest.raises(AlreadyDone):
        exhibits.check_redaction(copy, is_good=True, by=budi, at=AT)
    with pytest.raises(UserError):
        give(exhibit, [copy.name], budi)


def test_a_hold_outlives_the_date_and_the_receipt_stays_on_the_line(exhibit, sari):
    row = add(exhibit, sari)
    standing = exhibits.hold(exhibit, reason="perkara berjalan", decree="SP/7/CONTOH/2026", by=sari, at=AT)
    later = add(exhibit, sari, content=b"tambahan")
    assert actions.delete_due(date(2030, 1, 1), AT) == 0
    exhibits.lift_hold(standing, why="putusan berkekuatan tetap", by=sari, at=AT)
    with pytest.raises(AlreadyDone):
        exhibits.lift_hold(standing, why="lagi", by=sari, at=AT)
    assert actions.delete_due(date(2030, 1, 1), AT) == 2
    with pytest.raises(actions.FileGone):
        exhibits.viewed(row, purpose="melihat", by=sari, at=AT)
    gone = CustodyEntry.objects.filter(act="deleted").order_by("number")
    assert [entry.details["file"] for entry in gone] == [row.name, later.name]
    assert gone[0].details["sha256"] == row.file.sha256


def test_an_altered_original_is_not_shown_and_not_given(exhibit, sari, settings):
    row = add(exhibit, sari)
    path = settings.FILES_DIR / "content" / row.file.sha256[:2] / row.file.sha256
    path.write_bytes(b"rekamaN")
    for act in (lambda: exhibits.viewed(row, purpose="x", by=sari, at=AT),
                lambda: give(exhibit, [row.name], sari, with_originals=True)):  # fmt: skip
        with pytest.raises(actions.FileGone):
            act()
    assert not exhibit.releases.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"media_type": "text/html"}, "Jenis"), ({"content": b""}, "kosong"),
        ({"captured_to": AT - timedelta(days=1)}, "sebelum"),
    ],
)  # fmt: skip
def test_what_cannot_be_evidence_is_refused_in_words(exhibit, sari, more, said):
    usual = {"content": b"x", "media_type": "video/mp4", "captured_to": AT} | more
    with pytest.raises(UserError, match=said):
        exhibits.add_file(exhibit, usual.pop("content"), role="original", captured_from=AT, clock_offset_ms=None,
                          by=sari, at=AT, **usual)  # fmt: skip


@pytest.fixture
def package(exhibit, sari, budi, tmp_path):
    original = add(exhibit, sari)
    copy = hidden(exhibit, original)
    exhibits.check_redaction(copy, is_good=True, by=budi, at=AT)
    path = tmp_path / "paket.zip"
    path.write_bytes(actions.content_of(give(exhibit, [copy.name], sari).package))
    return path


def test_a_stranger_verifies_the_package_with_public_commands(package, tmp_path, settings):
    from satukota.base.audit.signing import public_key

    assert packages.problems(package) == []
    assert packages.problems(package, [public_key(settings.AUDIT_KEY)]) == []
    assert packages.problems(package, ["0" * 64]) == ["signed with a key that is not the city's"]
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "isi")
    for command in (
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "public-key.pem", "-in", "SHA256SUMS",
         "-sigfile", "SHA256SUMS.sig"],
    ):  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path / "isi", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def changed(package, name, content):
    """The package with one member replaced, added (new name) or left out (None)."""
    out = io.BytesIO()
    with zipfile.ZipFile(package) as archive, zipfile.ZipFile(out, "w") as made:
        parts = {info.filename: archive.read(info) for info in archive.infolist()} | {name: content}
        for member, data in parts.items():
            if data is not None:
                made.writestr(member, data)
    out.seek(0)
    return out


def test_one_byte_anywhere_is_told(package):
    with zipfile.ZipFile(package) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    for name, content in parts.items():
        middle = len(content) // 2
        harmed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        assert packages.problems(changed(package, name, harmed)), name
        assert packages.problems(changed(package, name, None)), name
    assert packages.problems(changed(package, "tambahan.mp4", b"lain")) == ["not listed: tambahan.mp4"]


def test_nonsense_is_no_package_and_no_crash(tmp_path, capsys):
    for number, content in enumerate([b"", b"PK\x03\x04", b"<html>", bytes(1000)]):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(content)
        assert main(["verify", str(path)]) == 1
    assert main(["verify", str(tmp_path / "tidak-ada.zip")]) == 2
    assert "not a package" in capsys.readouterr().out
