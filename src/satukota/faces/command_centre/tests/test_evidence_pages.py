"""Evidence on the screen: kept from a camera, hidden, checked by a colleague, given out, and each step on its line."""

import io
import zipfile
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from django.test import Client

from satukota.base.evidence import actions as store
from satukota.base.evidence import packages
from satukota.base.evidence.models import CustodyEntry, Exhibit
from satukota.city.tests.make import make_city, make_user
from satukota.shared.incidents.models import Incident
from satukota.shared.monitoring.models import Target
from satukota.work.cameras.models import Camera

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 6, tzinfo=UTC)
JPEG = cv2.imencode(".jpg", np.full((72, 128, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def city(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    made = make_city()
    for code, owner in (("MB-001", made.diskominfo), ("MB-002", made.dishub)):
        target = Target.objects.create(
            kind="camera", code=code, name="Contoh", owner=owner, address="rtsp://10.0.0.1/x"
        )
        Camera.objects.create(target=target, last_seen_at=AT)
        store.put_slot(f"camera/{code}/latest", JPEG)
    return made


def signed_in(role: str, opd: object) -> Client:
    client = Client(headers={"accept-language": "id"})
    client.force_login(make_user(role, opd))
    return client


def kept(client: Client, camera: str = "MB-001") -> Exhibit:
    answer = client.post("/pusat/bukti/baru/", {"camera": camera, "title": "Sampah di sungai"})
    assert answer.status_code == 302, answer.content.decode()
    return Exhibit.objects.latest("pk")


def names(exhibit: Exhibit) -> list[str]:
    return [row.name for row in exhibit.files.all()]


def test_from_the_camera_to_a_package_a_stranger_can_check(city):
    operator, supervisor = signed_in("operator", city.diskominfo), signed_in("supervisor", city.diskominfo)
    exhibit = kept(operator)
    page = f"/pusat/bukti/{exhibit.number}/"
    looked = operator.post(page + "lihat", {"name": names(exhibit)[0], "purpose": "menyusun laporan"})
    assert looked.content == JPEG and looked["Cache-Control"] == "no-store"

    operator.post(page + "sembunyikan", {"name": names(exhibit)[0], "areas": "[[10, 10, 20, 20]]"})
    copy = names(exhibit)[1]
    assert operator.post(page + "periksa", {"name": copy, "good": "on"}).status_code == 404  # drew it themselves
    given = {"names": [copy], "to_whom": "Media Contoh", "ground": "permohonan 1/CONTOH/2026"}
    refused = supervisor.post(page + "serahkan", given)
    assert refused.status_code == 422 and "Belum tersamar" in refused.content.decode()
    supervisor.post(page + "periksa", {"name": copy, "good": "on"})
    assert supervisor.post(page + "serahkan", given).status_code == 302

    package = supervisor.post(page + "paket", {"release": exhibit.releases.get().pk}).content
    assert packages.problems(io.BytesIO(package)) == []
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert copy in archive.namelist() and names(exhibit)[0] not in archive.namelist()
    acts = list(CustodyEntry.objects.filter(exhibit=exhibit).values_list("act", flat=True))
    assert acts == ["opened", "captured", "viewed", "redacted", "checked", "released", "downloaded"]
    shown = supervisor.get(page).content.decode()
    assert "evidence." not in shown and "menyusun laporan" in shown


def test_evidence_of_another_opd_is_missing_and_nothing_is_written(city):
    exhibit = kept(signed_in("operator", city.diskominfo), "MB-002")  # owned by Dishub
    outsider = signed_in("ppns", city.diskominfo)
    page, lines = f"/pusat/bukti/{exhibit.number}/", CustodyEntry.objects.count()
    assert outsider.get(page).status_code == 404
    for act in ("lihat", "sembunyikan", "periksa", "tahan", "lepas", "serahkan", "paket"):
        assert outsider.post(page + act, {"name": names(exhibit)[0], "purpose": "x"}).status_code == 404, act
    assert exhibit.number not in outsider.get("/pusat/bukti/").content.decode()
    assert CustodyEntry.objects.count() == lines
    assert signed_in("ppns", city.dishub).get(page).status_code == 200


@pytest.mark.parametrize(
    ("act", "given"),
    [
        ("lihat", {}), ("lihat", {"name": "tidak-ada.jpg", "purpose": "x"}), ("sembunyikan", {"areas": "{"}),
        ("sembunyikan", {"areas": "[[1,2,3]]"}), ("sembunyikan", {"areas": "[[1,2,3,4e400]]"}),
        ("sembunyikan", {"areas": "[" * 4000}), ("periksa", {"name": "tidak"}), ("tahan", {"reason": "x"}),
        ("lepas", {"hold": "9999", "why": "x"}), ("lepas", {"hold": "abc"}), ("serahkan", {"names": "../etc/passwd"}),
        ("paket", {"release": "9" * 30}), ("paket", {}),
    ],
)  # fmt: skip
def test_nonsense_gets_a_sentence_or_a_404(city, act, given):
    supervisor = signed_in("supervisor", city.diskominfo)
    exhibit = kept(supervisor)
    given = {"name": names(exhibit)[0]} | given
    assert supervisor.post(f"/pusat/bukti/{exhibit.number}/{act}", given).status_code in {404, 422}


def test_a_hold_stands_on_the_page_until_it_is_lifted(city):
    supervisor = signed_in("supervisor", city.diskominfo)
    exhibit = kept(supervisor)
    page = f"/pusat/bukti/{exhibit.number}/"
    supervisor.post(page + "tahan", {"reason": "perkara", "decree": "SP/7/CONTOH/2026"})
    assert "SP/7/CONTOH/2026" in supervisor.get(page).content.decode()
    assert exhibit.number in supervisor.get("/pusat/bukti/?held=on").content.decode()
    supervisor.post(page + "lepas", {"hold": exhibit.holds.get().pk, "why": "putusan"})
    assert exhibit.number not in supervisor.get("/pusat/bukti/?held=on").content.decode()


def test_lists_are_found_and_exported(city):
    operator = signed_in("operator", city.diskominfo)
    exhibit = kept(operator)
    assert exhibit.number in operator.get("/pusat/bukti/?q=sungai").content.decode()
    assert exhibit.number not in operator.get("/pusat/bukti/?q=jembatan").content.decode()
    assert exhibit.number.encode() in b"".join(operator.get("/pusat/bukti/ekspor.csv").streaming_content)


def test_what_led_to_it_is_kept_from_the_cameras_last_minutes(city, settings, tmp_path):
    from satukota.work.cameras.live.buffer import Recorder
    from satukota.work.cameras.live.packing import Packer
    from satukota.work.cameras.tests.test_live_buffer import START, record, units

    settings.BUFFER_DIR = tmp_path / "buffer"
    camera = Camera.objects.get(target__code="MB-001")
    record(Recorder(settings.BUFFER_DIR / str(camera.pk), 600), Packer("h264"), units(count=30))
    incident = Incident.objects.create(
        number="INS-2026-000001", title="Contoh", kind="camera", severity=2, root=camera.target,
        owner=city.diskominfo, opened_at=datetime.fromtimestamp(START + 2, UTC),
    )  # fmt: skip
    operator = signed_in("operator", city.diskominfo)
    given = {"camera": "MB-001", "incident": incident.number, "title": "Sampah", "before_s": "30", "after_s": "5"}
    assert operator.post("/pusat/bukti/baru/", given).status_code == 302
    still, clip = Exhibit.objects.latest("pk").files.all()
    assert (still.role, clip.role, clip.captured_from.timestamp()) == ("still", "original", START)
    nothing = operator.post("/pusat/bukti/baru/", given | {"camera": "MB-002"})
    assert nothing.status_code == 422 and "perekamnya" in nothing.content.decode()
    assert operator.post("/pusat/bukti/baru/", given | {"before_s": "-1"}).status_code == 422
    assert Exhibit.objects.count() == 1
