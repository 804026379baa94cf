"""The encrypted stream: what comes out is what went in, or nothing does."""

import io
import os

import pytest

from satukota.base.keeping import sealing
from satukota.base.keeping.sealing import SealedReader, SealedWriter, Unreadable


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch):
    monkeypatch.setattr(sealing, "PIECE", 64)
    monkeypatch.setattr(sealing, "COST", {"n": 4, "r": 8, "p": 1})


def sealed(content: bytes, words: str = "kata") -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, words)
    for start in range(0, len(content), 50):
        writer.write(content[start : start + 50])
    writer.close()
    return out.getvalue()


def opened(content: bytes, words: str = "kata") -> bytes:
    return io.BufferedReader(SealedReader(io.BytesIO(content), words)).read()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 1000])
def test_any_length_comes_back(size):
    content = os.urandom(size)
    assert opened(sealed(content)) == content


def test_each_flipped_byte_is_noticed():
    whole = bytearray(sealed(b"rahasia kota " * 20))
    for place in range(len(whole)):
        whole[place] ^= 1
        with pytest.raises(Unreadable):
            opened(bytes(whole))
        whole[place] ^= 1


def test_a_piece_cut_off_left_out_or_moved_is_noticed():
    whole = sealed(os.urandom(64 * 5))
    start, piece = len(whole) - 5 * 80, 80
    for broken in (whole[:-piece], whole[:-1], whole[: start + piece] + whole[start + 2 * piece :],
                   whole[:start] + whole[start + piece : start + 2 * piece] + whole[start : start + piece]
                   + whole[start + 2 * piece :], whole + b"x"):  # fmt: skip
        with pytest.raises(Unreadable):
            opened(broken)


def test_an_abandoned_stream_cannot_be_read():
    out = io.BytesIO()
    writer = SealedWriter(out, "kata")
    writer.write(os.urandom(200))
    writer.abandon()
    with pytest.raises(Unreadable):
        opened(out.getvalue())


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"SATUKOTA-BACKUP-1\n", b"SATUKOTA-BACKUP-1\n\xff\xff\xff\xff"]
)
def test_what_is_no_backup_is_said_to_be_none(content):
    with pytest.raises(Unreadable):
        opened(content)


def test_a_forged_cost_does_not_fill_the_memory():
    whole = sealed(b"x").replace(b'"n": 4', b'"n": 1073741824').replace(b'"n": 4', b'"n": 9')
    with pytest.raises(Unreadable):
        opened(whole)
