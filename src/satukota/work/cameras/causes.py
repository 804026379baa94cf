"""What a camera's cause means: its verdict, and words for people with the next step."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from satukota.rules.picture_truth.words import WORDS as PICTURE_WORDS
from satukota.shared.monitoring.models import Verdict
from satukota.shared.monitoring.registry import Words

# Nobody could look, or what was seen cannot be judged by us: not the camera's fault until shown to be.
UNKNOWN_CAUSES = frozenset({
    "address_invalid", "address_missing", "address_refused", "password_in_address", "secret_lost", "auth_unsupported",
    "busy", "no_tcp_transport", "codec_unsupported", "keyframe_too_large", "too_much_data", "no_keyframe_yet",
    "decode_errors", "decoder_killed",
})  # fmt: skip
PARTLY_USABLE = frozenset({"blocked"})  # picture faults that leave the camera of some use

WORDS: dict[str, Words] = {
    "rtsp_silent": Words(
        _("Tersambung tetapi tidak menjawab"), _("Nyalakan ulang kamera; bila berulang, periksa beban perekam.")
    ),
    "not_rtsp": Words(
        _("Yang menjawab bukan kamera"), _("Periksa alamat dan porta: halaman web atau perangkat lain yang menjawab.")
    ),
    "broken_stream": Words(_("Aliran video rusak"), _("Nyalakan ulang kamera dan periksa jaringannya.")),
    "closed_by_camera": Words(
        _("Kamera memutus sambungan"), _("Periksa catu daya dan beban kamera; perbarui perangkat lunaknya.")
    ),
    "no_such_stream": Words(_("Aliran tidak ada di kamera"), _("Periksa bagian jalur pada alamat kamera.")),
    "rtsp_error": Words(_("Kamera menolak memutar video"), _("Lihat jawabannya di jejak pemeriksaan.")),
    "redirects": Words(_("Kamera mengalihkan tanpa akhir"), _("Periksa alamat dan pengalihan di perekam.")),
    "no_video": Words(_("Aliran tanpa video"), _("Aktifkan video pada profil kamera yang dipakai.")),
    "no_data": Words(
        _("Kamera tersambung tetapi tidak mengirim gambar"),
        _("Nyalakan ulang kamera; periksa apakah jumlah penontonnya melebihi batas kamera."),
    ),
    "login_refused": Words(
        _("Sandi kamera ditolak"),
        _("Isi sandi yang benar di data kamera. Sandi lama tidak dicoba lagi agar kamera tidak mengunci diri."),
    ),
    "login_needed": Words(_("Kamera meminta sandi"), _("Isi nama pengguna dan sandi di data kamera.")),
    "auth_unsupported": Words(
        _("Cara masuk kamera belum didukung"), _("Pilih Digest MD5, Digest SHA-256 atau Basic di setelan kamera.")
    ),
    "busy": Words(_("Kamera sedang penuh penonton"), _("Kurangi sambungan ke kamera ini atau pakai aliran kedua.")),
    "no_tcp_transport": Words(
        _("Kamera hanya mengirim lewat UDP"), _("Aktifkan RTP melalui TCP (interleaved) di setelan kamera.")
    ),
    "codec_unsupported": Words(_("Format video belum didukung"), _("Pilih H.264, H.265 atau MJPEG di setelan kamera.")),
    "keyframe_too_large": Words(_("Gambar terlalu besar untuk diperiksa"), _("Turunkan resolusi atau mutu video.")),
    "too_much_data": Words(_("Kiriman kamera melebihi batas"), _("Turunkan laju data video di setelan kamera.")),
    "no_keyframe_yet": Words(
        _("Belum ada gambar utuh"), _("Perpendek jarak gambar kunci (I-frame) di setelan kamera, misalnya 2 detik.")
    ),
    "decoder_killed": Words(_("Gambar tidak dapat dibuka dengan aman"), _("Laporkan kepada pengelola Satukota.")),
    "address_invalid": Words(_("Alamat kamera tidak sah"), _("Tulis ulang alamatnya: rtsp://alamat:porta/jalur.")),
    "password_in_address": Words(
        _("Alamat kamera memuat sandi"), _("Hapus sandi dari alamat dan isi di kolomnya sendiri.")
    ),
    "peer_silent": Words(
        _("Instalasi mitra tidak menjawab"), _("Keadaan kameranya tidak diketahui; periksa di halaman Instalasi mitra.")
    ),
    "secret_lost": Words(
        _("Sandi tersimpan tidak dapat dibuka"), _("Isi ulang sandi kamera; kunci penyimpanan telah berganti.")
    ),
}


def verdict_of(cause: str) -> str:
    """Of a look that ended without a judged picture."""
    return str(Verdict.UNKNOWN if cause in UNKNOWN_CAUSES else Verdict.DOWN)


def words_of(cause: str) -> Words | None:
    """None when the cause is not a camera's."""
    if cause in WORDS:
        return WORDS[cause]
    told = PICTURE_WORDS.get(cause)
    return Words(_(told.sentence), _(told.next_step)) if told else None
