"""What every act checks before it does anything."""

from django.utils.translation import gettext as _

from satukota.base.errors import AlreadyDone, UserError

from ..models import Incident


def checked_text(text: str, name: str, *, longest: int, may_be_empty: bool = False) -> str:
    """The text without outer blanks. Raises UserError with a sentence when empty, too long or not text."""
    text = text.strip()
    if not text and not may_be_empty:
        raise UserError(_("%s masih kosong.") % name, fix=_("Tulis beberapa kata, lalu simpan lagi."))
    if len(text) > longest:
        told = {"name": name, "n": len(text), "longest": longest}
        raise UserError(
            _("%(name)s terlalu panjang: %(n)d huruf, paling banyak %(longest)d.") % told,
            fix=_("Ringkas isinya; berkas panjang tidak perlu disalin ke sini."),
        )
    if "\0" in text:
        raise UserError(_("%s memuat tanda yang bukan tulisan.") % name, fix=_("Ketik ulang, jangan menempel berkas."))
    return text


def live_or_said(incident: Incident) -> None:
    """Raises AlreadyDone, saying what became of an incident that is not live any more."""
    if incident.merged_into is not None:
        number = incident.merged_into.number
        raise AlreadyDone(_("Insiden ini sudah digabung ke %s.") % number, fix=_("Lanjutkan di %s.") % number)
    if incident.state == Incident.State.RECOVERED:
        raise AlreadyDone(_("Insiden ini sudah pulih."), fix=_("Tinggal ditutup dengan menuliskan penyebabnya."))
    if incident.state == Incident.State.CLOSED:
        raise AlreadyDone(_("Insiden ini sudah ditutup."), fix=_("Buka kembali bila ternyata belum selesai."))
