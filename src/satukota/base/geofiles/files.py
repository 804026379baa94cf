"""What a file is, by what is in it, and a safe way to its content. Nothing here trusts a name."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

MAX_BYTES = 4 * 2**30  # on the command line; an upload is limited before
MAX_UNZIPPED = 2 * 2**30
MAX_MEMBERS = 40
MAX_SWELLING = 150  # times: text in a shapefile's table shrinks to a twentieth, only a bomb to a thousandth
SHAPE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
PIECE = 2**20
GEOJSON, GEOPACKAGE, SHAPEFILE, ZIP, OSM = "GeoJSON", "GeoPackage", "Shapefile", "ZIP", "OSM .pbf"
GEOTIFF, ASCII_GRID = "GeoTIFF", "grid ASCII"
RASTERS = (GEOTIFF, ASCII_GRID)
SUFFIXES = {GEOJSON: ".geojson", GEOPACKAGE: ".gpkg", OSM: ".osm.pbf", GEOTIFF: ".tif", ASCII_GRID: ".asc"}


def kind_of(path: Path) -> str:
    """One of the kinds above. Raises UserError in words for what we do not read, named by what it is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as content:
            head = content.read(4096)
    except (OSError, ValueError) as problem:
        raise UserError(
            _("Berkas “%(name)s” tidak dapat dibaca.") % {"name": path.name}, fix=_("Periksa nama dan letak berkas.")
        ) from problem
    if size == 0:
        raise UserError(_("Berkas ini kosong."), fix=_("Ekspor ulang lapisannya."))
    if size > MAX_BYTES:
        raise UserError(
            _("Berkas terlalu besar: paling besar %(gb)d GB.") % {"gb": MAX_BYTES // 2**30},
            fix=_("Potong dahulu ke kota ini."),
        )
    return recognised(head) or _refuse(head)


def recognised(head: bytes) -> str:
    """The kind by the first 4 KiB; empty for none of ours."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"SQLite format 3\0"):
        return GEOPACKAGE
    if head.startswith(b"\0\0\x27\x0a"):
        return SHAPEFILE
    if head.startswith(b"PK\x03\x04"):
        return ZIP
    if b"OSMHeader" in head[:64]:
        return OSM
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return GEOTIFF
    if text[:5].lower() == b"ncols":
        return ASCII_GRID
    return GEOJSON if text[:1] == b"{" else ""


def _refuse(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PAR1"):
        raise UserError(
            _("GeoParquet belum dapat dibaca di sini."), fix=_("Simpan sebagai GeoPackage (QGIS: Ekspor > GeoPackage).")
        )
    if text[:1] == b"<":
        raise UserError(
            _("Berkas ini halaman web atau XML, bukan peta."),
            fix=_("Unduh lagi berkas aslinya; sering kali yang tersimpan adalah halaman unduhannya."),
        )
    raise UserError(
        _("Berkas ini bukan GeoJSON, GeoPackage, Shapefile, ZIP berisi Shapefile, atau OSM .pbf."),
        fix=_("Ekspor ulang dengan salah satu bentuk itu."),
    )


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, Path, Path]]:
    """(kind, a path under a name that fits its kind, an empty folder for work); all gone afterwards."""
    kind = kind_of(path)
    with TemporaryDirectory(prefix="satukota-ground-") as folder:
        inside = Path(folder)
        (inside / "work").mkdir()
        if kind == ZIP:
            kind, ready = SHAPEFILE, _unzipped(path, inside)
        elif kind == SHAPEFILE:
            ready = _gathered(path, inside)
        else:
            ready = inside / f"source{SUFFIXES[kind]}"
            ready.symlink_to(path.resolve())
        yield kind, ready, inside / "work"


def _gathered(path: Path, folder: Path) -> Path:
    """A shapefile is several files that lie together under one name."""
    for suffix in SHAPE_PARTS:
        for beside in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if beside.is_file():
                (folder / f"source{suffix}").symlink_to(beside.resolve())
                break
    return _complete(folder)


def _complete(folder: Path) -> Path:
    missing = [suffix for suffix in SHAPE_PARTS[:3] if not (folder / f"source{suffix}").exists()]
    if missing:
        raise UserError(
            _("Shapefile ini tidak lengkap: tidak ada %(parts)s.") % {"parts": ", ".join(missing)},
            fix=_("Kirim .shp, .shx, .dbf, dan .prj bersama-sama, misalnya dalam satu ZIP."),
        )
    return folder / "source.shp"


def _unzipped(path: Path, folder: Path) -> Path:
    """The one shapefile in the archive, copied byte by counted byte: what an archive says of itself may be a lie."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise UserError(
                    _("ZIP ini berisi %(n)d berkas, paling banyak %(most)d.")
                    % {"n": len(members), "most": MAX_MEMBERS},
                    fix=_("Masukkan hanya bagian-bagian satu Shapefile."),
                )
            _copy_parts(archive, _parts(members), folder, path.stat().st_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as problem:
        raise UserError(_("ZIP ini rusak atau terkunci sandi."), fix=_("Buat ulang ZIP-nya tanpa sandi.")) from problem
    return _complete(folder)


def _parts(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The parts by suffix. Raises UserError unless there is exactly one shapefile."""
    usable = [member for member in members if not PurePosixPath(member.filename).name.startswith((".", "__"))]
    shapes = [member for member in usable if member.filename.lower().endswith(".shp")]
    if len(shapes) != 1:
        raise UserError(
            _("ZIP ini berisi %(n)d Shapefile; harus tepat satu.") % {"n": len(shapes)},
            fix=_("Masukkan hanya lapisan yang hendak diimpor."),
        )
    stem = shapes[0].filename[:-4]
    return {
        member.filename[-4:].lower(): member
        for member in usable
        if member.filename[:-4] == stem and member.filename[-4:].lower() in SHAPE_PARTS
    }


def _copy_parts(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], folder: Path, packed: int) -> None:
    most = min(MAX_UNZIPPED, max(packed * MAX_SWELLING, 10 * PIECE))
    for suffix, member in parts.items():
        with archive.open(member) as packed_part, (folder / f"source{suffix}").open("wb") as out:
            while piece := packed_part.read(PIECE):
                most -= len(piece)
                if most < 0:
                    raise UserError(
                        _("Isi ZIP ini mengembang terlalu besar; tidak dibuka."),
                        fix=_("Kirim Shapefile-nya tanpa ZIP, atau sebagai GeoPackage."),
                    )
                out.write(piece)
