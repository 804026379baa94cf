"""Names of columns and kinds as people read them, shared by pages, forms, complaints and files."""

from typing import Any

from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from .roles import ROLES

LABELS = {
    "rows": _("baris"),
    "acting": _("Sifat jabatan"),
    "code": _("Kode"),
    "date": _("Tanggal"),
    "days": _("Hari"),
    "decree": _("Nomor surat"),
    "ended_on": _("Diakhiri"),
    "ends_on": _("Berakhir"),
    "fiscal_year": _("Tahun anggaran"),
    "from_on": _("Mulai"),
    "head": _("Ketua"),
    "kecamatan": _("Kecamatan"),
    "kelurahan": _("Kelurahan"),
    "kind": _("Jenis"),
    "lat": _("Lintang"),
    "lon": _("Bujur"),
    "medium": _("Media"),
    "name": _("Nama"),
    "nik": _("NIK"),
    "number": _("Nomor"),
    "on_call": _("Petugas piket"),
    "opd": _("OPD"),
    "owner": _("Pemilik"),
    "parent": _("Induk"),
    "person": _("Orang"),
    "phone": _("Telepon"),
    "probe_address": _("Alamat saklar (host:port)"),
    "provider": _("Penyedia"),
    "repair_hours": _("Batas perbaikan (jam)"),
    "required_availability": _("Ketersediaan dijanjikan (%)"),
    "role": _("Peran"),
    "rt": _("RT"),
    "rw": _("RW"),
    "short_name": _("Nama pendek"),
    "source": _("Sumber"),
    "stake": _("Taruhan"),
    "stake_reason": _("Alasan taruhan"),
    "starts_on": _("Mulai"),
    "subject": _("Perihal"),
    "substitutes": _("Menggantikan"),
    "to_on": _("Sampai"),
    "upstream": _("Hulu"),
    "valid_from": _("Berlaku mulai"),
    "valid_to": _("Berlaku sampai"),
    "vendor": _("Penyedia"),
    "vendor_contact": _("Kontak penyedia"),
    "why": _("Alasan"),
    "year": _("Tahun"),
}

PLACE_KINDS = {
    "junction": _("Simpang"),
    "market": _("Pasar"),
    "port": _("Pelabuhan"),
    "school": _("Sekolah"),
    "hospital": _("Rumah sakit"),
    "riverbank": _("Bantaran sungai"),
    "bridge": _("Jembatan"),
    "office": _("Kantor pemerintah"),
    "park": _("Taman atau lapangan"),
    "housing": _("Permukiman"),
    "tourism": _("Tempat wisata"),
    "waste": _("Tempat sampah"),
    "other": _("Lain"),
}

ACTS = {
    "city.contacts_seen": _("nomor telepon dilihat"),
    "city.hat_changed": _("berganti tugas"),
    "city.person_invited": _("orang diundang"),
    "city.profile_loaded": _("profil kota dimuat"),
    "city.boundaries_imported": _("batas diimpor"),
    "city.opd_added": _("OPD didaftarkan"),
    "city.opd_edited": _("OPD diubah"),
    "city.opd_ended": _("OPD diakhiri"),
    "city.person_added": _("orang didaftarkan"),
    "city.person_edited": _("data orang diubah"),
    "city.nik_seen": _("NIK dilihat"),
    "city.nik_searched": _("orang dicari menurut NIK"),
    "city.duty_assigned": _("tugas diberikan"),
    "city.duty_ended": _("tugas diakhiri"),
    "city.place_added": _("tempat didaftarkan"),
    "city.place_edited": _("tempat diubah"),
    "city.feeder_added": _("sambungan atau listrik didaftarkan"),
    "city.feeder_edited": _("sambungan atau listrik diubah"),
    "city.feeder_ended": _("sambungan atau listrik diakhiri"),
    "city.contract_added": _("kontrak didaftarkan"),
    "city.contract_edited": _("kontrak diubah"),
    "city.holidays_settled": _("hari libur setahun ditetapkan"),
    "city.holiday_added": _("hari libur ditambahkan"),
    "city.holiday_removed": _("hari libur dihapus"),
    "city.rt_imported": _("RT diimpor"),
    "city.rt_edited": _("RT diubah"),
}

WATCHED_KINDS = {"camera": _("kamera"), "peer_camera": _("kamera mitra"), "link": _("sambungan"), "power": _("listrik")}


def role_name(duty: Any) -> str:
    """The role in words; a role that is no longer known shows its key."""
    return str(ROLES[duty.role].name) if duty.role in ROLES else duty.role


def titled(duty: Any) -> str:
    """Plt. Kepala OPD: how the holder is addressed."""
    return f"{duty.get_acting_display()} {role_name(duty)}" if duty.acting else role_name(duty)


def area_words(duty: Any) -> str:
    """Kelurahan Api-Api RT 007; empty for a duty that is not limited to an area."""
    if duty.kelurahan:
        rt = f" RT {duty.rt}" if duty.rt else ""
        return __("Kelurahan %s") % duty.kelurahan + rt
    return __("Kecamatan %s") % duty.kecamatan if duty.kecamatan else ""


def duty_words(duty: Any) -> str:
    """Plt. Kepala OPD · Dishub · Kecamatan Bontang Utara · 2026."""
    year = str(duty.fiscal_year) if duty.fiscal_year else ""
    return " · ".join(part for part in (titled(duty), str(duty.opd), area_words(duty), year) if part)
