"""A typed address never makes the platform dial itself, and never shows a password again."""

import asyncio
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukota.base import addresses
from satukota.base.addresses import Address, AddressRefused, allowed_ip, check_address, resolve
from satukota.base.errors import UserError

ALL = {"tcp", "rtsp", "http", "https"}


@pytest.fixture(autouse=True)
def installation(settings):
    settings.SAMPLE, settings.PORT, settings.FEED_PORT = False, 8000, 8001
    settings.ALLOWED_HOSTS = ["satukota.contoh.go.id"]


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("10.64.1.20:554", "tcp", "10.64.1.20", 554, ""),
        ("rtsp://10.64.1.20/cam/realmonitor?channel=1&subtype=0", "rtsp", "10.64.1.20", 554,
         "/cam/realmonitor?channel=1&subtype=0"),
        ("RTSP://Kamera-7.Bontang.GO.ID:8554/live", "rtsp", "kamera-7.bontang.go.id", 8554, "/live"),
        ("https://situs.contoh.go.id", "https", "situs.contoh.go.id", 443, ""),
        ("[fd12::5]:80", "tcp", "fd12::5", 80, ""),
    ],
)  # fmt: skip
def test_a_plain_address_is_read(text, scheme, host, port, path):
    assert check_address(f"  {text} ", schemes=ALL) == Address(scheme, host, port, path)


def test_an_address_written_out_again_reads_the_same():
    for text in ("10.64.1.20:554", "[fd12::5]:80", "rtsp://10.64.1.20:554/a?b=c&d=e"):
        assert str(check_address(text, schemes=ALL)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "host:", "http://", "http://[::1", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:99999", "http://a..b/",
        "http://-a/", "http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://0177.0.0.1/",
        "http://①②⑦.⓪.⓪.①/", "file:///etc/passwd", "gopher://10.0.0.1/", "tcp://10.0.0.1:80/x", "http://10.0.0.1/#a",
        "rtsp://10.0.0.1/a;reboot", "rtsp://10.0.0.1/$(id)", "rtsp://10.0.0.1/`id`", "rtsp://10.0.0.1/a b",
        "rtsp://10.0.0.1/a|b", "rtsp://10.0.0.1&x/", "rtsp://10.0.0.1/\r\nDESCRIBE", "rtsp://10.0.0.1/\x00",
        "http://[fe80::1%25eth0]/", "x" * 400 + ":80",
    ],
)  # fmt: skip
def test_what_can_never_be_right_is_refused_with_a_sentence(text):
    with pytest.raises(UserError) as refused:
        check_address(text, schemes=ALL)
    assert refused.value.text and refused.value.fix


@pytest.mark.parametrize(
    "text", ["rtsp://admin:rahasia9@10.0.0.1/", "rahasia9@10.0.0.1:80", "rtsp://10.0.0.1/?user=a&password=rahasia9",
             "rtsp://10.0.0.1/user=admin_password=rahasia9_channel=1.sdp"],
)  # fmt: skip
def test_a_password_inside_is_refused_and_not_repeated(text):
    with pytest.raises(UserError) as refused:
        check_address(text, schemes=ALL)
    assert refused.value.code == "sandi_dalam_alamat"
    assert "rahasia9" not in refused.value.text + refused.value.fix


@pytest.mark.parametrize(
    "ip", ["169.254.169.254", "169.254.1.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::",
           "fe80::1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
           "2002:a9fe:a9fe::1", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "not-an-ip", ""],
)  # fmt: skip
def test_special_addresses_are_never_dialled(ip):
    assert not allowed_ip(ip)


def test_loopback_only_in_the_sample_city_and_never_our_own_ports(settings):
    settings.SAMPLE = True
    assert allowed_ip("127.0.0.1", 18600) and allowed_ip("::1", 18600)
    assert not allowed_ip("127.0.0.1", 8000)
    assert not allowed_ip("::ffff:127.0.0.1", 8001)
    for text in ("http://127.0.0.1:8000/pusat/", "http://[::1]:8001/", "127.0.0.1:8000"):
        with pytest.raises(AddressRefused):
            check_address(text, schemes=ALL)


def test_our_own_name_and_our_own_lan_address_are_refused(monkeypatch):
    monkeypatch.setattr(addresses, "_is_own_ip", lambda ip: str(ip) == "10.64.0.2")
    for text in ("http://satukota.contoh.go.id/", "https://SATUKOTA.contoh.go.id./", "10.64.0.2:8000"):
        with pytest.raises(AddressRefused):
            check_address(text, schemes=ALL)
    assert str(check_address("10.64.0.2:554", schemes=ALL)) == "10.64.0.2:554"


def test_this_machine_is_known_by_binding():
    assert addresses._is_own_ip(ipaddress.ip_address("127.0.0.1"))
    assert not addresses._is_own_ip(ipaddress.ip_address("192.0.2.1"))


def test_private_addresses_can_be_closed(settings):
    assert allowed_ip("192.168.1.20")
    settings.PRIVATE_ADDRESSES = False
    assert not allowed_ip("192.168.1.20") and allowed_ip("8.8.8.8")


def answers(monkeypatch, *ips: str) -> None:
    async def getaddrinfo(self, host, port, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def test_a_name_that_turns_to_a_forbidden_address_is_caught_when_dialled(monkeypatch):
    assert check_address("http://kamera.contoh/", schemes=ALL).host == "kamera.contoh"
    answers(monkeypatch, "169.254.169.254")
    with pytest.raises(AddressRefused):
        asyncio.run(resolve("kamera.contoh", 80))
    answers(monkeypatch, "127.0.0.1", "10.64.1.9")
    assert asyncio.run(resolve("kamera.contoh", 80)) == ["10.64.1.9"]


@given(st.text(max_size=80))
def test_any_text_at_all_is_read_or_refused(text):
    try:
        address = check_address(text, schemes=ALL)
    except UserError:
        return
    assert address.host and 0 < address.port < 65536
    assert check_address(str(address), schemes=ALL) == address
