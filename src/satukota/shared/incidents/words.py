"""Incidents in words: titles that state a fact and reasons of severity. Stored, so said in the city's language."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from satukota.base.languages import in_city_language
from satukota.rules.severity import FEEDERS, Judged
from satukota.shared.monitoring import queries as monitoring
from satukota.shared.monitoring.models import Target

from .models import Incident

TITLE_LONGEST = 200
REASON_LONGEST = 200


def kind_words(kind: str) -> str:
    """The kind of a target for people; an unknown kind is shown by its key rather than hidden."""
    return {
        "camera": _("Kamera"), "peer_camera": _("Kamera mitra"), "link": _("Sambungan"), "power": _("Listrik"),
        "tcp": _("Layanan jaringan"), "http": _("Layanan web"), "report": _("Laporan petugas"),
    }.get(kind, kind)  # fmt: skip


def cause_words(kind: str, cause: str) -> str:
    """What monitoring calls the cause; empty when there is none."""
    return str(monitoring.words(kind, cause).title) if cause else ""


def next_step(kind: str, cause: str) -> str:
    return str(monitoring.words(kind, cause).next_step) if cause else ""


@in_city_language
def title_of(root: Target, cause: str, *, is_work: bool, others: int, others_down: int) -> str:
    """A sentence of fact. `others`: members beside the root, `others_down`: those of them not yet back."""
    name = f"{kind_words(root.kind)} {root.code} {root.name}".strip()
    if root.kind in FEEDERS and others and not is_work:
        fact = ngettext("%(n)d perangkat ikut mati", "%(n)d perangkat ikut mati", others) % {"n": others}
        if others_down < others:
            fact = _("%(down)d dari %(all)d perangkat masih mati") % {"down": others_down, "all": others}
        return shortened(_("%(name)s: %(fact)s") % {"name": name, "fact": fact}, TITLE_LONGEST)
    state = _("bekerja kurang baik") if is_work else _("tidak berfungsi")
    said = cause_words(root.kind, cause)
    told = _("%(name)s %(state)s: %(cause)s") if said else _("%(name)s %(state)s")
    return shortened(told % {"name": name, "state": state, "cause": _lower_first(said)}, TITLE_LONGEST)


@in_city_language
def reason_of(judged: Judged, *, place: str, gone: int) -> str:
    """Why the incident is as grave as it is, in one line."""
    told = {
        "works_badly": _("masih bekerja, tetapi kurang baik"),
        "down": _("tidak berfungsi"),
        "stake_high": _("taruhan tinggi di %(place)s") % {"place": place},
        "stake_vital": _("tempat vital: %(place)s") % {"place": place},
        "many": _("%(n)d perangkat terdampak sekaligus") % {"n": gone},
        "very_many": _("%(n)d perangkat terdampak sekaligus") % {"n": gone},
    }
    return shortened("; ".join(told[code] for code in judged.reasons), REASON_LONGEST)


def severity_words(level: int) -> str:
    return str(Incident.Severity(level).label)


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _lower_first(text: str) -> str:
    """ "Gambar hitam" → "gambar hitam" inside a sentence; "IP ganda" stays as it is."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
