"""Front-end files: what pages name is there with its licence, and the sprite holds the icons asked for."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts import frontend
from scripts.steps import SetupFailed, var_folder

ROOT = Path(__file__).resolve().parents[2]
WANTED = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="24">
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="{}" />
</svg>"""


@pytest.fixture
def icons(tmp_path: Path) -> Path:
    folder = tmp_path / "icons" / "outline"
    folder.mkdir(parents=True)
    for name in ("camera", "x"):
        (folder / f"{name}.svg").write_text(DRAWING.replace("{}", name.upper()))
    return tmp_path


def test_the_sprite_has_one_symbol_for_each_icon(icons):
    sprite = ElementTree.fromstring(frontend.build_sprite(icons, ["x", "camera"]))
    assert [symbol.get("id") for symbol in sprite] == ["x", "camera"]
    camera = sprite[1]
    assert camera.get("stroke") == "currentColor"  # on the symbol itself: <use> does not inherit from the sprite
    assert [path.get("d") for path in camera.iter(f"{SVG}path")] == ["CAMERA"]


def test_an_icon_that_does_not_exist_is_said_and_left_out(icons, capsys):
    sprite = ElementTree.fromstring(frontend.build_sprite(icons, ["camera", "unicorn"]))
    assert [symbol.get("id") for symbol in sprite] == ["camera"]
    assert "unicorn" in capsys.readouterr().out


def test_a_package_that_lost_a_file_stops_set_up_with_a_sentence(tmp_path):
    with pytest.raises(SetupFailed, match="no longer holds dist/gone.js"):
        frontend._copy_package(tmp_path / "out", tmp_path, {"package": "some", "from": "dist", "files": ["gone.js"]})


def test_comments_naming_source_maps_are_dropped(tmp_path):
    package = tmp_path / "package"
    (package / "dist").mkdir(parents=True)
    (package / "LICENSE").write_text("free")
    (package / "dist" / "a.js").write_text("let a = 1;\n//# sourceMappingURL=a.js.map\n")
    (package / "dist" / "a.css").write_text("a{color:red}\n/*# sourceMappingURL=a.css.map */")
    frontend._copy_package(tmp_path / "out", package, {"package": "p", "from": "dist", "files": ["a.*"]})
    assert (tmp_path / "out" / "a.js").read_text() == "let a = 1;\n"
    assert (tmp_path / "out" / "a.css").read_text() == "a{color:red}\n"
    assert (tmp_path / "out" / "LICENSE").read_text() == "free"


def test_set_up_left_every_file_that_package_json_names_with_its_licence():
    vendor = var_folder() / "static-vendor" / "vendor"
    for name, part in WANTED["satukota"]["files"].items():
        assert (vendor / name / "LICENSE").stat().st_size > 300
        for pattern in part["files"]:
            found = list((vendor / name).glob(pattern))
            assert found and all(file.stat().st_size for file in found), f"{name}/{pattern}"
    sprite = ElementTree.parse(vendor / "icons.svg").getroot()
    assert [symbol.get("id") for symbol in sprite] == WANTED["satukota"]["icons"]


def test_front_end_packages_are_pinned_exactly_and_locked_alike():
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in WANTED["dependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for place, entry in locked.items() if place)
