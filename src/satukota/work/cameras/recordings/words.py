"""What goes wrong with recorders and their footage, in the words people read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Said:
    text: str | Promise
    fix: str | Promise


OTHER = Said(_("Perekam menjawab dengan galat."), _("Periksa perekamnya, lalu coba lagi."))
FAULTS: dict[str, Said] = {
    "unreachable": Said(_("Perekam tidak dapat dihubungi."), _("Periksa listrik, jaringan dan alamatnya.")),
    "timeout": Said(_("Perekam tidak selesai menjawab."), _("Coba lagi; bila berulang, nyalakan ulang perekam.")),
    "address_refused": Said(_("Alamat perekam tidak boleh dihubungi."), _("Pakai alamat perekamnya sendiri.")),
    "login_refused": Said(
        _("Nama pengguna atau sandi ditolak perekam; tidak dicoba lagi sampai diganti."), _("Isi sandi yang benar.")
    ),
    "login_needed": Said(_("Perekam meminta nama pengguna dan sandi."), _("Isi keduanya.")),
    "hostile_xml": Said(
        _("Jawaban perekam memuat XML yang berbahaya dan ditolak."), _("Periksa perekam sebelum dipakai lagi.")
    ),
    "not_onvif": Said(_("Yang menjawab bukan layanan ONVIF."), _("Periksa alamat dan aktifkan ONVIF di perekam.")),
    "not_http": Said(_("Yang menjawab bukan layanan ONVIF."), _("Periksa alamat dan portanya.")),
    "no_recorder": Said(
        _("Perangkat ini tidak menawarkan pencarian dan pemutaran rekaman (ONVIF Profile G)."),
        _("Daftarkan sebagai perekam yang diambil petugas."),
    ),
    "no_recording": Said(_("Perekam tidak mengenal kanal kamera ini."), _("Periksa token kanalnya.")),
    "nothing_told": Said(
        _("Perekam tidak memberi tahu kapan ia merekam kamera ini."), _("Kelengkapannya tetap tidak diketahui.")
    ),
    "no_footage": Said(_("Perekam tidak menyimpan gambar pada waktu itu."), _("Lihat celahnya, pilih waktu lain.")),
    "no_replay": Said(_("Perekam tidak memutar ulang rekaman."), _("Minta rekaman kepada petugasnya.")),
    "no_time": Said(
        _("Perekam memutar gambar tanpa menyebut waktunya, sehingga tidak layak menjadi bukti."),
        _("Minta rekaman kepada petugasnya."),
    ),
    "range_ignored": Said(
        _("Perekam memutar waktu yang lain dari yang diminta."), _("Minta rekaman kepada petugasnya.")
    ),
    "silent": Said(_("Perekam berhenti mengirim sebelum selesai."), _("Coba lagi, atau minta rentang lebih pendek.")),
    "closed_by_camera": Said(_("Perekam memutus sebelum selesai."), _("Coba lagi, atau minta rentang lebih pendek.")),
    "too_large": Said(_("Rekamannya terlalu besar untuk disimpan sekaligus."), _("Minta rentang lebih pendek.")),
    "disk_full": Said(_("Tempat penyimpanan bukti penuh."), _("Minta pengelola menambah tempat, lalu coba lagi.")),
    "codec_unsupported": Said(_("Format video perekam tidak didukung."), _("Minta rekaman kepada petugasnya.")),
    "busy": Said(_("Perekam sedang penuh."), _("Coba lagi sebentar lagi.")),
}  # fmt: skip


def offset_words(offset_ms: int | None) -> str:
    """How wrong a recorder's clock is; it is measured to a second, and no finer is said."""
    if offset_ms is None:
        return gettext("belum diukur")
    if abs(offset_ms) < 1000:
        return gettext("kurang dari satu detik")
    seconds = number_format(round(abs(offset_ms) / 1000))
    return (gettext("%s detik di depan") if offset_ms > 0 else gettext("%s detik di belakang")) % seconds


AUDIT_ACTS: dict[str, Promise] = {
    "cameras.recorder_added": _("perekam didaftarkan"),
    "cameras.recorder_changed": _("perekam diubah"),
    "cameras.recorder_attached": _("kamera dihubungkan dengan perekam"),
    "cameras.recorder_asked": _("perekam diminta menjawab"),
    "cameras.recording_asked": _("rekaman diminta"),
    "cameras.recording_asked_by_hand": _("rekaman diminta kepada petugas"),
    "cameras.recording_acknowledged": _("permintaan rekaman diterima petugas"),
    "cameras.recording_delivered": _("rekaman diserahkan"),
    "cameras.recording_failed": _("rekaman gagal ditarik"),
    "cameras.recording_lapsed": _("permintaan rekaman lewat masa simpan"),
    "cameras.recording_refused": _("permintaan rekaman ditolak"),
    "cameras.recording_tried_again": _("rekaman ditarik lagi"),
}


def said_of(fault: str) -> Said:
    return FAULTS.get(fault, OTHER)
