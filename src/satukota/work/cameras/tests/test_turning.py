"""Where cameras look: directions of a turning one as people write them, and what coverage is told of the register."""

import re

import pytest

from satukota.work.cameras import turning
from satukota.work.cameras.models import Camera
from satukota.work.cameras.watchers import watchers

from .make import City, make_camera, make_city, signed_in
from .test_pages_camera import filled

pytestmark = pytest.mark.django_db
TWO = "Simpang utara: arah 45, sudut 60, tunduk 10, 40 %\nPasar: arah 200,5°, sudut 12, 35,5 %"


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.FILES_DIR = tmp_path
    return make_city()


def test_directions_are_read_as_written_and_written_as_read() -> None:
    found = turning.parse_presets(TWO)
    assert [(one["name"], one["bearing_deg"], one["fov_deg"], one["tilt_deg"], one["share"]) for one in found] == [
        ("Simpang utara", 45.0, 60.0, 10.0, 0.4), ("Pasar", 200.5, 12.0, None, 0.355),
    ]  # fmt: skip
    assert turning.parse_presets(turning.presets_text(found)) == found
    assert turning.parse_presets(" \n ") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Utara: arah 45, 40 %", "belum terbaca"),
        ("arah 45, sudut 60, 40 %", "belum terbaca"),
        ("Utara: arah 360, sudut 60, 40 %", "kurang dari 360"),
        ("Utara: arah 45, sudut 0, 40 %", "lebih dari 0"),
        ("Utara: arah 45, sudut 400, 40 %", "360"),
        ("Utara: arah 45, sudut 60, tunduk 100, 40 %", "90"),
        ("Utara: arah 45, sudut 60, 0 %", "lebih dari 0"),
        ("Utara: arah 45, sudut 60, 70 %\nTimur: arah 90, sudut 60, 40 %", "100 %"),
        ("\n".join(["Utara: arah 45, sudut 60, 1 %"] * 17), "16"),
    ],
)
def test_what_no_camera_does_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        turning.parse_presets(text)


def test_coverage_is_told_what_the_register_says(city: City) -> None:
    make_camera(
        "MB-001", kind="ptz", lon=117.48, lat=0.13, bearing_deg=10.0, fov_deg=90.0, width=1280, height=720,
        presets=turning.parse_presets(TWO), light_m=55.0,
    )  # fmt: skip
    make_camera("MB-002", lon=117.48, lat=0.13, bearing_deg=10.0, fov_deg=90.0, width=640, height=360, main_width=2560,
                tilt_deg=20.0, presets=turning.parse_presets(TWO))  # fmt: skip
    ptz, fixed = watchers()
    assert [(way.bearing_deg, way.share) for way in ptz.ways] == [(45.0, 0.4), (200.5, 0.355)]
    assert ptz.ways[1].range_m > ptz.ways[0].range_m > 50  # zoomed in it sees farther
    assert ptz.ways[0].tilt_deg == 10.0 and ptz.ways[0].vertical_fov_deg == pytest.approx(35.98, abs=0.01)
    assert ptz.light_m == 55.0 and not ptz.lacks
    assert [(way.bearing_deg, way.share) for way in fixed.ways] == [(10.0, 1.0)]  # one that does not turn
    assert (fixed.width_px, fixed.light_m) == (2560, 30.0)
    assert (fixed.tilt_deg, fixed.vertical_fov_deg) == (20.0, pytest.approx(58.7155, abs=0.001))


def test_directions_are_edited_on_the_cameras_page(city: City) -> None:
    camera = make_camera("MB-001", owner=city.diskominfo, kind="ptz")
    client = signed_in(city.who.engineer)
    form = filled(client)
    assert client.post("/pusat/kamera/MB-001/ubah", form | {"presets": TWO, "light_m": "40"}).status_code == 302
    camera.refresh_from_db()
    assert [one["name"] for one in camera.presets] == ["Simpang utara", "Pasar"] and camera.light_m == 40
    page = client.get("/pusat/kamera/MB-001/").content.decode()
    assert re.search(r"Simpang utara: 45°, sudut 60°, 40,0\s%", page)
    assert turning.presets_text(camera.presets) == filled(client)["presets"]
    refused = client.post("/pusat/kamera/MB-001/ubah", filled(client, kind="fixed"))
    assert refused.status_code == 422 and "Hanya kamera PTZ" in refused.content.decode()
    assert Camera.objects.get().kind == "ptz"
