"""A gateway that sends for us: one JSON POST with a bearer secret. The same shape for WhatsApp and SMS.

    POST <url>
    Authorization: Bearer <token>          Idempotency-Key: <key>          Content-Type: application/json
    {"key": "<key>", "to": "+6281…", "text": "…"}

2xx: taken over. 409: it was taken over before (the key is known). 408, 425, 429, 5xx, 401, 403: later, after
Retry-After when that is given in seconds. Any other answer: refused for good.
"""

import httpx
from django.utils.translation import gettext as _

from . import Letter, NotSent

TIMEOUT_S = 10.0
TRY_LATER = frozenset({408, 425, 429})
NOT_US = frozenset({401, 403})
LONGEST = {"sms": 320, "whatsapp": 4096}  # letters; an SMS of 320 is two parts
LONGEST_WAIT_S = 3600.0


class GatewayChannel:
    def __init__(self, key: str, url: str = "", token: str = "") -> None:
        self.key = key
        self._url, self._token = url, token

    def is_set_up(self) -> bool:
        return bool(self._url)

    def send(self, letter: Letter) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": letter.key}
        body = {"key": letter.key, "to": letter.to, "text": text_of(letter, LONGEST[self.key])}
        try:
            with httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
                answer = client.post(self._url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotSent(_("Gerbang pesan tidak menjawab."), is_channel=True) from None
        if not (answer.is_success or answer.status_code == httpx.codes.CONFLICT):
            raise _in_words(answer)


def text_of(letter: Letter, longest: int) -> str:
    """Subject, then the text, cut so that the link is always whole."""
    end = f"\n{letter.link}" if letter.link else ""
    text = f"{letter.subject}\n{letter.text}"
    room = longest - len(end)
    return (text if len(text) <= room else text[: room - 1].rstrip() + "…") + end


def _in_words(answer: httpx.Response) -> NotSent:
    status = answer.status_code
    if status in NOT_US:
        return NotSent(_("Gerbang pesan menolak kunci Satukota (kode %d).") % status, is_channel=True)
    if status in TRY_LATER or status >= 500:
        said = answer.headers.get("Retry-After", "")
        wait_s = min(float(said), LONGEST_WAIT_S) if said.isdecimal() else None
        return NotSent(_("Gerbang pesan sedang tidak dapat (kode %d).") % status, is_channel=True, wait_s=wait_s)
    return NotSent(_("Gerbang pesan menolak pesan ini (kode %d).") % status, for_good=True)
