"""E-mail over SMTP (or whatever EMAIL_BACKEND is). The key is the Message-ID: mail servers know a letter by it."""

import smtplib
from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from . import Letter, NotSent


class MailChannel:
    key = "email"

    def is_set_up(self) -> bool:
        return True  # without a mail server letters are written to var/mail

    def send(self, letter: Letter) -> None:
        text = f"{letter.text}\n\n{letter.link}" if letter.link else letter.text
        try:
            Address(addr_spec=letter.to)  # the library would send half an address somewhere
            mail = EmailMessage(
                " ".join(letter.subject.split()), text, None, [letter.to],
                headers={"Message-ID": f"<{letter.key}@{_own_domain()}>", "Auto-Submitted": "auto-generated"},
            )  # fmt: skip
            mail.send()
        except smtplib.SMTPException as problem:
            raise _in_words(problem) from None
        except OSError:
            raise NotSent(_("Server surel tidak menjawab."), is_channel=True) from None
        except Exception:  # the library raises ValueError, IndexError and its own kinds for an address it cannot read
            raise NotSent(_("Alamat surel tidak dapat dipakai."), for_good=True) from None


def _own_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _in_words(problem: smtplib.SMTPException) -> NotSent:
    """4xx: later. 5xx about the recipient or the letter: never. About us or the session: the channel."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _said in problem.recipients.values()), default=0)
        return NotSent(_("Server surel menolak penerima (kode %d).") % code, for_good=code >= 500)
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return NotSent(_("Server surel menolak akun Satukota."), is_channel=True)
    if isinstance(problem, smtplib.SMTPDataError):
        code = problem.smtp_code
        return NotSent(_("Server surel menolak isi surat (kode %d).") % code, for_good=code >= 500)
    return NotSent(_("Server surel memutus pembicaraan."), is_channel=True)
