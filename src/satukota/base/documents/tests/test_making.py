"""A PDF from data: equal for equal data, readable aloud, never code, never the network, never without end."""

import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from satukota.base.documents import making
from satukota.base.documents.actions import paper_data
from satukota.base.documents.making import TemplateBroken, day_in_words, make_pdf
from satukota.base.errors import UserError

from .make import AT, PLAIN, plain_data


def made(**more):
    return make_pdf(PLAIN, paper_data(plain_data(**more), title="Surat contoh", at=AT), at=AT)


def test_equal_data_gives_equal_bytes():
    assert made() == made()
    assert made(text="Lain") != made()


def test_a_paper_is_tagged_titled_and_in_indonesian():
    root = PdfFileReader(io.BytesIO(made())).root
    assert root["/Lang"] == "id-ID" and root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    told = root["/Metadata"].data.decode()
    assert "<pdfuaid:part>1<" in told and "<pdfaid:part>2<" in told and "Surat contoh" in told


def test_text_is_never_run_as_typst():
    hostile = '#panic("jalan") #read("/project/settings.py") $ \\ ``` <a> @b [ ] { } "'
    assert made(text=hostile).startswith(b"%PDF-")


def test_a_template_can_read_neither_the_machine_nor_the_network(tmp_path, monkeypatch):
    root = tmp_path / "satukota"
    root.mkdir()
    for name, source in {
        "machine": '#read("/etc/hostname")', "up": '#read("../../etc/hostname")',
        "package": '#import "@preview/cetz:0.2.2"\nA',
    }.items():  # fmt: skip
        (root / f"{name}.typ").write_text(source)
        monkeypatch.setattr(making, "ROOT", root)
        with pytest.raises(TemplateBroken):
            make_pdf(f"{name}.typ", {}, at=AT)


def test_a_template_outside_the_package_is_refused():
    for name in ("../../../etc/passwd", "/etc/passwd", "base/documents/making.py", "base/documents/typst/none.typ"):
        with pytest.raises(TemplateBroken):
            make_pdf(name, {}, at=AT)


def test_a_template_without_end_is_ended(tmp_path, monkeypatch):
    (tmp_path / "long.typ").write_text("#let n = 0\n#while true { n = n + 1; if n < 0 { break } }")
    monkeypatch.setattr(making, "ROOT", tmp_path)
    with pytest.raises((UserError, TemplateBroken)):
        make_pdf("long.typ", {}, at=AT, most_s=1)


def test_too_much_data_is_refused_with_a_sentence():
    with pytest.raises(UserError, match="terlalu banyak") as caught:
        made(text="x" * (making.MOST_DATA + 1))
    assert caught.value.fix and caught.value.code == "dokumen_terlalu_besar"


def test_letters_no_font_has_do_not_stop_a_paper():
    assert made(text="漢字 😀 \u202e\u0007 ● ■").startswith(b"%PDF-")


def test_a_day_is_said_in_the_citys_own_time(settings):
    settings.TIME_ZONE = "Asia/Makassar"
    assert day_in_words(AT.replace(hour=17)) == "23 November 2026"
