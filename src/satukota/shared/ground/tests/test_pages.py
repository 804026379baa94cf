"""Ground in the browser: sources, a file looked at before it is taken, weights, places, tiles for the map."""

import gzip
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from satukota.base.errors import AlreadyDone
from satukota.city.tests.make import make_user
from satukota.shared.ground import kinds, tiles, uploads
from satukota.shared.ground.models import Building, DemandKind, GroundSource, GroundUpload

from .make import CENTRE, file_of, house, make_city, make_ground, spot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city(settings, tmp_path):
    settings.FILES_DIR, settings.VAR = tmp_path / "files", tmp_path / "var"
    return make_city()


def signed_in(role: str, opd) -> Client:
    client = Client()
    client.force_login(make_user(role, opd))
    return client


def send(client: Client, path: Path, kind: str = "buildings", **more):
    with path.open("rb") as file:
        form = {"kind": kind, "file": file, "licence": "", "attribution": "Dinas Contoh", **more}
        return client.post(reverse("ground:import"), form, follow=True)


def test_a_file_is_looked_at_and_then_taken(city, tmp_path):
    engineer = signed_in("engineer", city.diskominfo)
    page = send(engineer, file_of(tmp_path / "rumah.geojson", [house(0), house(20), house(0)]))
    assert "Diambil: 2 bangunan" in page.content.decode() and not Building.objects.exists()
    upload = GroundUpload.objects.get()
    assert upload.state == "preview" and upload.file_name == "rumah.geojson"
    page = engineer.post(reverse("ground:upload_apply", args=[upload.pk]), follow=True)
    source = GroundSource.objects.get()
    assert Building.objects.count() == 2 and source.taken_by.username and source.file_name == "rumah.geojson"
    assert reverse("ground:source", args=[source.pk]) in page.content.decode()
    assert not list((tmp_path / "files" / "ground").glob("*"))
    answer = engineer.post(reverse("ground:upload_apply", args=[upload.pk]))
    assert answer.status_code == 409 and GroundSource.objects.count() == 1


def test_a_broken_file_fails_with_its_sentence_and_leaves_nothing(city, tmp_path):
    (tmp_path / "rusak.gpkg").write_bytes(b"<html>404</html>")
    page = send(signed_in("engineer", city.diskominfo), tmp_path / "rusak.gpkg").content.decode()
    assert "halaman web" in page and GroundUpload.objects.get().state == "failed"
    assert not list((tmp_path / "files" / "ground").glob("*"))


def test_a_large_file_waits_for_a_worker_and_is_safe_to_do_twice(city, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES", 10)
    engineer = signed_in("engineer", city.diskominfo)
    page = send(engineer, file_of(tmp_path / "rumah.geojson", [house(0)]))
    upload = GroundUpload.objects.get()
    assert upload.state == "checking" and "sedang diperiksa" in page.content.decode()
    address = reverse("ground:upload", args=[upload.pk])
    assert engineer.get(address, headers={"HX-Request": "true"}).status_code == 204
    uploads.check(upload.pk)
    uploads.check(upload.pk)
    assert engineer.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    upload.refresh_from_db()
    uploads.approve(upload, by=upload.started_by)
    assert not Building.objects.exists()
    uploads.store(upload.pk, upload.started_by)
    uploads.store(upload.pk, upload.started_by)
    assert GroundSource.objects.count() == 1 and Building.objects.count() == 1
    with pytest.raises(AlreadyDone):
        uploads.cancel(GroundUpload.objects.get(), by=upload.started_by)


def test_a_cancelled_file_is_gone(city, tmp_path):
    engineer = signed_in("engineer", city.diskominfo)
    (tmp_path / "a.geojson").write_bytes(b"{}")
    upload = GroundUpload.objects.create(
        kind="poles", file_name="a", started_at=make_ground(poles=[spot(0, 0)]).taken_at, state="preview",
        started_by=make_user("engineer", city.diskominfo),
    )  # fmt: skip
    engineer.post(reverse("ground:upload_cancel", args=[upload.pk]))
    upload.refresh_from_db()
    assert upload.state == "cancelled"
    assert engineer.post(reverse("ground:upload_apply", args=[upload.pk])).status_code == 409


def test_lists_show_what_there_is_in_few_queries(city, django_assert_max_num_queries):
    source = make_ground(streets=[("residential", [spot(0, 0), spot(90, 0)])], places=[("crash", spot(0, 0))])
    client = signed_in("auditor", city.diskominfo)
    for name, said, most in (("home", "uji", 24), ("kinds", "Sekolah", 50), ("places", "Kecelakaan", 20)):
        with django_assert_max_num_queries(most):
            assert said in client.get(reverse(f"ground:{name}")).content.decode()
    assert client.get(reverse("ground:source", args=[source.pk])).status_code == 200
    assert client.get(reverse("ground:source", args=[source.pk + 1])).status_code == 404
    csv = b"".join(client.get(reverse("ground:places_export", args=["csv"]) + "?jenis=crash")).decode("utf-8-sig")
    assert csv.splitlines()[1].startswith("crash;")


def test_a_weight_is_decided_on_the_page_and_nonsense_is_told(city):
    make_ground(places=[("school", spot(0, 0))])
    engineer, address = signed_in("engineer", city.diskominfo), reverse("ground:kind", args=["school"])
    wrong = engineer.post(address, {"weight": "-1", "purpose": "observe", "source": "x"})
    assert wrong.status_code == 422 and "negatif" in wrong.content.decode() and not DemandKind.objects.exists()
    assert engineer.post(address, {"weight": "abc", "purpose": "x", "source": ""}).status_code == 422
    right = engineer.post(address, {"weight": "12.5", "purpose": "identify", "source": "Rapat 3 Maret"}, follow=True)
    assert "12,5" in right.content.decode() and "Rapat 3 Maret" in right.content.decode()
    assert engineer.get(reverse("ground:kind", args=["naga"])).status_code == 404
    assert len(kinds.defaults()) == len({kind.code for kind in kinds.defaults()})


def test_who_only_reads_neither_imports_nor_decides(city):
    reader = signed_in("auditor", city.diskominfo)
    assert reader.get(reverse("ground:home")).status_code == 200
    assert reader.get(reverse("ground:import")).status_code == 404
    assert reader.get(reverse("ground:kind", args=["school"])).status_code == 404
    assert Client().get(reverse("ground:tiles")).status_code == 302


def test_without_tiles_the_map_is_told_so(city):
    answer = signed_in("operator", city.diskominfo).get(reverse("ground:tiles")).json()
    assert answer["tiles"] == "" and answer["attribution"] == [] and tiles.make() is None


def test_tiles_are_made_once_and_answered_packed_or_plain(city):
    make_ground(streets=[("primary", [spot(-500, 0), spot(500, 0)])], buildings=[house(0), house(40)])
    made = tiles.make()
    assert made == tiles.make() and tiles.make_saying()
    client = signed_in("operator", city.diskominfo)
    told = client.get(reverse("ground:tiles")).json()
    assert made.mark in told["tiles"] and told["attribution"] == ["uji"]
    x, y = _tile_of(*CENTRE, 15)
    address = told["tiles"].replace("{z}/{x}/{y}", f"15/{x}/{y}")
    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip" and gzip.decompress(packed.content) == plain.content
    assert _layers(plain.content) == {"streets", "buildings"}
    assert client.get(told["tiles"].replace("{z}/{x}/{y}", "15/0/0")).status_code == 204
    assert client.get(told["tiles"].replace("{z}/{x}/{y}", "99/1/1")).status_code == 204
    make_ground(streets=[("primary", [spot(-500, 9), spot(500, 9)])])
    assert tiles.make().mark != made.mark and not made.path.exists()


def test_without_its_program_ground_is_still_ground(city, monkeypatch):
    make_ground(buildings=[house(0)])
    monkeypatch.setattr(tiles, "_program", lambda: "/tidak/ada")
    assert "Ubin peta belum dapat dibuat" in tiles.make_saying()[0] and tiles.archive() is None


def test_tiles_that_are_lost_or_of_another_ground_are_drawn_again_by_themselves(city, monkeypatch):
    """As after a restore, which brings rows back but no tiles: the map asks, a job draws."""
    from satukota.shared.ground import tasks

    asked = []
    monkeypatch.setattr(tasks, "draw_ground", SimpleNamespace(enqueue=lambda: asked.append(1)))
    monkeypatch.setattr(tiles, "_asked", ("", 0.0))
    client = signed_in("operator", city.diskominfo)
    client.get(reverse("ground:tiles"))
    assert not asked  # nothing to draw
    make_ground(streets=[("residential", [spot(0, 0), spot(90, 0)])])
    for _look in range(3):
        client.get(reverse("ground:tiles"))
    assert asked == [1]
    made = tiles.make()
    client.get(reverse("ground:tiles"))
    made.path.rename(made.path.with_name("ground-0123456789abcdef.mbtiles"))  # of the ground before the restore
    monkeypatch.setattr(tiles, "_asked", ("", 0.0))
    client.get(reverse("ground:tiles"))
    assert asked == [1, 1]


def _tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    from math import asinh, pi, radians, tan

    size = 2**zoom
    return int((lon + 180) / 360 * size), int((1 - asinh(tan(radians(lat))) / pi) / 2 * size)


def _layers(content: bytes) -> set[str]:
    import mapbox_vector_tile

    return set(mapbox_vector_tile.decode(content))
