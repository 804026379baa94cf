"""Words people read about blind spots and plans."""

from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

PURPOSES = {
    "monitor": _("memantau keramaian"), "detect": _("melihat ada orang"), "observe": _("melihat apa yang dilakukan"),
    "recognise": _("mengenali orang yang dikenal"), "identify": _("memastikan siapa"),
}  # fmt: skip
ACTS = {
    "found": _("ditemukan"), "surveyed": _("disurvei"), "planned": _("direncanakan"),
    "partnered": _("mitra/PKS dicatat"), "installed": _("kamera terpasang"), "tested": _("diuji"),
    "closed": _("ditutup"), "rejected": _("ditolak"), "reconsidered": _("diusulkan kembali"), "noted": _("catatan"),
    "assigned": _("diserahkan"), "blind_again": _("buta lagi"), "plan_linked": _("dimasukkan ke rencana"),
}  # fmt: skip
SITES = {
    "pole": _("Tiang"), "lamp": _("Tiang lampu"), "signal": _("Tiang lampu lalu lintas"), "mast": _("Menara"),
    "junction": _("Persimpangan (tiang baru)"), "corner": _("Sudut bangunan"), "partner": _("Kamera mitra"),
    "hand": _("Dipindah dengan tangan (tiang baru)"),
}  # fmt: skip


def gap_words(gap: float | None, *, proven: bool) -> str:
    """How far from the best a plan can be at most, in a sentence nobody misreads."""
    if proven:
        return __("Terbukti yang terbaik: tidak ada rencana yang melihat lebih banyak dengan batas yang sama.")
    if gap is None:
        return __("Batas terbaiknya belum diketahui.")
    shown = f"{gap * 100:.2f}".replace(".", ",")
    return __("Rencana mana pun dengan batas yang sama paling banyak %(gap)s %% lebih baik; ini terbukti.") % {
        "gap": shown
    }


LENS_WORDS = {
    "wide": _("Tetap, lensa lebar 90°"), "normal": _("Tetap, lensa 60°"), "tele": _("Tetap, lensa jauh 30°"),
    "round": _("Keliling 360°"),
}  # fmt: skip

TIME_WORDS = {"day": _("Siang"), "night": _("Malam")}

AUDIT_ACTS = {
    "blind_spots.surveyed": _("titik buta disurvei"),
    "blind_spots.planned": _("titik buta direncanakan"),
    "blind_spots.plan_linked": _("titik buta dimasukkan ke rencana"),
    "blind_spots.partnered": _("mitra titik buta dicatat"),
    "blind_spots.installed": _("kamera titik buta terpasang"),
    "blind_spots.tested": _("titik buta diuji"),
    "blind_spots.closed": _("titik buta ditutup"),
    "blind_spots.rejected": _("titik buta ditolak"),
    "blind_spots.reconsidered": _("titik buta diusulkan kembali"),
    "blind_spots.noted": _("catatan titik buta ditulis"),
    "blind_spots.assigned": _("titik buta diserahkan ke OPD lain"),
    "blind_spots.blind_again": _("titik buta terbuka lagi"),
    "blind_spots.found": _("titik buta ditemukan"),
    "blind_spots.search_asked": _("pencarian titik buta diminta"),
    "blind_spots.file_seen": _("berkas titik buta dilihat"),
    "blind_spots.plan_asked": _("rencana kamera diminta"),
    "blind_spots.plan_run": _("rencana kamera dihitung ulang"),
    "blind_spots.plan_stopped": _("rencana kamera dihentikan"),
    "blind_spots.plan_applied": _("rencana kamera diterapkan"),
    "blind_spots.price_decided": _("harga satuan kamera diubah"),
    "blind_spots.offer_added": _("tawaran kamera mitra dicatat"),
    "blind_spots.offer_ended": _("tawaran kamera mitra diakhiri"),
}
