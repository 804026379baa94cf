"""The audit log in words: names of acts and things, and before → after as an inspector reads them."""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.city import words as city
from satukota.work.blind_spots import words as blind_spots
from satukota.work.cameras.recordings import words as recordings

LONGEST = 300  # characters of one value on the page; the export has all of it
DEEPEST = 3

ACTS: dict[str, Any] = (
    city.ACTS
    | blind_spots.AUDIT_ACTS
    | recordings.AUDIT_ACTS
    | {
        "cameras.live_settings": gettext_lazy("setelan gambar langsung diubah"),
        "cameras.published": gettext_lazy("kamera menjadi publik"),
        "cameras.withdrawn": gettext_lazy("kamera tidak lagi publik"),
        "cameras.agreement_made": gettext_lazy("perjanjian kamera mitra dicatat"),
        "cameras.agreement_revoked": gettext_lazy("perjanjian kamera mitra diakhiri"),
        "federation.joined": gettext_lazy("instalasi mitra digabungkan"),
        "federation.closed": gettext_lazy("hubungan dengan instalasi mitra ditutup"),
        "federation.refused": gettext_lazy("permintaan instalasi lain ditolak"),
        "federation.key_replaced": gettext_lazy("kunci pemasangan diganti"),
        "federation.key_followed": gettext_lazy("kunci baru instalasi mitra diikuti"),
        "federation.lent": gettext_lazy("kamera dipinjamkan kepada instalasi mitra"),
        "federation.lending_ended": gettext_lazy("pinjaman kepada instalasi mitra diakhiri"),
        "federation.borrowed": gettext_lazy("pinjaman dari instalasi mitra dicatat"),
        "federation.borrowing_ended": gettext_lazy("pinjaman dari instalasi mitra berakhir"),
        "federation.terms_changed": gettext_lazy("syarat pinjaman diubah pemiliknya"),
        "federation.watched": gettext_lazy("kamera kita dilihat dari instalasi mitra"),
        "evidence.opened": gettext_lazy("barang bukti dibuat"),
        "evidence.captured": gettext_lazy("berkas bukti disimpan"),
        "evidence.viewed": gettext_lazy("berkas bukti dilihat"),
        "evidence.redacted": gettext_lazy("salinan tersamar dibuat"),
        "evidence.checked": gettext_lazy("penyamaran diperiksa"),
        "evidence.refused": gettext_lazy("penyamaran ditolak"),
        "evidence.held": gettext_lazy("bukti ditahan"),
        "evidence.hold_lifted": gettext_lazy("penahanan diakhiri"),
        "evidence.released": gettext_lazy("bukti diserahkan"),
        "evidence.downloaded": gettext_lazy("paket bukti diunduh"),
        "evidence.deleted": gettext_lazy("isi bukti dihapus"),
        "accounts.closed": gettext_lazy("akun ditutup"),
        "accounts.factor_added": gettext_lazy("faktor kedua ditambahkan"),
        "accounts.factor_failed": gettext_lazy("faktor kedua ditolak"),
        "accounts.factor_removed": gettext_lazy("faktor kedua dilepas"),
        "accounts.factor_used": gettext_lazy("faktor kedua dipakai"),
        "accounts.invitation_accepted": gettext_lazy("undangan diterima"),
        "accounts.invitation_revoked": gettext_lazy("undangan dicabut"),
        "accounts.invited": gettext_lazy("akun diundang"),
        "accounts.invited_again": gettext_lazy("undangan dikirim ulang"),
        "accounts.locked_out": gettext_lazy("akun dikunci sementara"),
        "accounts.password_changed": gettext_lazy("kata sandi diganti"),
        "accounts.recovery_codes_renewed": gettext_lazy("kode pemulihan dibuat ulang"),
        "accounts.reopened": gettext_lazy("akun dibuka kembali"),
        "accounts.sample_link_used": gettext_lazy("masuk dengan tautan contoh"),
        "accounts.session_ended": gettext_lazy("sesi diakhiri"),
        "accounts.sign_in_failed": gettext_lazy("gagal masuk"),
        "accounts.signed_in": gettext_lazy("masuk"),
        "accounts.signed_out": gettext_lazy("keluar"),
        "accounts.sso_bound": gettext_lazy("akun disambungkan ke masuk tunggal"),
        "accounts.sso_refused": gettext_lazy("masuk tunggal ditolak"),
        "audit.exported": gettext_lazy("log audit diekspor"),
        "audit.proof_taken": gettext_lazy("bukti satu baris audit diambil"),
        "audit.seen": gettext_lazy("log audit dilihat"),
        "cameras.added": gettext_lazy("kamera didaftarkan"),
        "cameras.brought_back": gettext_lazy("kamera diaktifkan kembali"),
        "cameras.edited": gettext_lazy("kamera diubah"),
        "cameras.evidence_seen": gettext_lazy("gambar gangguan dilihat"),
        "cameras.imported": gettext_lazy("kamera diimpor"),
        "ground.imported": gettext_lazy("lahan diimpor"),
        "ground.people_counted": gettext_lazy("jumlah penduduk diisi"),
        "ground.kind_decided": gettext_lazy("bobot kebutuhan ditetapkan"),
        "cameras.look_asked": gettext_lazy("pemeriksaan diminta"),
        "cameras.reference_accepted": gettext_lazy("gambar acuan diterima"),
        "cameras.references_reset": gettext_lazy("gambar acuan dikosongkan"),
        "cameras.retired": gettext_lazy("kamera dihentikan"),
        "cameras.kept_picture_seen": gettext_lazy("gambar tersimpan dilihat"),
        "cameras.picture_kept": gettext_lazy("gambar langsung disimpan"),
        "cameras.steered": gettext_lazy("kamera diarahkan"),
        "cameras.technical_seen": gettext_lazy("data teknis kamera dilihat"),
        "cameras.wall_removed": gettext_lazy("susunan dinding dihapus"),
        "cameras.wall_saved": gettext_lazy("susunan dinding disimpan"),
        "cameras.watch_log_seen": gettext_lazy("catatan menonton dibaca"),
        "cameras.watched": gettext_lazy("kamera yang dilindungi dibuka"),
        "documents.signed": gettext_lazy("surat ditandatangani"),
        "exports.taken": gettext_lazy("daftar diunduh"),
        "incidents.assigned": gettext_lazy("insiden ditugaskan"),
        "incidents.closed": gettext_lazy("insiden ditutup"),
        "incidents.escalated": gettext_lazy("insiden dieskalasi"),
        "incidents.merged": gettext_lazy("insiden digabung"),
        "incidents.noted": gettext_lazy("catatan insiden ditulis"),
        "incidents.opened": gettext_lazy("insiden dibuka"),
        "incidents.recovered": gettext_lazy("insiden pulih"),
        "incidents.regrouped": gettext_lazy("insiden dikelompokkan ulang"),
        "incidents.reopened": gettext_lazy("insiden dibuka kembali"),
        "incidents.sop_written": gettext_lazy("SOP ditulis"),
        "incidents.step_done": gettext_lazy("langkah SOP dikerjakan"),
        "incidents.step_undone": gettext_lazy("langkah SOP dibatalkan"),
        "incidents.taken": gettext_lazy("insiden diambil"),
        "incidents.unmerged": gettext_lazy("gabungan insiden dilepas"),
        "keeping.backed_up": gettext_lazy("cadangan dibuat"),
        "keeping.deleted": gettext_lazy("data lama dihapus menurut aturannya"),
        "keeping.exported": gettext_lazy("seluruh data diekspor"),
        "keeping.restored": gettext_lazy("dipulihkan dari cadangan"),
        "keys.resealed": gettext_lazy("data disegel dengan kunci baru"),
        "keys.retired": gettext_lazy("kunci lama dihapus"),
        "keys.rotated": gettext_lazy("kunci diganti"),
        "ledger.dispute_answered": gettext_lazy("keberatan penyedia dijawab"),
        "ledger.dispute_decided": gettext_lazy("keberatan penyedia diputuskan"),
        "ledger.dispute_recorded": gettext_lazy("keberatan penyedia dicatat"),
        "ledger.letter_taken": gettext_lazy("surat penyedia diunduh"),
        "ledger.month_closed": gettext_lazy("perhitungan bulan ditutup"),
        "ledger.month_prepared": gettext_lazy("rancangan perhitungan dibuat"),
        "ledger.rule_added": gettext_lazy("aturan denda dibuat"),
        "ledger.rule_ended": gettext_lazy("aturan denda diakhiri"),
        "ledger.terms_set": gettext_lazy("syarat kontrak diisi"),
        "monitoring.maintenance_declared": gettext_lazy("pemeliharaan diumumkan"),
        "monitoring.maintenance_ended": gettext_lazy("pemeliharaan diakhiri"),
        "shifts.leave_noted": gettext_lazy("cuti petugas dicatat"),
        "shifts.planned": gettext_lazy("giliran disusun"),
        "shifts.rota_added": gettext_lazy("jadwal giliran dibuat"),
        "shifts.rota_edited": gettext_lazy("jadwal giliran diubah"),
        "shifts.seated": gettext_lazy("petugas giliran diganti"),
        "shifts.signed_in": gettext_lazy("serah terima diterima"),
        "shifts.signed_out": gettext_lazy("serah terima diserahkan"),
        "shifts.swap_agreed": gettext_lazy("tukar giliran disetujui"),
        "shifts.swap_asked": gettext_lazy("tukar giliran diminta"),
        "shifts.swap_declined": gettext_lazy("tukar giliran ditolak"),
        "shifts.swap_withdrawn": gettext_lazy("tukar giliran ditarik"),
        "sample.loaded": gettext_lazy("kota contoh dimuat"),
    }
)

FIELDS: dict[str, Any] = city.LABELS | {
    "address": gettext_lazy("Alamat"),
    "bearing_deg": gettext_lazy("Arah (°)"),
    "chosen": gettext_lazy("Saringan"),
    "filter": gettext_lazy("Saringan"),
    "format": gettext_lazy("Bentuk berkas"),
    "fov_deg": gettext_lazy("Bidang pandang (°)"),
    "light_m": gettext_lazy("Jangkauan malam (m)"),
    "list": gettext_lazy("Daftar"),
    "main_width": gettext_lazy("Lebar gambar terbesar (px)"),
    "onvif_address": gettext_lazy("Alamat ONVIF"),
    "password": gettext_lazy("Kata sandi"),
    "password_sealed": gettext_lazy("Kata sandi"),
    "place": gettext_lazy("Tempat"),
    "presets": gettext_lazy("Arah tersimpan"),
    "purpose": gettext_lazy("Guna"),
    "range_m": gettext_lazy("Jangkauan (m)"),
    "reading": gettext_lazy("Bacaan"),
    "retired_on": gettext_lazy("Dihentikan"),
    "rows": gettext_lazy("Jumlah baris"),
    "sha256": gettext_lazy("Sidik berkas"),
    "since": gettext_lazy("Sejak"),
    "total_rp": gettext_lazy("Jumlah denda (rupiah)"),
    "value_rp": gettext_lazy("Nilai kontrak (rupiah)"),
    "step": gettext_lazy("Langkah"),
    "text": gettext_lazy("Teks"),
    "tilt_deg": gettext_lazy("Tunduk lensa (°)"),
    "until": gettext_lazy("Sampai"),
    "username": gettext_lazy("Nama pengguna"),
}


def act_words(act: str) -> str:
    return str(ACTS.get(act, act))


def kind_words(kind: str) -> str:
    """The model's own name for people; its label where the model is gone."""
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except (LookupError, ValueError):
        return kind


def changes(before: Any, after: Any) -> list[tuple[str, str | None, str | None]]:
    """(field, was, is) with None where there was nothing on that side; a value that is no table has no field name."""
    if not isinstance(before, dict) and not isinstance(after, dict):
        return [] if before is None and after is None else [("", _side(before), _side(after))]
    was, now = (side if isinstance(side, dict) else {} if side is None else {"": side} for side in (before, after))
    return [
        (
            field_words(name),
            value_words(was[name]) if name in was else None,
            value_words(now[name]) if name in now else None,
        )
        for name in [*was, *(name for name in now if name not in was)]
    ]


def field_words(name: str) -> str:
    return str(FIELDS.get(name, name.replace("_", " ").capitalize()))


def value_words(value: Any, depth: int = 0) -> str:
    """One value as text: yes and no, lists and tables in a line."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("ya") if value else _("tidak")
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        said = "; ".join(f"{field_words(key)}: {value_words(item, depth + 1)}" for key, item in value.items())
    elif isinstance(value, list):
        said = ", ".join(value_words(item, depth + 1) for item in value)
    else:
        said = str(value)
    return (said if len(said) <= LONGEST else said[: LONGEST - 1] + "…") or "—"


def _side(value: Any) -> str | None:
    return None if value is None else value_words(value)
