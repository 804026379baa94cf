"""Camera terms in the words people read: causes, purposes, sensitivity, measures."""

from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.words import Words, general

from .causes import words_of

# A picture came, but nobody can honestly call it good or bad.
UNVERIFIED_CAUSES = ("too_dark", "no_contours", "no_reference", "decode_errors", "no_keyframe_yet")

PURPOSES: dict[str, Promise] = {
    "security": gettext_lazy("Keamanan"),
    "traffic": gettext_lazy("Lalu lintas"),
    "flood": gettext_lazy("Banjir dan muka air"),
    "waste": gettext_lazy("Sampah"),
}
SENSITIVITY: dict[str, Promise] = {
    "rendah": gettext_lazy("Rendah"),
    "sedang": gettext_lazy("Sedang"),
    "tinggi": gettext_lazy("Tinggi"),
}
DAYS: dict[str, Promise] = {
    "mon": gettext_lazy("Senin"), "tue": gettext_lazy("Selasa"), "wed": gettext_lazy("Rabu"),
    "thu": gettext_lazy("Kamis"), "fri": gettext_lazy("Jumat"), "sat": gettext_lazy("Sabtu"),
    "sun": gettext_lazy("Minggu"),
}  # fmt: skip
MODES: dict[str, Promise] = {
    "day": gettext_lazy("siang"),
    "night_ir": gettext_lazy("malam inframerah"),
    "night_colour": gettext_lazy("malam berwarna"),
}
STEPS: dict[str, str | Promise] = {
    "dns": "DNS", "tcp": "TCP", "rtsp": "RTSP", "login": gettext_lazy("masuk"), "picture": gettext_lazy("gambar"),
    "truth": gettext_lazy("kebenaran gambar"), "peer": gettext_lazy("instalasi pemilik"),
    "stream": gettext_lazy("aliran"), "clock": gettext_lazy("jam"),
}  # fmt: skip
# Measures people understand at once; the others are shown by their names, explained in docs/picture-truth.md.
MEASURES: dict[str, tuple[Promise, str]] = {
    "fps": (gettext_lazy("Gambar per detik"), ""),
    "width": (gettext_lazy("Lebar gambar"), "px"),
    "height": (gettext_lazy("Tinggi gambar"), "px"),
    "codec": (gettext_lazy("Format video"), ""),
    "clock_offset_s": (gettext_lazy("Selisih jam kamera"), "s"),
    "sharpness": (gettext_lazy("Ketajaman dibanding acuan"), ""),
    "r": (gettext_lazy("Kemiripan dengan acuan"), ""),
    "r_here": (gettext_lazy("Kemiripan tanpa digeser"), ""),
    "dx": (gettext_lazy("Geser mendatar"), "px"),
    "dy": (gettext_lazy("Geser tegak"), "px"),
    "roll_deg": (gettext_lazy("Miring"), "°"),
    "zoom": (gettext_lazy("Perbesaran"), "×"),
    "mean": (gettext_lazy("Terang rata-rata (0–255)"), ""),
    "std": (gettext_lazy("Sebaran terang"), ""),
    "white": (gettext_lazy("Bagian putih penuh"), ""),
    "lost": (gettext_lazy("Bagian yang hilang dari acuan"), ""),
    "changed": (gettext_lazy("Bagian yang berubah dari acuan"), ""),
    "noise": (gettext_lazy("Derau"), ""),
    "quiet": (gettext_lazy("Perbedaan dengan gambar sebelumnya"), ""),
}


def cause_words(cause: str) -> Words:
    """Title and next step of a camera's cause; empty for no cause."""
    return monitoring.words("camera", cause) if cause else Words("", "")


def reason_words(reason: str) -> str:
    """Why an availability cannot be computed."""
    return {
        "never_seen": _("Belum pernah diperiksa dalam rentang ini."),
        "not_required": _("Tidak ada jam wajib dalam rentang ini."),
        "all_maintenance": _("Seluruhnya pemeliharaan yang dinyatakan."),
        "all_unknown": _("Seluruhnya tidak diketahui: gambarnya tak dapat dinilai atau jaringan kami putus."),
    }.get(reason, reason)


def hours_words(required: list[list[str]]) -> list[str]:
    """[["mon", "06:00", "22:00"]] → ["Senin 06.00–22.00"]; empty list: always."""
    if not required:
        return [_("Setiap saat")]
    return [f"{DAYS.get(day, day)} {start}–{end}".replace(":", ".") for day, start, end in required]


def reference_words(mode: str, hour_bin: int) -> Promise:
    """day, 2 → siang, 08.00–12.00 (a bin is four hours)."""
    hours = f"{hour_bin * 4:02d}.00–{hour_bin * 4 + 4:02d}.00"
    return format_lazy("{}, {}", MODES.get(mode, mode), hours)


def step_name(step: str) -> str:
    return str(STEPS.get(step, step))


def step_said(said: str) -> str:
    """What a step of the trail found: a cause in words, with "?" in brackets when only suspected; else as it is."""
    is_suspected = said.startswith("(") and said.endswith("?)")
    cause = said[1:-2] if is_suspected else said
    known = words_of(cause) or general(cause)
    if known is None:
        return said
    return f"({known.title}?)" if is_suspected else str(known.title)


def trail_rows(trail: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """(name for people, step with what it found in words) of each step of a probe's trail."""
    return [(step_name(step.get("step", "")), step | {"said": step_said(step.get("said", ""))}) for step in trail]


def measure_rows(measures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name for people, value with decimal comma, unit), understood ones first."""
    known = [name for name in MEASURES if measures.get(name) is not None]
    rest = sorted(name for name, value in measures.items() if name not in MEASURES and value is not None)
    rows = [(str(MEASURES[name][0]), _figure(measures[name]), MEASURES[name][1]) for name in known]
    return rows + [(name, _figure(measures[name]), "") for name in rest]


def _figure(value: Any) -> str:
    return number_format(round(value, 3)) if isinstance(value, int | float) else str(value)[:80]
