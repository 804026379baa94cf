"""What time an ONVIF device believes it is, asked without login (ONVIF Core 8.1.7: GetSystemDateAndTime is open).

By hand and not by the ONVIF library: this is asked of every camera every ten minutes, and the answer is six numbers.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from . import envelopes
from .fetching import FetchFault, fetch

LIMIT_S = 4.0
_ASK = (
    b'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)
_HEADERS = {
    "Content-Type": "application/soap+xml; charset=utf-8; "
    'action="http://www.onvif.org/ver10/device/wsdl/GetSystemDateAndTime"'
}


class NoTime(Exception):
    """The text is a cause in one word."""


async def offset_s(device_url: str, *, limit_s: float = LIMIT_S) -> float:
    """The device's UTC minus ours, seconds, half the round trip taken out; good to a second. Raises NoTime."""
    before = time.time()
    try:
        answer = await fetch("POST", device_url, content=_ASK, headers=_HEADERS, most_bytes=65_536, limit_s=limit_s)
    except FetchFault as fault:
        raise NoTime(fault.cause) from None
    after = time.time()
    try:
        told = _utc_in(answer.body)
    except envelopes.BadXml as bad:
        raise NoTime("hostile_xml" if bad.is_hostile else "not_onvif") from None
    except (ValueError, OverflowError):
        raise NoTime("no_time") from None
    return told.timestamp() + 0.5 - (before + after) / 2  # whole seconds are told, cut off


def _utc_in(body: bytes) -> datetime:
    """Raises BadXml, ValueError."""
    utc = envelopes.first(envelopes.parsed(body), "UTCDateTime")
    if utc is None:
        raise ValueError("no UTCDateTime")
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    year, month, day, hour, minute, second = (int(envelopes.text(envelopes.first(utc, name))) for name in names)
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
