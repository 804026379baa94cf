"""What a recorder says it holds: ONVIF Recording Search (ver10/search) and Replay (ver10/replay), as Profile G has it.

Moments are UTC by the recorder's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from . import by_hand, clock, envelopes
from .by_hand import CallFault, Door, dialled

SEARCH, REPLAY = (f"http://www.onvif.org/ver10/{name}/wsdl" for name in ("search", "replay"))
MOST_RECORDINGS, MOST_EVENTS, PAGE = 512, 20_000, 100
SEARCH_S = 60.0  # a search takes no longer
TRACK_STATE, RECORDING_STATE = "RecordingHistory/Track/State", "RecordingHistory/Recording/State"
_FLAGS = {"IsDataPresent": TRACK_STATE, "IsRecording": RECORDING_STATE}


@dataclass(frozen=True)
class Box:
    """A recorder, found out once: where its services are, and how wrong its clock is."""

    search: Door
    replay: Door
    host: str
    offset_s: float | None
    """its clock minus ours, good to a second; None when it does not tell the time"""


@dataclass(frozen=True)
class Holding:
    """One recording: what is kept of one source."""

    token: str
    name: str
    earliest: datetime | None
    latest: datetime | None
    track: str
    """token of the video track"""


@dataclass(frozen=True)
class Change:
    """From `at` on there are pictures, or there are none."""

    at: datetime
    is_present: bool


async def find(device_url: str, username: str, password: str) -> Box:
    """Raises CallFault; no_recorder when the device has no such services."""
    offset_s: float | None = None
    try:
        offset_s = await clock.offset_s(device_url)
    except clock.NoTime as problem:
        if str(problem) != "no_time":
            raise CallFault(str(problem)) from None
    asked = Door(device_url, username, password, offset_s or 0.0)
    told = await by_hand.call(asked, "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability>"
                                     "</tds:GetServices>")  # fmt: skip
    services = {
        envelopes.text(envelopes.first(node, "Namespace")): envelopes.text(envelopes.first(node, "XAddr"))
        for node in told.iter() if envelopes.local(node) == "Service"
    }  # fmt: skip
    doors = [services.get(space, "") for space in (SEARCH, REPLAY)]
    if not all(url.startswith(("http://", "https://")) for url in doors):
        raise CallFault("no_recorder")
    search, replay = (Door(dialled(url, device_url), username, password, offset_s or 0.0) for url in doors)
    return Box(search, replay, urlsplit(device_url).hostname or "", offset_s)


async def holdings(box: Box) -> list[Holding]:
    """Every recording it has. Raises CallFault."""
    body = f"<tse:FindRecordings><tse:Scope/><tse:MaxMatches>{MOST_RECORDINGS}</tse:MaxMatches>" \
           "<tse:KeepAliveTime>PT30S</tse:KeepAliveTime></tse:FindRecordings>"  # fmt: skip
    rows = await _search(box, body, "GetRecordingSearchResults", "RecordingInformation", MOST_RECORDINGS)
    return [found for node in rows if (found := _holding(node)) is not None]


async def changes(box: Box, holding: Holding, since: datetime, until: datetime) -> list[Change]:
    """When its pictures began and stopped, with the state at `since` first. Raises CallFault."""
    topics = f"tns1:{TRACK_STATE}|tns1:{RECORDING_STATE}"
    body = (
        f"<tse:FindEvents><tse:StartPoint>{_text(since)}</tse:StartPoint><tse:EndPoint>{_text(until)}</tse:EndPoint>"
        f"<tse:Scope><tt:IncludedRecordings>{escape(holding.token)}</tt:IncludedRecordings></tse:Scope>"
        '<tse:SearchFilter><wsnt:TopicExpression xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
        'xmlns:tns1="http://www.onvif.org/ver10/topics" '
        f'Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">{topics}</wsnt:TopicExpression>'
        "</tse:SearchFilter><tse:IncludeStartState>true</tse:IncludeStartState>"
        f"<tse:MaxMatches>{MOST_EVENTS}</tse:MaxMatches><tse:KeepAliveTime>PT30S</tse:KeepAliveTime></tse:FindEvents>"
    )
    rows = await _search(box, body, "GetEventSearchResults", "Result", MOST_EVENTS)
    told = [one for node in rows if (one := _change(node, holding)) is not None]
    kinds = {kind for kind, _ in told}
    wanted = TRACK_STATE if TRACK_STATE in kinds else RECORDING_STATE  # of the pictures themselves, where it is told
    return [one for kind, one in told if kind == wanted]


async def replay_url(box: Box, token: str) -> str:
    """Where the recording is replayed: by the host we dialled, and the port it told. Raises CallFault."""
    setup = "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    told = await by_hand.call(
        box.replay, f"<trp:GetReplayUri><trp:StreamSetup>{setup}</trp:StreamSetup><trp:RecordingToken>{escape(token)}"
        "</trp:RecordingToken></trp:GetReplayUri>",
    )  # fmt: skip
    try:
        parts = urlsplit(envelopes.text(envelopes.first(told, "Uri"))[:300])
        port = parts.port
    except ValueError:
        raise CallFault("not_onvif") from None
    if parts.scheme != "rtsp" or not parts.hostname:
        raise CallFault("no_replay")
    host = f"[{box.host}]" if ":" in box.host else box.host
    return parts._replace(netloc=f"{host}:{port}" if port else host).geturl()


async def _search(box: Box, body: str, fetch_by: str, row: str, most: int) -> Sequence[envelopes.Element]:
    """Begin a search, take its results page by page, end it. Raises CallFault."""
    token = envelopes.text(envelopes.first(await by_hand.call(box.search, body), "SearchToken"))
    if not token:
        raise CallFault("not_onvif")
    found: list[envelopes.Element] = []
    try:
        async with asyncio.timeout(SEARCH_S):
            while len(found) <= most:
                told = await by_hand.call(
                    box.search, f"<tse:{fetch_by}><tse:SearchToken>{escape(token)}</tse:SearchToken><tse:MaxResults>"
                    f"{PAGE}</tse:MaxResults><tse:WaitTime>PT2S</tse:WaitTime></tse:{fetch_by}>",
                )  # fmt: skip
                page = [node for node in told.iter() if envelopes.local(node) == row]
                found += page
                if envelopes.text(envelopes.first(told, "SearchState")) not in ("Searching", "Queued"):
                    return found
                if not page:
                    await asyncio.sleep(0.2)
    except TimeoutError:
        raise CallFault("timeout") from None
    finally:
        with suppress(CallFault):
            await by_hand.call(box.search, f"<tse:EndSearch><tse:SearchToken>{escape(token)}</tse:SearchToken>"
                                           "</tse:EndSearch>")  # fmt: skip
    raise CallFault("too_large")


def _holding(node: envelopes.Element) -> Holding | None:
    token = envelopes.text(envelopes.first(node, "RecordingToken"))[:64]
    if not token:
        return None
    tracks = [each for each in node.iter() if envelopes.local(each) == "Track"]
    video = next((each for each in tracks if envelopes.text(envelopes.first(each, "TrackType")) == "Video"), None)
    source = envelopes.first(node, "Source")
    name = envelopes.text(envelopes.first(source, "Name")) if source is not None else ""
    return Holding(
        token, name[:80], _moment(envelopes.first(node, "EarliestRecording")),
        _moment(envelopes.first(node, "LatestRecording")),
        envelopes.text(envelopes.first(video, "TrackToken"))[:64] if video is not None else "",
    )  # fmt: skip


def _change(node: envelopes.Element, holding: Holding) -> tuple[str, Change] | None:
    """Of this recording's pictures, else None."""
    at = _moment(envelopes.first(node, "Time"))
    items = {each.get("Name"): each.get("Value", "") for each in node.iter() if envelopes.local(each) == "SimpleItem"}
    flag = next((name for name in _FLAGS if name in items), None)
    if at is None or flag is None or envelopes.text(envelopes.first(node, "RecordingToken")) != holding.token:
        return None
    track = envelopes.text(envelopes.first(node, "TrackToken"))
    if flag == "IsDataPresent" and holding.track and track and track != holding.track:
        return None  # of the sound, or of metadata
    return _FLAGS[flag], Change(at, items[flag].strip().lower() in ("true", "1"))


def _moment(node: envelopes.Element | None) -> datetime | None:
    try:
        told = datetime.fromisoformat(envelopes.text(node))
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
