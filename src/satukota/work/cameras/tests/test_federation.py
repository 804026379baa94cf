"""Two installations: who is believed at the door, what goes through it, and how it ends."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from satukota.base import clock
from satukota.base.audit.models import AuditEntry
from satukota.base.errors import AlreadyDone, NotAllowed, UserError
from satukota.base.signed_requests import Message, fingerprint_of, public_of, sign
from satukota.city.models import Duty, Opd
from satukota.shared.monitoring.models import Target
from satukota.work.cameras import watchers
from satukota.work.cameras.federation import asking, joining, keys, loans, looks, receiving, streams, trust
from satukota.work.cameras.federation.probe import PeerCameraProbe
from satukota.work.cameras.federation.telling import LendingTold, StreamAsked, plain, read
from satukota.work.cameras.live.actions import Why, ask_to_watch, come_in, end_watching
from satukota.work.cameras.models import Agreement, Camera, Loan, OwnKey, Peer, PeerLook, PeerStream, ToldLook
from satukota.work.cameras.tests.make import City, make_camera, make_city, signed_in

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)  # Monday, noon in WITA
THEIRS, THEIR_NEXT = "33" * 32, "44" * 32
ADDRESS = "http://127.0.0.1:9155"
DOOR = "/api/v1/federation"
NIGHTS = [["mon", "18:00", "06:00"]]


@dataclass
class Two:
    city: City
    peer: Peer
    camera: Camera
    supervisor: Any
    now: list[datetime]


@pytest.fixture
def two(monkeypatch, settings) -> Two:
    settings.SITE_URL, settings.SAMPLE = "http://testserver", True
    now = [AT]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    cache.clear()
    city = make_city()
    opd = Opd.objects.create(code="pelabuhan", name="Pelabuhan Contoh", short_name="Pelabuhan", kind="lain",
                             valid_from=date(2020, 1, 1))  # fmt: skip
    card = joining.Card("Pelabuhan Contoh", ADDRESS, public_of(THEIRS))
    peer = joining.join(card, fingerprint=card.fingerprint.lower(), prefix="PLB", opd=opd, by=city.who.supervisor,
                        at=AT)  # fmt: skip
    camera = make_camera(
        "MB-001", lon=117.48, lat=0.13, bearing_deg=90, fov_deg=90, range_m=50, width=1280, status="up"
    )
    return Two(city, peer, camera, city.who.supervisor, now)


def lend(two: Two, **more: Any) -> Loan:
    said = {"number": "PKS/PLB/1", "peer": two.peer, "codes": ["MB-001"], "purposes": ["disaster"], "hours": [],
            "areas": [], "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "counts": True,
            "by": two.supervisor, "at": AT} | more  # fmt: skip
    return loans.make(**said)


def send(path: str, said: Any = None, *, key: str = THEIRS, at: datetime = AT, method: str = "", **more: Any) -> Any:
    """A request as the other installation makes it; `more` overrides what arrives: body, url, headers."""
    body = b"" if said is None else json.dumps(said).encode()
    method = method or ("GET" if said is None else "POST")
    headers = sign(Message(method, f"http://testserver{DOOR}{path}", {}, body), key=key, at=at)
    return arrive(method, path, headers, more.get("body", body), more.get("host", "testserver"))


def arrive(method: str, path: str, headers: dict[str, str], body: bytes, host: str = "testserver") -> Any:
    client = Client(headers={"accept-language": "id"})
    return client.generic(
        method, f"{DOOR}{path}", body, content_type="application/json", headers=headers | {"host": host}
    )


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def test_what_is_not_exactly_as_signed_is_refused_with_a_sentence_and_audited(two, settings):
    settings.ALLOWED_HOSTS = ["*"]
    lend(two)
    assert told(send("/loans"))[0] == 200
    assert told(arrive("GET", "/loans", {}, b"")) == (401, "tidak_ditandatangani")
    assert told(send("/loans", key=THEIR_NEXT)) == (401, "kunci_tidak_dikenal")
    assert told(send("/loans", at=AT - timedelta(seconds=90))) == (401, "permintaan_kedaluwarsa")
    assert told(send("/loans", at=AT + timedelta(seconds=90))) == (401, "permintaan_kedaluwarsa")
    assert told(send("/looks", {"looks": []}, body=b'{"looks": [1]}')) == (401, "isi_berubah")
    assert told(send("/loans", host="kota-lain.contoh")) == (401, "salah_alamat")
    headers = sign(Message("GET", "http://kota-lain.contoh/loans", {}, b""), key=THEIRS, at=AT)
    answer = arrive("GET", "/loans", headers, b"")
    assert told(answer) == (401, "tanda_tangan_salah") and "Tanda tangan tidak cocok" in answer.json()["error"]["text"]
    why = [row.after["why"] for row in AuditEntry.objects.filter(act="federation.refused").order_by("number")]
    assert why == ["unsigned", "unknown_key", "stale", "altered", "wrong_host", "forged"]


def test_a_captured_request_is_good_once(two):
    lend(two)
    headers = sign(Message("GET", f"http://testserver{DOOR}/loans", {}, b""), key=THEIRS, at=AT)
    assert arrive("GET", "/loans", headers, b"").status_code == 200
    assert told(arrive("GET", "/loans", headers, b"")) == (401, "permintaan_diulang")
    assert trust.forget_nonces(AT + timedelta(minutes=9)) == 0  # as long as it could be good it is remembered
    two.now[0] = AT + timedelta(minutes=11)
    assert trust.forget_nonces(two.now[0]) == 1
    assert told(arrive("GET", "/loans", headers, b"")) == (401, "permintaan_kedaluwarsa")


def test_joining_needs_the_fingerprint_and_is_done_once(two):
    card = joining.Card("Kota Lain", "http://127.0.0.1:9156", public_of(THEIR_NEXT))
    said = {"prefix": "KL", "opd": two.peer.opd, "by": two.supervisor, "at": AT}
    with pytest.raises(UserError, match="jangan bergabung"):
        joining.join(card, fingerprint="AAAA-AAAA-AAAA-AAAA", **said)
    with pytest.raises(NotAllowed):
        joining.join(card, fingerprint=card.fingerprint, **(said | {"by": two.city.who.operator}))
    with pytest.raises(AlreadyDone):
        joining.join(card, fingerprint=card.fingerprint, **(said | {"prefix": "PLB"}))
    assert joining.join(card, fingerprint=card.fingerprint, **said).prefix == "KL"


def test_a_card_is_believed_only_in_form_and_only_of_another(two, monkeypatch):
    good = joining.own_card(AT) | {"address": ADDRESS, "public_key": public_of(THEIR_NEXT)}
    monkeypatch.setattr(asking, "card_at", lambda origin: good)
    assert joining.look_at(ADDRESS + "/apa/saja", AT).public_key == public_of(THEIR_NEXT)
    for wrong in ({"address": "http://127.0.0.1:1"}, {"public_key": "xx"}, {"format": "lain"}, {"name": 7},
                  {"public_key": keys.current(AT).public}):  # fmt: skip
        monkeypatch.setattr(asking, "card_at", lambda origin, wrong=wrong: good | wrong)
        with pytest.raises(UserError):
            joining.look_at(ADDRESS, AT)
    for address in ("http://169.254.169.254", "ftp://kota.contoh", "http://127.0.0.1:8000", "https://a:b@kota.contoh"):
        with pytest.raises(UserError):
            asking.origin_of(address)


def test_between_cities_only_https_is_spoken(two, settings):
    settings.SAMPLE = False
    with pytest.raises(UserError):
        asking.origin_of("http://kota.contoh")
    assert asking.origin_of("https://kota.contoh:443/x") == "https://kota.contoh"


def look(two: Two, **more: Any) -> dict[str, Any]:
    return {"number": 5, "camera": "MB-001", "person": "ab12cd34", "role": "Operator", "office": "KSOP",
            "purpose": "disaster", "opened_at": AT.isoformat()} | more  # fmt: skip


def test_pictures_flow_only_after_a_look_was_told_and_a_ticket_is_good_once(two):
    lend(two)
    assert told(send("/streams", {"camera": "MB-001"})) == (409, "tidak_dipinjamkan")
    assert send("/looks", {"looks": [look(two, purpose="patrol")]}).json() == {"heard": 1, "refused": []}
    assert told(send("/streams", {"camera": "MB-001"})) == (409, "tidak_dipinjamkan")
    assert send("/looks", {"looks": [look(two, number=6), look(two, number=7, camera="MB-999")]}).json()["refused"] == [
        7
    ]
    ticket = send("/streams", {"camera": "MB-001", "stream": "sub"}).json()["ticket"]
    guest = streams.come_in(ticket, AT)
    assert guest is not None and guest.entry.stream == "sub" and streams.come_in(ticket, AT) is None
    late = send("/streams", {"camera": "MB-001"}).json()["ticket"]
    assert streams.come_in(late, AT + timedelta(seconds=31)) is None and streams.come_in("", AT) is None
    assert told(send("/streams", {"camera": "MB-002"})) == (404, "tidak_ditemukan")
    rows = {row.number: row for row in PeerLook.objects.all()}
    assert (rows[5].within, rows[6].within) == (False, True)
    said = AuditEntry.objects.filter(act="federation.watched").latest("number")
    assert said.purpose == "Mengawasi banjir atau bencana" and said.after["chosen"]["person"] == "ab12cd34"


def test_one_click_ends_what_flows_and_what_is_told(two):
    loan = lend(two)
    send("/looks", {"looks": [look(two)]})
    guest = streams.come_in(streams.open_for(two.peer, StreamAsked(camera="MB-001"), AT).ticket, AT)
    assert guest is not None and streams.may_stay([guest], AT) == {guest}
    loans.revoke(loan, why="kapal tamu", by=two.supervisor, at=AT)
    assert streams.may_stay([guest], AT + timedelta(milliseconds=1)) == set()
    answer = send("/loans").json()
    assert answer["cameras"] == [] and answer["loans"][0]["revoked_why"] == "kapal tamu"
    assert told(send("/streams", {"camera": "MB-001"})) == (409, "tidak_dipinjamkan")
    with pytest.raises(AlreadyDone):
        loans.revoke(loan, why="lagi", by=two.supervisor, at=AT)
    streams.end(guest.entry.watch_id, AT, why="revoked")
    assert PeerStream.objects.get(opened_at__isnull=False).ended_by == "revoked"


def test_outside_its_hours_nothing_flows(two):
    lend(two, hours=NIGHTS)
    send("/looks", {"looks": [look(two)]})
    assert told(send("/streams", {"camera": "MB-001"})) == (409, "tidak_dipinjamkan")
    night = AT + timedelta(hours=8)
    guest = streams.come_in(streams.open_for(two.peer, StreamAsked(camera="MB-001"), night).ticket, night)
    assert guest is not None and streams.may_stay([guest], night) == {guest}
    assert streams.may_stay([guest], AT + timedelta(hours=20)) == set()


def test_closing_the_connection_ends_everything(two):
    loan = lend(two)
    joining.close(two.peer, why="pindah", by=two.supervisor, at=AT)
    loan.refresh_from_db()
    assert loan.revoked_why == "pindah" and told(send("/loans")) == (401, "kunci_tidak_dikenal")
    with pytest.raises(AlreadyDone):
        joining.close(two.peer, why="lagi", by=two.supervisor, at=AT)
    two.peer.refresh_from_db()
    with pytest.raises(UserError):
        lend(two, number="PKS/2", peer=two.peer)


def test_what_a_third_party_lends_us_is_not_lent_on(two):
    agreement = Agreement.objects.create(number="X", partner=two.peer.opd, starts_on=date(2026, 1, 1), made_at=AT,
                                         ends_on=date(2026, 12, 31), made_by=two.supervisor)  # fmt: skip
    agreement.cameras.add(two.camera)
    with pytest.raises(UserError, match="dipinjam dari pihak lain"):
        lend(two)


# -- the borrowing side


def lending(**more: Any) -> LendingTold:
    loan = {"number": "PKS/9", "purposes": ["disaster"], "hours": [], "areas": [], "starts_on": "2026-01-01",
            "ends_on": "2026-12-31", "counts": True, "cameras": ["K-01"]} | more.pop("loan", {})  # fmt: skip
    camera = {"code": "K-01", "name": "Dermaga 1", "lon": 117.49, "lat": 0.14, "bearing_deg": 10, "fov_deg": 80,
              "range_m": 60, "width": 1920, "state": "up"} | more.pop("camera", {})  # fmt: skip
    gone = more.pop("gone", False)
    said = {"at": AT.isoformat(), "time_zone": "Asia/Makassar", "loans": [loan], "cameras": [] if gone else [camera]}
    return read(LendingTold, said | more)


def borrowed() -> Camera:
    return Camera.objects.select_related("target__owner", "peer_camera").get(target__code="PLB-K-01")


def verdict(camera: Camera) -> tuple[str, str]:
    probe = PeerCameraProbe()
    look = asyncio.run(probe.look(probe.prepare([camera.target], {})[camera.pk]))
    return look.verdict, look.cause


def test_what_is_lent_stands_in_the_register_counts_and_ends(two):
    receiving.take(two.peer, lending(), AT)
    receiving.take(two.peer, lending(), AT)  # twice is once
    camera = borrowed()
    assert (camera.target.kind, camera.target.owner, camera.width) == ("peer_camera", two.peer.opd, 1920)
    assert verdict(camera) == ("up", "")
    seen = {one.code: one for one in watchers.watchers()}
    assert seen["PLB-K-01"].partner and seen["PLB-K-01"].areas is None
    receiving.take(two.peer, lending(camera={"state": "down", "cause": "frozen"}), AT)
    assert verdict(borrowed()) == ("down", "frozen")
    two.now[0] = AT + timedelta(minutes=5)
    assert verdict(borrowed()) == ("unknown", "peer_silent")
    ended = {"revoked_at": AT.isoformat(), "revoked_why": "kapal tamu"}
    receiving.take(two.peer, lending(loan=ended, gone=True), two.now[0])
    assert borrowed().target.retired_on and "PLB-K-01" not in {one.code for one in watchers.watchers()}
    assert Agreement.objects.get(peer=two.peer).revoked_why == "kapal tamu"
    acts = AuditEntry.objects.filter(act__startswith="federation.borrow").order_by("number")
    assert [row.act for row in acts] == ["federation.borrowed", "federation.borrowing_ended"]


def test_what_is_not_told_any_more_has_ended_and_what_is_told_again_is_back(two):
    receiving.take(two.peer, lending(), AT)
    receiving.take(two.peer, lending(loans=[], gone=True), AT)
    assert borrowed().target.retired_on and Agreement.objects.get(number="PKS/9").revoked_at
    receiving.take(two.peer, lending(loan={"number": "PKS/10"}), AT)
    assert borrowed().target.retired_on is None and Camera.objects.filter(peer_camera__peer=two.peer).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"camera": {"lon": float("nan")}}, {"camera": {"state": "kacau"}}, {"camera": {"code": "a/b"}},
     {"camera": {"name": "x\x00"}}, {"camera": {"fov_deg": 0}}, {"loan": {"hours": [["mon", "9", "x"]]}},
     {"loan": {"starts_on": "besok"}}, {"loans": "semua"}, {"camera": {"cause": "<b>"}}],
)  # fmt: skip
def test_what_cannot_be_is_not_taken(two, wrong):
    with pytest.raises(asking.PeerSilent):
        lending(**wrong)


def test_hours_of_another_time_zone_are_not_guessed(two, monkeypatch):
    monkeypatch.setattr(
        asking, "ask", lambda *args, **more: plain(lending(loan={"hours": NIGHTS}, time_zone="Asia/Jakarta"))
    )
    with pytest.raises(UserError, match="zona waktu"):
        receiving.sync(two.peer, AT)
    assert not Agreement.objects.exists()


def test_our_looks_are_told_without_a_name_until_they_end(two, monkeypatch):
    asked: list[Any] = []
    monkeypatch.setattr(asking, "ask", lambda peer, method, path, said, at: asked.append(said["looks"][0]) or {})
    receiving.take(two.peer, lending(), AT)
    operator = two.city.who.operator
    ticket = ask_to_watch(borrowed(), Why(purpose="disaster"), stream="main", session_key="s", by=operator, at=AT)
    assert looks.tell(two.peer, AT) == 0  # asked is not looked
    entry = come_in(ticket, by=operator, session_key="s", at=AT)
    assert entry is not None and looks.tell(two.peer, AT) == 1 and looks.tell(two.peer, AT) == 0
    end_watching(entry.watch_id, AT + timedelta(seconds=40))
    assert looks.tell(two.peer, AT) == 1 and looks.tell(two.peer, AT) == 0
    assert [one["watched_s"] for one in asked] == [0, 40] and ToldLook.objects.count() == 1
    assert asked[0]["camera"] == "K-01" and asked[0]["person"] == looks.pseudonym(two.peer, operator.pk)
    assert asked[0]["role"] == "Operator pusat komando" and asked[0]["office"] == "Diskominfo Contoh"
    assert "Operator Contoh" not in json.dumps(asked) and operator.username not in {one["person"] for one in asked}


def test_the_next_key_is_followed_by_the_last_word_of_the_old_one_alone(two):
    old, mine = keys.current(AT), two.city.who.engineer
    new = keys.rotate(by=mine, at=AT)
    words = keys.successions()
    assert keys.followed(old.public, words) == new.public and OwnKey.objects.get(pk=old.pk).secret.open() == ""
    with pytest.raises(NotAllowed):
        keys.rotate(by=two.city.who.operator, at=AT)
    forged = words[0] | {"new": public_of(THEIR_NEXT)}
    for wrong in (forged, {}, None, words[0] | {"what": "x"}, words[0] | {"signature": "zz"}):
        assert keys.followed(old.public, [wrong]) == old.public
    Peer.objects.filter(pk=two.peer.pk).update(public_key=old.public)
    answer = arrive("POST", "/successor", {}, json.dumps({"successions": [forged, *words]}).encode())
    assert answer.json() == {"ok": True} and Peer.objects.get(pk=two.peer.pk).public_key == new.public
    said = AuditEntry.objects.get(act="federation.key_followed")
    assert said.after == {"fingerprint": fingerprint_of(new.public)}


# -- areas


def test_an_agreement_about_areas_is_for_their_duties_and_counts_there_alone(two):
    city = two.city
    receiving.take(
        two.peer, lending(loan={"areas": [city.kelurahan.code]}, camera={"kelurahan": city.kelurahan.code}), AT
    )
    camera = borrowed()
    assert watchers.watchers()[-1].areas == {city.kelurahan.pk}
    operator = city.who.operator
    duty = Duty.objects.get(person__user=operator)
    page = "/pusat/kamera/?q=Dermaga"
    assert "PLB-K-01" in signed_in(operator).get(page).content.decode()
    Duty.objects.filter(pk=duty.pk).update(kelurahan=city.kelurahan)
    assert "PLB-K-01" in signed_in(operator).get(page).content.decode()
    Agreement.objects.update(areas=[city.other_kelurahan.code])
    assert "PLB-K-01" not in signed_in(operator).get(page).content.decode()
    assert signed_in(operator).get("/pusat/kamera/PLB-K-01/").status_code == 404
    fresh = type(operator).objects.get(pk=operator.pk)
    with pytest.raises(UserError, match="wilayahnya"):
        ask_to_watch(camera, Why(purpose="disaster"), stream="main", session_key="s", by=fresh, at=AT)
    Duty.objects.filter(pk=duty.pk).update(kelurahan=None)
    fresh = type(operator).objects.get(pk=operator.pk)
    assert ask_to_watch(camera, Why(purpose="disaster"), stream="main", session_key="s", by=fresh, at=AT)
    assert Target.objects.get(code="PLB-K-01").kelurahan == city.kelurahan
