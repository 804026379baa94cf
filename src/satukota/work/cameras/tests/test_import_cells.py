"""What a cell means: degrees, numbers, dates, and logins that hide in addresses."""

import math
from datetime import date, datetime

import pytest

from satukota.work.cameras.hours import hours_text, parse_hours
from satukota.work.cameras.importing import cells, logins, positions
from satukota.work.cameras.importing.columns import keys_of


@pytest.mark.parametrize(("written", "axis", "meant"), [
    ("0,1328", "lat", 0.1328), ("0.1328", "lat", 0.1328), (0.1328, "lat", 0.1328), ("117,48", "lon", 117.48),
    ("0°7'58\"U", "lat", 0.132777778), ("0°07′58″ LU", "lat", 0.132777778), ("117°28'BT", "lon", 117.466666667),
    ("0.1328 LU", "lat", 0.1328), ("LU 0,1328", "lat", 0.1328), ("0.1328 N", "lat", 0.1328),
    ("0 7 58 U", "lat", 0.132777778), ("117:28:48", "lon", 117.48), ("117° 28.8' E", "lon", 117.48),
    ("117°28'48,00\"T", "lon", 117.48), ("0.1 LS", "lat", -0.1), ("-0,1", "lat", -0.1), ("+0.1", "lat", 0.1),
    ("0°7’58’’ Lintang Utara", "lat", 0.132777778), ("117 derajat 28 menit 48 detik BT", "lon", 117.48),
    ("  0,1328° ", "lat", 0.1328), ("\u00a00,1328", "lat", 0.1328), (117, "lon", 117.0), ("−0,5", "lat", -0.5),
])  # fmt: skip
def test_degrees_in_every_usual_hand(written: object, axis: str, meant: float) -> None:
    assert math.isclose(positions.degrees(written, axis), meant, abs_tol=5e-9)


@pytest.mark.parametrize(("written", "axis", "said"), [
    ("117°28'BT", "lat", "tertukar"), ("0°7'58\"U", "lon", "tertukar"), ("0°61'U", "lat", "kurang dari 60"),
    ("0°7'60\"U", "lat", "kurang dari 60"), ("abc", "lat", "tidak terbaca"), ("nan", "lat", "angka biasa"),
    ("Infinity", "lon", "angka biasa"), (float("nan"), "lat", "angka biasa"), (float("inf"), "lon", "angka biasa"),
    ("1.174.832", "lon", "tidak terbaca"), ("117483200", "lon", "paling jauh 180"), ("-0,1 LS", "lat", "dua kali"),
    ("U 0,1 U", "lat", "dua kali"), ("0,5°7'U", "lat", "bagian terakhir"), (True, "lat", "bukan angka"),
    (datetime(2026, 1, 1), "lat", "tanggal"), ("1" * 5000, "lat", ""), ("٣", "lat", ""), ("#REF!", "lat", ""),
    ("0°7'58\"U; 117°", "lat", "tidak terbaca"), (10**400, "lat", ""),
])  # fmt: skip
def test_what_are_no_degrees_is_said(written: object, axis: str, said: str) -> None:
    with pytest.raises(ValueError, match=".") as problem:
        positions.degrees(written, axis)
    assert said in str(problem.value)
    assert len(str(problem.value)) < 250


@pytest.mark.parametrize("written", [
    "0,1328; 117,4801", "0.1328, 117.4801", "0.1328,117.4801", "0,1328 117,4801", "0.1328 117.4801",
    "0°7'58.08\"U, 117°28'48.36\"BT", "0.1328 LU, 117.4801 BT",
])  # fmt: skip
def test_both_in_one_cell(written: str) -> None:
    lat, lon = positions.pair(written)
    assert math.isclose(positions.degrees(lat, "lat"), 0.1328, abs_tol=1e-6)
    assert math.isclose(positions.degrees(lon, "lon"), 117.4801, abs_tol=1e-6)


@pytest.mark.parametrize(("cell", "meant"), [
    ("1,5", 1.5), ("1.5", 1.5), (" 60 m", 60), ("90°", 90), (15, 15), (15.0, 15), (".5", 0.5), ("1280px", 1280),
])  # fmt: skip
def test_numbers(cell: object, meant: float) -> None:
    assert cells.number(cell) == meant


@pytest.mark.parametrize("cell", ["", "x", "1,2,3", "1e999", "--1", "0x10", "∞", "1_000", "#N/A", "12 34", 10**400])
def test_what_is_no_number(cell: object) -> None:
    with pytest.raises(ValueError, match="."):
        cells.number(cell)


def test_money_dates_and_yes() -> None:
    assert cells.rupiah("Rp50.000.000,00") == cells.rupiah("50000000") == cells.rupiah(5e7) == 50_000_000
    for written in ("30/04/2026", "2026-04-30", datetime(2026, 4, 30, 8), date(2026, 4, 30)):
        assert cells.day(written) == date(2026, 4, 30)
    assert cells.yes_no("Ya") is True
    assert cells.yes_no("TIDAK") is False
    for wrong in ("04/30/2026", "kemarin", "31/02/2026"):
        with pytest.raises(ValueError, match="tanggal"):
            cells.day(wrong)


@pytest.mark.parametrize(("address", "clean", "user", "password"), [
    ("rtsp://10.0.0.1/ch1", "rtsp://10.0.0.1/ch1", "", ""),
    ("rtsp://admin:rahasia@10.0.0.1:554/ch1", "rtsp://10.0.0.1:554/ch1", "admin", "rahasia"),
    ("rtsp://admin:p@ss@10.0.0.1/ch1", "rtsp://10.0.0.1/ch1", "admin", "p@ss"),
    ("rtsp://admin:pa/ss@10.0.0.1/ch1", "rtsp://10.0.0.1/ch1", "admin", "pa/ss"),
    ("rtsp://admin:p@s/s@10.0.0.1/ch1", "rtsp://10.0.0.1/ch1", "admin", "p@s/s"),
    ("rtsp://admin:a?b#c@kamera.contoh/ch1", "rtsp://kamera.contoh/ch1", "admin", "a?b#c"),
    ("rtsp://admin:%40%3A@10.0.0.1/", "rtsp://10.0.0.1/", "admin", "@:"),
    ("admin:rahasia@10.0.0.1:554", "10.0.0.1:554", "admin", "rahasia"),
    ("rtsp://10.0.0.1/ch1?mail=a@b.c", "rtsp://10.0.0.1/ch1?mail=a@b.c", "", ""),
    ("rtsp://admin@10.0.0.1/", "rtsp://10.0.0.1/", "admin", ""),
])  # fmt: skip
def test_login_and_address_are_parted(address: str, clean: str, user: str, password: str) -> None:
    found = logins.part(address)
    assert (found.address, found.username, found.password) == (clean, user, password)


@pytest.mark.parametrize("address", [
    "rtsp://10.0.0.1/user=admin_password=rahasia_channel=1", "rtsp://10.0.0.1/?pwd=rahasia&x=1",
    "rtsp://10.0.0.1/a?token=rahasia", "rtsp://10.0.0.1/?PASS=rahasia",
])  # fmt: skip
def test_a_secret_in_the_path_is_hidden_and_said(address: str) -> None:
    found = logins.part(address)
    assert found.in_path
    assert "rahasia" not in found.address


def test_headings_by_any_name_and_the_plainer_one_wins() -> None:
    assert keys_of(["KODE CCTV", "Nama", "lebar_px", "Lat", "LONGITUDE", "Kata Sandi", "apa ini"]) == [
        "code", "name", "width", "lat", "lon", "password", None,
    ]  # fmt: skip
    assert keys_of(["Kode", "Alamat", "URL RTSP"]) == ["code", None, "address"]
    assert keys_of(["Kode", "Alamat"]) == ["code", "address"]


def test_required_hours_read_back_as_written() -> None:
    spans = parse_hours("Senin–Jumat 06.00–22.00\nSabtu 8:00-12:00\n")
    assert spans[0] == ["mon", "06:00", "22:00"]
    assert spans[-1] == ["sat", "08:00", "12:00"]
    assert parse_hours(hours_text(spans)) == spans
    assert parse_hours("Setiap hari 00.00–24.00")[6] == ["sun", "00:00", "24:00"]
    assert parse_hours("") == parse_hours("setiap saat") == []
    assert [span[0] for span in parse_hours("Jumat-Minggu 20.00-04.00")] == ["fri", "sat", "sun"]
    for wrong in ("besok", "Senin 25.00-26.00", "Senin 08.60-09.00", "Foo-Bar 08.00-09.00"):
        with pytest.raises(ValueError, match="“"):
            parse_hours(wrong)
