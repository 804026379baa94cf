"""Every text on screen has its English, which says the same things at the same places, and people can switch."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils.translation import override

from satukota.work.cameras import hours
from satukota.work.cameras.importing.cells import text_of, yes_no
from satukota.work.cameras.importing.columns import folded
from satukota.work.cameras.importing.rows import KINDS, PURPOSE_WORDS
from satukota.work.cameras.models import Camera
from satukota.work.cameras.words import PURPOSES
from scripts import messages

CATALOGUE = messages.LOCALE / "en" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|\{\w*\}")
# What is the same word in both languages, or stays Indonesian: field terms, and day names the form reads back.
SAME = {
    "%(n)d kelurahan", "%(name)s %(state)s", "%(name)s %(state)s: %(cause)s", "%(name)s: %(fact)s", "Audit",
    "Auditor (Inspektorat)", "Badan", "Dinas", "Dome", "Inspektorat", "Kecamatan", "Kelurahan",
    "Kelurahan %(name)s, Kecamatan %(kecamatan)s", "Model", "NIK", "No.", "ONVIF Profile G", "OPD",
    "OpenStreetMap", "PTZ", "Pj.", "Plh.", "Plt.", "Port", "SOP",
    "Satuan", "Sekretariat", "UPTD", "Vital", "px/m", "supervisor",
    "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu",
}  # fmt: skip


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def entries(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    return {(each.context, forms_of(each.id)[0]): each for each in catalogue if each.id}


def forms_of(text: str | tuple[str, ...] | list[str]) -> list[str]:
    """The singular, and the plural where there is one."""
    return [text] if isinstance(text, str) else list(text)


@pytest.fixture(scope="module")
def english() -> Catalog:
    return read(CATALOGUE)


@pytest.fixture
def compiled(english, tmp_path, settings):
    """The catalogue as the product loads it, compiled here so that no older .mo is what we test."""
    folder = tmp_path / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, english)
    settings.LOCALE_PATHS = [tmp_path / "locale"]


def test_every_text_is_said_in_english(english):
    silent = [each.id for each in english if each.id and not all(forms_of(each.string))]
    assert len(entries(english)) > 1000
    assert not silent
    assert not [each.id for each in english if each.id and each.fuzzy]
    assert not english.obsolete


def test_english_keeps_the_placeholders(english):
    for each in entries(english).values():
        said = forms_of(each.string)
        assert len(said) == len(forms_of(each.id)), each.id
        for indonesian, text in zip(forms_of(each.id), said, strict=True):
            assert sorted(PLACEHOLDER.findall(indonesian)) == sorted(PLACEHOLDER.findall(text)), each.id
            assert indonesian[:1].isspace() == text[:1].isspace(), each.id
            assert indonesian[-1:].isspace() == text[-1:].isspace(), each.id
        assert not list(each.check(english)), each.id


def test_no_indonesian_text_was_left_standing(english):
    same = {
        each.id if isinstance(each.id, str) else each.id[0] for each in english if each.id and each.id == each.string
    }
    assert not same - SAME


def test_english_keeps_the_voice(english):
    loud = [text for each in english if each.id for text in forms_of(each.string) if "!" in text]
    assert not loud


def test_the_header_tells_nothing_of_who_and_when():
    head = CATALOGUE.read_text(encoding="utf-8").split("\n\n", 1)[0]
    assert head.startswith(messages.ABOUT)
    assert not [field for field in messages.IDLE_FIELDS if field in head]
    assert "#:" not in CATALOGUE.read_text(encoding="utf-8")  # no source lines: they would change with every edit


def test_plain_header_is_stable():
    head = '# English translations\n#\nmsgid ""\nmsgstr ""\n"Last-Translator: A <a@b>\\n"\n"Language: en\\n"'
    raw = f'{head}\n\nmsgid "a"\n'
    once = messages.with_plain_header(raw)
    assert "Last-Translator" not in once and '"Language: en\\n"' in once and once.endswith('\n\nmsgid "a"\n')
    assert messages.with_plain_header(once) == once == messages.with_plain_header("\n" + raw)


@pytest.mark.slow
def test_the_catalogue_has_every_text_of_the_product(english, tmp_path):
    messages.collect(tmp_path / "django.pot")
    of_product, known = entries(read(tmp_path / "django.pot")), entries(english)
    missing = [key for key, each in of_product.items() if key not in known or known[key].id != each.id]
    assert not missing, "Without English: run `make messages` and translate."
    assert not set(known) - set(of_product), "No longer in the product: run `make messages`."
    assert any("Gambar membeku" in key for key in of_product)  # parts that know no Django are read, too


@pytest.mark.django_db
def test_pages_answer_in_the_language_of_the_browser(client, compiled):
    for path, indonesian, said in (
        ("/", "Setiap angka di halaman ini diukur", "Every figure on this page is measured"),
        ("/akun/login/", "Kata sandi", "Password"),
        ("/tidak-ada/", "Halaman atau data ini tidak ditemukan.", "This page or record was not found."),
    ):
        english = client.get(path, headers={"accept-language": "en-GB,en;q=0.9"})
        assert 'lang="en"' in english.text and said in english.text and indonesian not in english.text, path
        for accepted in ("id", "fr", "", "x" * 5000):
            page = client.get(path, headers={"accept-language": accepted})
            assert 'lang="id"' in page.text and indonesian in page.text, (path, accepted[:5])


@pytest.mark.django_db
def test_people_switch_the_language_and_back(client, compiled):
    browser = {"accept-language": "id"}
    for language, said in (("en", "Officer sign-in"), ("id", "Masuk petugas"), ("en", "Officer sign-in")):
        answer = client.post("/bahasa/setlang/", {"language": language, "next": "/akun/login/"}, headers=browser)
        assert (answer.status_code, answer["Location"]) == (302, "/akun/login/")
        assert said in client.get("/akun/login/", headers=browser).text
    client.post("/bahasa/setlang/", {"language": "xx", "next": "/"}, headers=browser)
    assert "Officer sign-in" in client.get("/akun/login/", headers=browser).text  # an unknown language changes nothing
    away = client.post("/bahasa/setlang/", {"language": "id", "next": "https://contoh.invalid/"}, headers=browser)
    assert away["Location"] == "/"


def test_the_failure_page_speaks_both_languages(client, compiled, rf):
    from django.views.defaults import server_error

    with override("en"):
        page = server_error(rf.get("/")).text
    assert 'lang="en"' in page and "Something failed on our side." in page and "gangguan_dalam" in page
    with override("id"):
        assert "Ada gangguan di pihak kami." in server_error(rf.get("/")).text


def test_what_a_form_shows_in_english_can_be_typed_back(compiled):
    required = [["mon", "06:00", "22:00"], ["sat", "00:00", "24:00"], ["sun", "20:00", "04:00"]]
    with override("en"):
        assert hours.parse_hours(hours.hours_text(required)) == required


def test_what_a_file_says_in_english_can_be_imported(compiled):
    with override("en"):
        assert {PURPOSE_WORDS[folded(str(said))]: str(said) for said in PURPOSES.values()}.keys() == PURPOSES.keys()
        assert {KINDS[folded(str(kind.label))] for kind in Camera.Kind} == {kind.value for kind in Camera.Kind}
        assert yes_no(text_of("yes")) and not yes_no(text_of("no"))
