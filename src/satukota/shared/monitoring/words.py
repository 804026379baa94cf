"""Causes the mechanism itself gives, in words for people: what it is and what to do next."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Words:
    """A cause for people. Translated lazily."""

    title: str | Promise
    next_step: str | Promise


GENERAL: dict[str, Words] = {
    "timeout": Words(_("Tidak selesai menjawab"), _("Periksa beban perangkat dan jalur ke sana.")),
    "tcp_timeout": Words(_("Tidak menjawab"), _("Periksa listrik dan sambungan perangkat.")),
    "tcp_refused": Words(_("Menolak sambungan"), _("Periksa apakah layanan di perangkat berjalan.")),
    "tcp_failed": Words(_("Tidak dapat dihubungi"), _("Periksa listrik dan sambungan perangkat.")),
    "dns": Words(_("Nama tidak ditemukan"), _("Periksa nama pada alamatnya dan server DNS.")),
    "address_refused": Words(_("Alamat tidak boleh dihubungi"), _("Perbaiki alamatnya di data perangkat.")),
    "address_missing": Words(_("Alamat belum diisi"), _("Isi alamatnya di data perangkat.")),
    "tls_failed": Words(_("Sertifikat tidak sah"), _("Perbarui sertifikat situs.")),
    "http_failed": Words(_("Jawaban tidak dapat dibaca"), _("Periksa server web.")),
    "too_many_redirects": Words(_("Dialihkan tanpa akhir"), _("Periksa pengaturan pengalihan di server web.")),
    "redirect_refused": Words(_("Dialihkan ke alamat terlarang"), _("Periksa pengalihan di server web.")),
    "children_silent": Words(_("Semua perangkat di belakangnya diam"), _("Periksa sambungan atau listriknya.")),
    "children_unseen": Words(_("Belum dapat disimpulkan"), _("Tunggu perangkat di belakangnya diperiksa.")),
    "no_uplink": Words(_("Jaringan pusat terputus"), _("Pulihkan jaringan pusat; pemeriksaan dilanjutkan sendiri.")),
    "look_failed": Words(_("Pemeriksaan gagal di pihak kami"), _("Laporkan kepada pengelola Satukota.")),
    "no_probe": Words(_("Belum ada cara memeriksanya"), _("Laporkan kepada pengelola Satukota.")),
    "never_seen": Words(_("Belum pernah diperiksa"), _("Tunggu pemeriksaan pertama.")),
}


def general(cause: str) -> Words | None:
    if cause.startswith("http_") and cause[5:].isdigit():
        return Words(_("Server web menjawab %s") % cause[5:], _("Periksa server web."))
    return GENERAL.get(cause)
