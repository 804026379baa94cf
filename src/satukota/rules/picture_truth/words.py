"""What each cause means and what to do next, in the words of the people who act on it.

Indonesian source strings; whoever shows them translates them (`gettext` of the value). Kept free of Django.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    sentence: str
    next_step: str


WORDS: dict[str, Words] = {
    "black": Words(
        "Gambar hitam",
        "Periksa catu daya dan sensor kamera; bila hanya malam hari, periksa lampu inframerah.",
    ),
    "no_signal": Words(
        "Tidak ada sinyal gambar",
        "Periksa kabel dan sensor antara kamera dan perekam; nyalakan ulang kamera.",
    ),
    "white_out": Words(
        "Gambar putih karena terlalu terang",
        "Periksa apakah lampu atau matahari menyorot lensa dan periksa pengaturan pencahayaan.",
    ),
    "covered": Words(
        "Lensa tertutup",
        "Kirim teknisi membersihkan lensa atau menyingkirkan penutupnya.",
    ),
    "blocked": Words(
        "Pandangan terhalang",
        "Lihat gambarnya: minta kendaraan atau barang yang menghalangi dipindahkan, atau pangkas dahan.",
    ),
    "defocused": Words(
        "Gambar buram",
        "Kirim teknisi membersihkan kaca dan menyetel ulang fokus.",
    ),
    "frozen": Words(
        "Gambar membeku",
        "Nyalakan ulang kamera atau perekam; gambar yang tampil bukan keadaan sekarang.",
    ),
    "turned": Words(
        "Arah kamera bergeser",
        "Kirim teknisi mengembalikan arah kamera, atau terima pandangan baru sebagai acuan.",
    ),
    "view_lost": Words(
        "Kamera tidak lagi melihat tempatnya",
        "Bandingkan dengan gambar acuan: kamera berputar, tertukar, atau terhalang seluruhnya.",
    ),
    "low_fps": Words(
        "Gambar tersendat",
        "Periksa beban jaringan dan pengaturan laju gambar pada kamera.",
    ),
    "wrong_resolution": Words(
        "Ukuran gambar berubah",
        "Periksa apakah kamera kembali ke setelan pabrik atau aliran kedua yang terbaca.",
    ),
    "wrong_codec": Words(
        "Format video berubah",
        "Periksa setelan video kamera dan cocokkan dengan data kamera.",
    ),
    "clock_drift": Words(
        "Jam kamera salah",
        "Setel server waktu (NTP) pada kamera; selisih tepat satu jam atau lebih berarti zona waktu keliru.",
    ),
    "too_dark": Words(
        "Terlalu gelap untuk dinilai",
        "Tidak perlu tindakan bila memang gelap; terima satu gambar malam sebagai acuan agar dapat dinilai.",
    ),
    "no_contours": Words(
        "Gambar kurang berbentuk untuk dinilai",
        "Lihat gambarnya; bila selalu begini, arahkan kamera ke pandangan yang punya garis tetap.",
    ),
    "no_reference": Words(
        "Belum ada gambar acuan",
        "Periksa gambar kamera dan terima sebagai acuan.",
    ),
    "decode_errors": Words(
        "Gambar rusak di perjalanan",
        "Periksa jaringan ke kamera; pastikan aliran memakai TCP.",
    ),
}
