"""Signed, verified offline, and refused when a single byte is another."""

import random
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from satukota.base.documents import command_line, signing
from satukota.base.documents.actions import paper_data
from satukota.base.documents.making import make_pdf
from satukota.base.documents.tests.make import AT, PLAIN, plain_data
from satukota.base.documents.verifying import NotAPaper, verify_pdf
from satukota.project import env, local_secrets


@pytest.fixture(scope="module")
def own() -> signing.Identity:
    return signing.read_own(signing.make_own("contoh.go.id"))


@pytest.fixture(scope="module")
def letter(own) -> bytes:
    pdf = make_pdf(PLAIN, paper_data(plain_data(), title="Surat", at=AT), at=AT)
    return signing.sign_pdf(pdf, by=own, reason="Surat")


def test_a_letter_holds_for_its_own_certificate_alone(letter, own):
    told = verify_pdf(letter, own.pem)
    assert told.holds and told.signer == "Satukota contoh.go.id" and told.fingerprint == own.fingerprint
    other = verify_pdf(letter, signing.read_own(signing.make_own("lain.go.id")).pem)
    assert other.is_intact and not other.is_known and not other.holds


def test_the_certificate_says_that_it_is_self_made(own):
    assert own.is_self_made and "self-signed" in own.certificate.subject.rfc4514_string()
    assert own.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_no_byte_can_be_altered_unseen(letter, own):
    """Places by chance, and all over what no signature can cover: its own place."""
    chance = random.Random(7)
    places = [chance.randrange(len(letter)) for _each in range(40)]
    start = letter.index(b"/Contents <") + 10
    places += range(start, letter.index(b">", start) + 1, 499)
    for place in places:
        altered = bytearray(letter)
        altered[place] ^= 1 << place % 7
        with suppress(NotAPaper):
            assert not verify_pdf(bytes(altered), own.pem).holds, place


def test_nothing_can_be_added_behind_the_signature(letter, own):
    told = verify_pdf(letter + b"\n% tambahan", own.pem)
    assert not told.is_whole and not told.holds


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"x" * 1000, b"%PDF-1.7\nxref\n0 99999999\ntrailer<</Root 1 0 R>>"]
)
def test_what_is_no_letter_is_said_to_be_none(content, own):
    with pytest.raises(NotAPaper):
        verify_pdf(content, own.pem)


def test_an_unsigned_paper_is_no_letter(own):
    with pytest.raises(NotAPaper, match="nobody signed"):
        verify_pdf(make_pdf(PLAIN, paper_data(plain_data(), title="Surat", at=AT), at=AT), own.pem)


def test_the_command_tells_a_whole_letter_from_an_altered_one(letter, own, tmp_path, capsys):
    file, pem = tmp_path / "surat.pdf", tmp_path / "kota.pem"
    pem.write_bytes(own.pem)
    words = [str(file), "--certificate", str(pem)]
    file.write_bytes(letter)
    assert command_line.main(words, lambda: pytest.fail("no settings needed")) == 0
    assert "as it was signed" in capsys.readouterr().out
    file.write_bytes(letter.replace(b"%PDF-1.7", b"%PDF-1.6"))
    assert command_line.main(words, lambda: None) == 1
    file.unlink()
    assert command_line.main(words, lambda: None) == 2


@pytest.fixture
def given(tmp_path):
    pem = signing.make_own("kota.go.id").encode()
    certificate = x509.load_pem_x509_certificate(pem)
    content = pkcs12.serialize_key_and_certificates(
        b"kota", load_pem_private_key(pem, None), certificate, None, BestAvailableEncryption(b"benar")
    )
    path = tmp_path / "kota.p12"
    path.write_bytes(content)
    return path


def test_a_certificate_the_city_was_given_signs_instead(given, letter):
    assert local_secrets.signing_identity(str(given), "benar", given.with_name("letters.pem")) == ""
    who = signing.read_given(given, "benar")
    assert who.name == "Satukota kota.go.id"
    assert not given.with_name("letters.pem").exists()


def test_a_wrong_password_stops_the_start_without_being_named(given, tmp_path):
    for file, password in ((str(given), "salah-sekali"), (str(tmp_path / "tiada.p12"), "")):
        with pytest.raises(env.UnclearSetting, match="SATUKOTA_SIGNING_FILE") as caught:
            local_secrets.signing_identity(file, password, tmp_path / "letters.pem")
        assert "salah-sekali" not in str(caught.value)


def test_the_installations_own_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "letters.pem"
    first = local_secrets.signing_identity("", "", path)
    assert local_secrets.signing_identity("", "", path) == first
    assert path.stat().st_mode & 0o077 == 0
