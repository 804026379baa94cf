"""A recorder: what it holds of each camera, and the ONVIF Profile G services that tell it (search, replay).

Footage is the camera's own loop at the place it had at that moment, so what is replayed is what the camera showed. It
has gaps where it was told to, and where a camera gave nothing while the field ran. Within this class times are true
(epoch seconds); what is told is by the recorder's clock, which may be wrong.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from satukota_field.clips import Clip
from satukota_field.lines import Line
from satukota_field.logins import Login
from satukota_field.mount import Mount, Power
from satukota_field.scenario import CameraSpec, RecorderSpec
from satukota_field.soap import TDS, TRP, TSE, TT, Fault, SoapServer, snake

LOOK_S = 1.0  # how often it notices that a camera stopped
MOST_RESULTS = 100
TRACK = "VIDEO001"
NO_PICTURES = frozenset({"silent", "hanging", "refusing", "unauthorised", "busy", "html", "no_keyframe"})


@dataclass
class Gap:
    start: float
    end: float | None  # None: it lasts


class Track:
    """What a recorder holds of one camera, as RTSP serves it."""

    def __init__(self, recorder: Recorder, mount: Mount) -> None:
        self.recorder, self.mount = recorder, mount
        self.spec: CameraSpec = replace(mount.spec, login=recorder.spec.login)
        self.gaps: list[Gap] = []
        self.bad_logins = 0
        self.playing: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    @property
    def token(self) -> str:
        return f"REC-{self.spec.code}"

    @property
    def path(self) -> str:
        return f"rekaman/{self.spec.code}"

    @property
    def link(self) -> Line:
        return self.recorder.link

    @property
    def power(self) -> Power:
        return self.recorder.power

    @property
    def fault(self) -> str:
        return self.recorder.fault

    @property
    def is_ready(self) -> bool:
        return self.mount.is_ready

    @property
    def clip(self) -> Clip:
        return self.mount.clip

    @property
    def sessions(self) -> int:
        return len(self.playing)

    def clock_off_s(self) -> float:
        return self.recorder.clock_off_s()

    def has(self, writer: asyncio.StreamWriter) -> bool:
        return writer in self.playing

    def add_viewer(self, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError("a replay has a range")

    def drop_viewer(self, writer: asyncio.StreamWriter) -> None:
        task = self.playing.pop(writer, None)
        if task is not None:
            task.cancel()

    def note(self, gives: bool, at: float) -> None:
        """The camera gives pictures now, or not."""
        is_open = bool(self.gaps) and self.gaps[-1].end is None
        if gives and is_open:
            self.gaps[-1].end = at
        elif not gives and not is_open:
            self.gaps.append(Gap(at, None))

    def spans(self, since: float, until: float) -> list[tuple[float, float]]:
        """Recorded pieces of this time, in order."""
        since, until = max(since, self.recorder.earliest), min(until, time.time())
        pieces, at = [], since
        for gap in sorted(self.gaps, key=lambda one: one.start):
            end = until if gap.end is None else gap.end
            if end <= at or gap.start >= until:
                continue
            if gap.start > at:
                pieces.append((at, gap.start))
            at = end
        return [*pieces, (at, until)] if at < until else pieces


class Recorder:
    """The box: its cameras, its clock, what is wrong with it."""

    def __init__(self, spec: RecorderSpec, mounts: dict[str, Mount], link: Line, power: Power) -> None:
        self.spec, self._link, self._power = spec, link, power
        self.fault, self.bad_logins = spec.fault, 0
        self.tracks = {code: Track(self, mounts[code]) for code in spec.cameras}
        now = time.time()
        for code, ago_s, long_s in spec.gaps:
            self.tracks[code].gaps.append(Gap(now - ago_s, now - ago_s + long_s))

    @property
    def link(self) -> Line:
        return self._link

    @property
    def power(self) -> Power:
        return self._power

    @property
    def login(self) -> Login | None:
        return self.spec.login

    @property
    def earliest(self) -> float:
        return time.time() - self.spec.days * 86_400

    def clock_off_s(self) -> float:
        return self.spec.clock_off_s if self.fault == "wrong_clock" else 0.0

    def told(self, at: float) -> str:
        """A true moment by the recorder's clock, as XML writes it."""
        return dt.datetime.fromtimestamp(at + self.clock_off_s(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def true(self, told: str) -> float:
        """The other way. Raises Fault."""
        try:
            moment = dt.datetime.fromisoformat(told.strip())
        except ValueError:
            raise Fault("ter:InvalidArgVal", "no such moment") from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() - self.clock_off_s()

    async def keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            at = time.time()
            for track in self.tracks.values():
                mount = track.mount
                if mount.is_ready:
                    track.note(mount.is_reachable and self.power.line.is_up and mount.fault not in NO_PICTURES, at)

    def gap(self, code: str, ago_s: float, long_s: float) -> None:
        start = time.time() - ago_s
        self.tracks[code].gaps.append(Gap(start, start + long_s))
        self.tracks[code].gaps.sort(key=lambda one: one.start)


class RecorderDevice(SoapServer):
    """Device, recording search (ver10/search) and replay (ver10/replay) services."""

    def __init__(self, recorder: Recorder, number: int, url_of: Callable[[Track], str]) -> None:
        super().__init__(recorder)
        self.recorder, self._number, self._url_of = recorder, number, url_of
        self._searches: dict[str, list[str]] = {}  # token → results that wait
        self._counted = 0

    def answer(self, space: str, action: str, request: ET.Element, asked: ET.Element) -> str:
        known = {TDS: DEVICE_ACTIONS, TSE: SEARCH_ACTIONS, TRP: REPLAY_ACTIONS}.get(space, ())
        if action not in known:
            raise Fault("ter:ActionNotSupported", f"{action[:60]} is not supported", 500)
        if action not in OPEN_TO_ALL:
            self.check_token(asked)
        if action == "GetServiceCapabilities":
            return self._service_capabilities(space)
        return str(getattr(self, f"_{snake(action)}")(request))

    def _service_capabilities(self, space: str) -> str:
        if space == TSE:
            return '<tse:Capabilities MetadataSearch="false"/>'
        if space == TRP:
            return '<trp:Capabilities ReversePlayback="false" RTP_RTSP_TCP="true"/>'
        return "<tds:Capabilities><tds:Network/><tds:Security UsernameToken='true'/><tds:System/></tds:Capabilities>"

    def _get_system_date_and_time(self, _: ET.Element) -> str:
        return self.system_date_and_time()

    def _get_device_information(self, _: ET.Element) -> str:
        told = {"Manufacturer": "Satukota Contoh", "Model": "Contoh-R16", "FirmwareVersion": "2.0.1",
                "SerialNumber": f"CONTOH-R{self._number + 1:04d}", "HardwareId": "R16"}  # fmt: skip
        return "".join(f"<tds:{tag}>{text}</tds:{tag}>" for tag, text in told.items())

    def _get_services(self, _: ET.Element) -> str:
        version = "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>"
        rows = [(TDS, self.service_url)]
        rows += [(space, f"{self.address}/onvif/{name}_service") for space, name in ((TSE, "search"), (TRP, "replay"))]
        return "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace><tds:XAddr>{url}</tds:XAddr>{version}</tds:Service>"
            for space, url in rows
        )

    # Search ----------------------------------------------------------------------------------------------------------

    def _get_recording_summary(self, _: ET.Element) -> str:
        box = self.recorder
        return (
            f"<tse:Summary><tt:DataFrom>{box.told(box.earliest)}</tt:DataFrom>"
            f"<tt:DataUntil>{box.told(time.time())}</tt:DataUntil>"
            f"<tt:NumberRecordings>{len(box.tracks)}</tt:NumberRecordings></tse:Summary>"
        )

    def _get_recording_information(self, request: ET.Element) -> str:
        track = self._track(request.findtext(f"{{{TSE}}}RecordingToken") or "")
        return f"<tse:RecordingInformation>{self._information(track)}</tse:RecordingInformation>"

    def _find_recordings(self, request: ET.Element) -> str:
        rows = [f"<tt:RecordingInformation>{self._information(track)}</tt:RecordingInformation>"
                for track in self._wanted(request)]  # fmt: skip
        return f"<tse:SearchToken>{self._search(rows)}</tse:SearchToken>"

    def _get_recording_search_results(self, request: ET.Element) -> str:
        return self._results(request)

    def _find_events(self, request: ET.Element) -> str:
        box = self.recorder
        since = box.true(request.findtext(f"{{{TSE}}}StartPoint") or "")
        told_end = request.findtext(f"{{{TSE}}}EndPoint")
        until = box.true(told_end) if told_end else time.time()
        with_start = (request.findtext(f"{{{TSE}}}IncludeStartState") or "").strip() in ("true", "1")
        rows = []
        for track in self._wanted(request):
            rows += self._events(track, since, until, with_start)
        rows.sort()
        return f"<tse:SearchToken>{self._search([row for _, row in rows])}</tse:SearchToken>"

    def _get_event_search_results(self, request: ET.Element) -> str:
        return self._results(request)

    def _end_search(self, request: ET.Element) -> str:
        if self._searches.pop((request.findtext(f"{{{TSE}}}SearchToken") or "").strip(), None) is None:
            raise Fault("ter:InvalidToken", "no such search")
        return f"<tse:Endpoint>{self.recorder.told(time.time())}</tse:Endpoint>"

    def _search(self, rows: list[str]) -> str:
        self._counted += 1
        token = f"SEARCH-{self._counted}"
        self._searches[token] = rows
        if len(self._searches) > 32:
            self._searches.pop(next(iter(self._searches)))
        return token

    def _results(self, request: ET.Element) -> str:
        token = (request.findtext(f"{{{TSE}}}SearchToken") or "").strip()
        if token not in self._searches:
            raise Fault("ter:InvalidToken", "no such search")
        told = (request.findtext(f"{{{TSE}}}MaxResults") or "").strip()
        most = min(MOST_RESULTS, int(told)) if told.isdigit() and int(told) else MOST_RESULTS
        page, rest = self._searches[token][:most], self._searches[token][most:]
        self._searches[token] = rest
        state = "Searching" if rest else "Completed"
        return f"<tse:ResultList><tt:SearchState>{state}</tt:SearchState>{''.join(page)}</tse:ResultList>"

    def _wanted(self, request: ET.Element) -> list[Track]:
        named = [(node.text or "").strip() for node in request.iter(f"{{{TT}}}IncludedRecordings")]
        return [self._track(token) for token in named] or list(self.recorder.tracks.values())

    def _track(self, token: str) -> Track:
        for track in self.recorder.tracks.values():
            if track.token == token.strip():
                return track
        raise Fault("ter:InvalidToken", "no such recording")

    def _information(self, track: Track) -> str:
        box, code = self.recorder, escape(track.spec.code)
        spans = track.spans(0, time.time())
        first, last = (spans[0][0], spans[-1][1]) if spans else (box.earliest, box.earliest)
        status = "Stopped" if track.gaps and track.gaps[-1].end is None else "Recording"
        return (
            f"<tt:RecordingToken>{track.token}</tt:RecordingToken><tt:Source><tt:SourceId>urn:{code}</tt:SourceId>"
            f"<tt:Name>{code}</tt:Name><tt:Location>-</tt:Location><tt:Description>-</tt:Description>"
            f"<tt:Address>urn:{code}</tt:Address></tt:Source><tt:EarliestRecording>{box.told(first)}</tt:EarliestRecording>"
            f"<tt:LatestRecording>{box.told(last)}</tt:LatestRecording><tt:Content>-</tt:Content><tt:Track>"
            f"<tt:TrackToken>{TRACK}</tt:TrackToken><tt:TrackType>Video</tt:TrackType><tt:Description>-</tt:Description>"
            f"<tt:DataFrom>{box.told(first)}</tt:DataFrom><tt:DataTo>{box.told(last)}</tt:DataTo></tt:Track>"
            f"<tt:RecordingStatus>{status}</tt:RecordingStatus>"
        )

    def _events(self, track: Track, since: float, until: float, with_start: bool) -> list[tuple[float, str]]:
        spans = track.spans(since, until)
        rows = []
        if with_start:
            is_present = bool(spans) and spans[0][0] <= max(since, self.recorder.earliest) + 0.001
            rows.append((since, self._event(track, since, is_present, is_start=True)))
        for start, end in spans:
            if start > since:
                rows.append((start, self._event(track, start, True)))
            if end < until - 0.001 and end < time.time() - LOOK_S:
                rows.append((end, self._event(track, end, False)))
        return rows

    def _event(self, track: Track, at: float, is_present: bool, *, is_start: bool = False) -> str:
        told, flag = self.recorder.told(at), "true" if is_present else "false"
        dialect = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
        return (
            f"<tt:Result><tt:RecordingToken>{track.token}</tt:RecordingToken><tt:TrackToken>{TRACK}</tt:TrackToken>"
            f'<tt:Time>{told}</tt:Time><tt:Event><wsnt:Topic Dialect="{dialect}">tns1:RecordingHistory/Track/State'
            f'</wsnt:Topic><wsnt:Message><tt:Message UtcTime="{told}"><tt:Source>'
            f'<tt:SimpleItem Name="RecordingToken" Value="{track.token}"/><tt:SimpleItem Name="Track" Value="{TRACK}"/>'
            f'</tt:Source><tt:Data><tt:SimpleItem Name="IsDataPresent" Value="{flag}"/></tt:Data></tt:Message>'
            f"</wsnt:Message></tt:Event><tt:StartStateEvent>{'true' if is_start else 'false'}</tt:StartStateEvent>"
            "</tt:Result>"
        )

    # Replay ----------------------------------------------------------------------------------------------------------

    def _get_replay_uri(self, request: ET.Element) -> str:
        track = self._track(request.findtext(f"{{{TRP}}}RecordingToken") or "")
        return f"<trp:Uri>{escape(self._url_of(track))}</trp:Uri>"


OPEN_TO_ALL = ("GetSystemDateAndTime", "GetServices", "GetServiceCapabilities")
DEVICE_ACTIONS = (*OPEN_TO_ALL, "GetDeviceInformation")
SEARCH_ACTIONS = ("GetServiceCapabilities", "GetRecordingSummary", "GetRecordingInformation", "FindRecordings",
                  "GetRecordingSearchResults", "FindEvents", "GetEventSearchResults", "EndSearch")  # fmt: skip
REPLAY_ACTIONS = ("GetServiceCapabilities", "GetReplayUri")
