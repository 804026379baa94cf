"""The columns an import understands: their names in the wild, and how they are explained in the template."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Column:
    key: str  # field of Camera or Target, or what rows.py makes of it
    title: str  # heading in templates, reports and our own exports
    help: str | Promise
    example: str
    names: tuple[str, ...] = ()  # further names met in files, Indonesian and English
    required: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("code", "Kode", _("Kode unik: huruf, angka, titik, - dan _. Kode yang sudah ada berarti memperbarui."),
           "MB-101", ("kode kamera", "kode cctv", "code", "camera code", "id", "id kamera", "id cctv"), True),
    Column("name", "Nama", _("Nama yang dikenal orang. Wajib untuk kamera baru."), "Simpang Contoh",
           ("nama kamera", "nama cctv", "nama titik", "nama lokasi", "name", "camera name", "lokasi", "location",
            "title"), True),
    Column("kelurahan", "Kelurahan", _("Nama atau kode Kemendagri. Kosong: dicari dari letaknya."), "Api-Api",
           ("kel", "desa kelurahan", "kelurahan desa", "village", "kode kelurahan")),
    Column("place", "Tempat", _("Kode atau nama tempat di register."), "",
           ("kode tempat", "place", "nama tempat", "tempat penting")),
    Column("lat", "Lintang", _("Derajat: 0,1328 atau 0°7'58\" U."), "0,132800",
           ("lat", "latitude", "garis lintang", "koordinat lintang", "y", "koordinat y", "lintang lat", "lat lintang")),
    Column("lon", "Bujur", _("Derajat: 117,4801 atau 117°28'48\" BT."), "117,480100",
           ("lon", "long", "lng", "longitude", "garis bujur", "koordinat bujur", "x", "koordinat x", "bujur lon",
            "lon bujur")),
    Column("position", "Koordinat", _("Keduanya dalam satu sel, lintang dahulu: 0,1328; 117,4801."), "",
           ("titik koordinat", "coordinates", "coordinate", "lat long", "latlong", "lat lon", "lintang bujur",
            "gps", "posisi")),
    Column("address", "Alamat RTSP", _("Alamat aliran tanpa pengguna dan sandi."), "rtsp://10.64.1.20:554/ch1",
           ("alamat", "rtsp", "rtsp url", "url", "url rtsp", "alamat aliran", "stream", "stream url", "link rtsp",
            "address", "alamat kamera")),
    Column("username", "Pengguna", _("Pengguna untuk masuk ke kamera."), "pemantau",
           ("user", "username", "user name", "nama pengguna", "login")),
    Column("password", "Sandi", _("Disegel saat dibaca; tidak pernah ditampilkan lagi."), "",
           ("kata sandi", "password", "pass", "pwd", "passwd")),
    Column("onvif_address", "Alamat ONVIF", _("Layanan perangkat, bila ada."),
           "http://10.64.1.20:80/onvif/device_service", ("onvif", "onvif url", "url onvif")),
    Column("kind", "Jenis", _("tetap, dome, ptz, atau pembaca pelat."), "tetap",
           ("tipe", "type", "jenis kamera", "tipe kamera", "kind", "camera type")),
    Column("purpose", "Guna", _("keamanan, lalu lintas, banjir, atau sampah."), "keamanan",
           ("kegunaan", "fungsi", "tujuan", "purpose", "peruntukan")),
    Column("bearing_deg", "Arah (°)", _("Derajat dari utara searah jarum jam, 0 sampai 359,9."), "135",
           ("arah", "arah derajat", "bearing", "azimuth", "azimut", "heading", "direction")),
    Column("fov_deg", "Sudut (°)", _("Lebar sudut pandang mendatar, lebih dari 0 sampai 360."), "90",
           ("sudut", "sudut pandang", "fov", "field of view", "hfov")),
    Column("range_m", "Jangkauan (m)", _("Sejauh mana orang masih tampak, meter."), "60",
           ("jangkauan", "jarak", "jarak pandang", "range", "range m")),
    Column("height_m", "Tinggi (m)", _("Tinggi pasang dari tanah, meter."), "6",
           ("tinggi", "tinggi pasang", "tinggi tiang", "height", "height m", "mounting height")),
    Column("tilt_deg", "Tunduk (°)", _("Sumbu lensa di bawah mendatar: 0 mendatar, 90 lurus ke bawah."), "15",
           ("tunduk", "kemiringan", "tilt", "pitch")),
    Column("light_m", "Jangkauan malam (m)", _("Sejauh mana inframerah atau lampu menampakkan orang, meter."), "30",
           ("jangkauan malam", "inframerah", "ir", "jarak ir", "ir range", "night range")),
    Column("width", "Lebar (px)", _("Lebar gambar aliran ini, piksel."), "1280",
           ("lebar", "lebar gambar", "width", "resolusi lebar", "lebar px")),
    Column("height", "Tinggi (px)", _("Tinggi gambar aliran ini, piksel."), "720",
           ("tinggi gambar", "image height", "resolusi tinggi", "tinggi px")),
    Column("size", "Resolusi", _("Keduanya sekaligus: 1280x720."), "", ("resolution", "resolusi", "ukuran gambar")),
    Column("codec", "Kodek", _("h264, hevc (h265) atau jpeg (mjpeg)."), "h264",
           ("codec", "format video", "kompresi", "encoding")),
    Column("fps", "Gambar per detik", _("Laju gambar yang seharusnya."), "15",
           ("fps", "frame rate", "framerate", "laju gambar")),
    Column("maker", "Merek", _("Pembuat perangkat."), "Contoh", ("merk", "vendor", "maker", "brand", "manufacturer")),
    Column("model", "Model", _("Model perangkat."), "C-1", ("tipe perangkat", "seri model", "model kamera")),
    Column("serial_number", "Nomor seri", _("Nomor seri perangkat."), "CONTOH-0001",
           ("no seri", "serial", "serial number", "sn", "s n")),
    Column("link", "Sambungan", _("Kode sambungan data di register, misalnya FO-07."), "",
           ("link", "kode sambungan", "jaringan", "kode fo")),
    Column("power", "Listrik", _("Kode sumber listrik di register, misalnya GD-03."), "",
           ("power", "kode listrik", "gardu", "sumber listrik")),
    Column("contract", "Kontrak", _("Nomor kontrak di register."), "", ("nomor kontrak", "no kontrak", "contract")),
    Column("is_public", "Publik", _("ya bila boleh disebut satu per satu di halaman publik."), "tidak",
           ("public", "tampil publik", "is public")),
    Column("sensitivity", "Kepekaan", _("rendah, sedang, atau tinggi."), "sedang", ("sensitivity", "sensitivitas")),
    Column("installed_on", "Dipasang", _("Tanggal pemasangan, 30/04/2026."), "30/04/2026",
           ("tanggal pasang", "tgl pasang", "installed", "install date", "tanggal pemasangan")),
    Column("cost_rp", "Biaya (Rp)", _("Biaya pemasangan dalam rupiah."), "50000000",
           ("biaya", "harga", "nilai", "cost", "biaya pasang")),
    Column("sign_installed", "Papan pemberitahuan", _("ya atau tidak: papan CCTV menurut UU 27/2022 pasal 17."), "ya",
           ("papan", "rambu", "sign", "sign installed", "papan cctv")),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}
SECRET = "password"
# Columns of our own exports that describe and are not written: no reason to speak of them as unknown.
SILENT = {"no", "nomor", "opd", "keadaan", "penyebab", "sejak", "pemeliharaan", "gambar baik terakhir", "gambar baik",
          "ketersediaan 24 jam", "keterangan", "catatan impor"}  # fmt: skip


def folded(heading: str) -> str:
    """A heading as it is compared: "Lebar (px)", "lebar_px" and "LEBAR PX" are one."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


_KEYS: dict[str, str] = {}
for _column in COLUMNS:
    for _name in (_column.title, _column.key, *_column.names):
        _KEYS.setdefault(folded(_name), _column.key)


def key_of(heading: str) -> str | None:
    return _KEYS.get(folded(heading))


# Headings that mean the column only where no plainer heading does: a street address is "alamat" too.
GENERIC = {"alamat", "address", "lokasi", "location", "url", "link", "id", "title", "tipe", "type", "nilai", "harga"}


def keys_of(headings: Sequence[str]) -> list[str | None]:
    """Column key per position; None for what is not known. Of two equal ones the plainer counts, then the first."""
    found: list[str | None] = [None] * len(headings)
    for generic in (False, True):
        for place, heading in enumerate(headings):
            key = key_of(heading) if heading and (folded(heading) in GENERIC) is generic else None
            if key and key not in found:
                found[place] = key
    return found


def title_of(key: str) -> str:
    return BY_KEY[key].title if key in BY_KEY else key
