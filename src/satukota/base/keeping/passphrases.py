"""The words a backup is opened with: from a file, the environment, or typed."""

import getpass
import sys
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from satukota.base.errors import UserError

LEAST_LENGTH, LEAST_DIFFERENT = 12, 6


def passphrase(key_file: str | None, *, is_new: bool) -> str:
    """Raises UserError when there is none or, for a new backup, when it could be guessed."""
    words = _of_file(key_file) if key_file else settings.BACKUP_PASSPHRASE or _typed(twice=is_new)
    if is_new and (len(words) < LEAST_LENGTH or len(set(words)) < LEAST_DIFFERENT):
        raise UserError(
            _("Kata sandi cadangan terlalu mudah ditebak."),
            fix=_("Pakai sedikitnya %(n)d huruf yang tidak berulang, misalnya lima kata acak.") % {"n": LEAST_LENGTH},
        )
    return words


def _of_file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as problem:
        raise UserError(
            _("Berkas kunci %(name)s tidak dapat dibaca.") % {"name": name}, fix=_("Periksa letak dan izinnya.")
        ) from problem


def _typed(*, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise UserError(
            _("Kata sandi cadangan belum ada."),
            fix=_("Setel SATUKOTA_BACKUP_PASSPHRASE_FILE atau beri --key-file."),
        )
    words = getpass.getpass(_("Kata sandi cadangan: "))
    if twice and words != getpass.getpass(_("Sekali lagi: ")):
        raise UserError(_("Kedua kata sandi berbeda."), fix=_("Ulangi perintahnya."))
    return words
