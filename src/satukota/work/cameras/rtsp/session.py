"""One look at one stream: DNS → TCP → OPTIONS → DESCRIBE → login → SETUP → PLAY → key pictures → TEARDOWN.

Packets come interleaved over TCP only: UDP smears pictures, and a firewall that eats it looks like a dead camera.
Every wait and every size is bounded; what goes wrong is one StreamFault with a code.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from . import jpeg, nal, replay
from .address import BadAddress, StreamAddress, parse_address
from .login import Challenge, Login, strongest, without_secrets
from .rtp import Depacketiser, KeyframeTooLarge, Pace, Picture
from .sdp import VIDEO_CODECS, VideoTrack, video_track
from .units import AccessUnit, Assembler
from .wire import Closed, NotRtsp, Reply, TooMuch, Wire

OnUnit = Callable[[VideoTrack, AccessUnit], None]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → addresses that may be dialled now. Raises OSError when there are none, AddressRefused if forbidden."""

MAX_REDIRECTS = 2
DRAIN_S = 0.05  # what came while resting is read away, a goodbye of the camera's behind it
_SAID_CHARS = 80
_CAUSE_OF_CODE = {403: "busy", 453: "busy", 503: "busy", 404: "no_such_stream", 461: "no_tcp_transport",
                  457: "no_footage", 551: "no_replay"}  # fmt: skip


class AddressRefused(Exception):
    """The address may not be dialled by us (our own services, a forbidden range)."""


class StreamFault(Exception):
    """`cause` is a code; `said` what the other side answered, without secrets."""

    def __init__(self, cause: str, said: str = "", *, unreachable: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.said = said
        self.unreachable = unreachable
        self.is_told = False  # in the trail


@dataclass(frozen=True)
class Limits:
    connect_s: float = 4.0  # two repeats of a lost first packet (1 s, 3 s)
    reply_s: float = 8.0
    goodbye_s: float = 0.5


@dataclass(frozen=True)
class Stage:
    step: str
    ok: bool
    ms: int
    said: str = ""


@dataclass(frozen=True)
class Keyframe:
    codec: str
    """h264, hevc or jpeg"""
    content: bytes = field(repr=False)
    """Annex B with its parameter sets; of jpeg the whole picture"""
    size: tuple[int, int] | None
    """(width, height) out of the parameter set; None when unreadable"""
    sha: bytes
    """first 16 bytes of the SHA-256 of the slices, without the parameter sets"""


@dataclass
class _Note:
    said: str = ""


class Session:
    """Made by `watching`; see there."""

    def __init__(self, address: StreamAddress, username: str, password: str, *, may_log_in: bool, limits: Limits):
        self.stages: list[Stage] = []
        self.clock_offset_s: float | None = None
        """the camera's Date minus our clock, within about a second"""
        self.pace = Pace()
        self.track: VideoTrack | None = None
        self._address = address
        self._username, self._password = username, password
        self._may_log_in = may_log_in
        self._limits = limits
        self._wire = Wire()
        self._login: Login | None = None
        self._is_known = False  # the camera took our login once in this session
        self._cseq = 0
        self._session_id = ""
        self._control = address.url
        self._channel = 0
        self._packets: Depacketiser | jpeg.JpegPictures | None = None
        self._key: Keyframe | None = None
        self._is_enough: Callable[[], bool] = lambda: False
        self._keep_alive: asyncio.TimerHandle | None = None
        self._played_at = 0.0
        self._on_unit: OnUnit | None = None
        self.span: replay.Span | None = None  # set before `open`: this piece of a recording is played
        self.played = ""  # the Range in the answer to PLAY
        self._units: Assembler | jpeg.JpegAssembler | None = None

    # -- passing on

    def pass_on(self, on_unit: OnUnit) -> None:
        """Before `open`: every picture goes to `on_unit` as soon as it is whole, for as long as `last` waits."""
        self._on_unit = on_unit

    def enough(self) -> None:
        """Called by `on_unit`: `last` returns."""
        self._wire.stop()

    async def last(self) -> None:
        """Wait for `enough`, or for the stream's end, which is a StreamFault."""
        with self._stage("stream", only_failure=True), self._troubles("broken_stream"):
            await self._wire.until()

    @property
    def received(self) -> int:  # bytes of picture, of a session that passes on
        return self._units.bytes if self._units is not None else 0

    # -- looking

    async def keyframe(self, wait_s: float) -> Keyframe:
        """The next whole key picture that can be decoded. Raises StreamFault (no_data, no_keyframe_yet, …)."""
        assert self._packets is not None
        self._is_enough = lambda: self._key is not None
        with self._stage("picture") as note, self._troubles("broken_stream"):
            try:
                self._wire.wake()
                async with asyncio.timeout(wait_s):
                    if self._key is None:  # it may have come together with the answer to PLAY
                        await self._wire.until()
            except TimeoutError as late:
                if not self._packets.packets:
                    raise StreamFault("no_data") from late
                raise StreamFault("no_keyframe_yet", f"{self.pace.frames} gambar, {self.pace.keys} kunci") from late
            key, self._key = self._key, None
            assert key is not None
            note.said = f"{len(key.content) // 1000} kB"
        return key

    async def watch(self, *, pictures: int, longest_s: float) -> None:
        """Go on counting until that many pictures in all were seen since PLAY, or the time is over, or it ends."""
        if self.pace.frames >= pictures:
            return
        self._wire.wake()
        self._is_enough = lambda: self.pace.frames >= pictures
        with suppress(TimeoutError, Closed, NotRtsp, TooMuch, KeyframeTooLarge):
            async with asyncio.timeout(longest_s):
                await self._wire.until()
        self._wire.rest()  # until more is wanted

    async def hold(self, until_s: float) -> None:
        """Stay until that long after PLAY. Raises StreamFault closed_by_camera when the camera hangs up before.

        The stream is left unread meanwhile: whether a session lasts shows without looking at every packet.
        """
        left = self._played_at + until_s - time.monotonic()
        self._wire.rest()
        if left > 0:
            await asyncio.sleep(left)
        with self._stage("stream", only_failure=True), self._troubles("broken_stream"):
            await self._wire.wake_and_drain(DRAIN_S)

    @property
    def lost_packets(self) -> int:
        counting = self._packets or self._units
        return counting.lost if counting is not None else 0

    def _on_packet(self, channel: int, packet: memoryview) -> None:
        if channel != self._channel:
            return
        if self._units is not None and self._on_unit is not None:
            unit = self._units.feed(packet)
            if unit is not None and self.track is not None:
                self._on_unit(self.track, unit)
            return
        if self._packets is None:
            return
        picture = self._packets.feed(packet)
        if picture is None:
            return
        self.pace.note(picture)
        if picture.is_key and self._key is None:
            self._key = self._decodable(picture)
        if self._is_enough():
            self._wire.stop()

    def _decodable(self, picture: Picture) -> Keyframe | None:
        assert self._packets is not None and self.track is not None
        codec, sets = self.track.codec, self._packets.sets
        if picture.lost or not picture.parts or not (codec == "jpeg" or nal.has_needed_sets(codec, sets)):
            return None
        digest = hashlib.sha256()
        for part in picture.parts:
            digest.update(part)
        if codec == "jpeg":
            content, size = picture.parts[0], jpeg.size_of(picture.parts[0])
        else:
            content, size = nal.annex_b([*sets, *picture.parts]), nal.picture_size(codec, sets)
        return Keyframe(codec, content, size, digest.digest()[:16])

    # -- the conversation

    async def open(self, resolve: Resolve) -> None:
        """Up to and including PLAY. Raises StreamFault."""
        for _ in range(MAX_REDIRECTS + 1):
            await self._dial(resolve)
            described = await self._describe()
            if described is None:
                continue
            self.track = described
            with self._stage("stream"):
                await self._play(described)
            return
        raise StreamFault("redirects")

    async def _dial(self, resolve: Resolve) -> None:
        host, port = self._address.host, self._address.port
        with self._stage("dns") as note:
            try:
                async with asyncio.timeout(self._limits.connect_s):
                    addresses = list(await resolve(host, port))[:3]
            except AddressRefused as refused:
                raise StreamFault("address_refused", str(refused)) from refused
            except (OSError, TimeoutError, UnicodeError) as problem:
                raise StreamFault("dns", unreachable=True) from problem
            if not addresses:
                raise StreamFault("dns", unreachable=True)
            note.said = ", ".join(addresses)
        with self._stage("tcp"):
            await self._connect(addresses, port)

    async def _connect(self, addresses: Sequence[str], port: int) -> None:
        loop = asyncio.get_running_loop()
        fault = StreamFault("tcp_timeout", unreachable=True)
        for address in addresses:
            try:
                async with asyncio.timeout(self._limits.connect_s):
                    _, self._wire = await loop.create_connection(Wire, address, port)
            except TimeoutError:
                fault = StreamFault("tcp_timeout", unreachable=True)
            except ConnectionRefusedError:
                fault = StreamFault("tcp_refused", unreachable=True)
            except OSError as problem:
                fault = StreamFault("tcp_failed", (problem.strerror or "")[:_SAID_CHARS], unreachable=True)
            else:
                self._wire.on_packet = self._on_packet
                return
        raise fault

    async def _describe(self) -> VideoTrack | None:
        """The track to play; None after a redirect, whose address is then the one to dial."""
        with self._stage("rtsp") as note:
            await self._options()
            reply = await self._ask(
                "DESCRIBE", self._address.url, "Accept: application/sdp\r\n" + replay.required(self.span)
            )
            if reply.code in (301, 302, 303, 305):
                self._follow(reply)
                return None
            self._must_be_ok(reply)
            base = self._as_dialled(reply.header("content-base") or reply.header("content-location"))
            track = video_track(reply.body.decode("utf-8", "replace"), base)
            if track is None:
                raise StreamFault("no_video")
            note.said = self._said(track.codec)
            if track.codec not in VIDEO_CODECS.values():
                raise StreamFault("codec_unsupported", self._said(track.codec))
        return track

    async def _options(self) -> None:
        """Cameras that do not know OPTIONS still play; only their clock is not learned here."""
        before = time.time()
        reply = await self._ask("OPTIONS", self._address.url)
        after = time.time()
        with suppress(ValueError, TypeError, OverflowError):
            told = parsedate_to_datetime(reply.header("date")).timestamp()
            self.clock_offset_s = told + 0.5 - (before + after) / 2  # Date is cut to whole seconds

    async def _play(self, track: VideoTrack) -> None:
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" + replay.required(self.span)
        reply = await self._ask("SETUP", track.control, transport)
        self._must_be_ok(reply)
        agreed = reply.header("transport").lower()
        if "interleaved" not in agreed and "tcp" not in agreed:
            raise StreamFault("no_tcp_transport", self._said(agreed))
        channels = re.search(r"interleaved=(\d{1,3})", agreed)
        self._channel = int(channels[1]) if channels else 0
        self._session_id, _, options = reply.header("session").partition(";")
        coded, is_jpeg = (track.codec, track.payload_type, track.parameter_sets), track.codec == "jpeg"
        if self._on_unit is not None:
            self._units = jpeg.JpegAssembler(track.payload_type) if is_jpeg else Assembler(*coded)
            self._wire.without_end()
        else:
            self._packets = jpeg.JpegPictures(track.payload_type) if is_jpeg else Depacketiser(*coded)
        self.pace.clock_hz = track.clock_hz
        playing = await self._ask("PLAY", self._control, self.span.headers if self.span else "Range: npt=0.000-\r\n")
        self._must_be_ok(playing)
        self.played = playing.header("range")
        self._played_at = time.monotonic()
        timeout = re.search(r"timeout=(\d{1,4})", options)
        self._stay_alive(int(timeout[1]) / 2 if timeout else 30.0)

    def _stay_alive(self, every_s: float) -> None:
        """Only looks at very sparse key pictures last this long. OPTIONS, because not all know GET_PARAMETER."""
        loop = asyncio.get_running_loop()

        def again() -> None:
            self._wire.tell(self._request("OPTIONS", self._control))
            self._keep_alive = loop.call_later(max(5.0, every_s), again)

        self._keep_alive = loop.call_later(max(5.0, every_s), again)

    async def close(self) -> None:
        """TEARDOWN always: a session left open keeps the camera sending and counts against its limit."""
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        self._is_enough = lambda: False
        self._packets = self._units = None
        try:
            if self._session_id:
                self._wire.wake()
                async with asyncio.timeout(self._limits.goodbye_s):
                    await self._wire.ask(self._request("TEARDOWN", self._control))
        except (TimeoutError, Closed, NotRtsp, TooMuch, KeyframeTooLarge):
            pass  # it was told; more cannot be done
        finally:
            self._session_id = ""
            self._wire.close()

    # -- asking

    async def _ask(self, method: str, url: str, headers: str = "") -> Reply:
        """Ask, log in when asked to, and ask again. Raises StreamFault."""
        reply = await self._ask_once(method, url, headers)
        if reply.code != 401:
            return reply
        with self._stage("login") as note:
            for _ in range(2):  # a second time only with a fresh nonce
                challenge = self._challenge_to_answer(reply)
                self._login = Login(challenge, self._username, self._password)
                reply = await self._ask_once(method, url, headers)
                if reply.code != 401:
                    self._is_known = True
                    note.said = str(self._login)
                    return reply
            raise StreamFault("login_refused", f"401 {method}")

    def _challenge_to_answer(self, refusal: Reply) -> Challenge:
        """What a 401 asks us to answer. One refused password is never sent again: cameras lock us out for that."""
        offers = refusal.headers.get("www-authenticate", [])
        challenge = strongest(offers)
        if self._login is not None and not (challenge and (challenge.is_stale or self._is_known)):
            raise StreamFault("login_refused", "401")
        if challenge is None:
            raise StreamFault("auth_unsupported", self._said(re.sub(r'"[^"]*"', '""', ", ".join(offers))))
        if not self._username:
            raise StreamFault("login_needed", f"401 {challenge.scheme}")
        if not self._may_log_in:
            raise StreamFault("login_refused", "tidak dicoba lagi sampai sandi diganti")
        return challenge

    async def _ask_once(self, method: str, url: str, headers: str) -> Reply:
        request = self._request(method, url, headers)
        with self._troubles("not_rtsp" if self._cseq <= 2 else "broken_stream"):
            try:
                async with asyncio.timeout(self._limits.reply_s):
                    return await self._wire.ask(request)
            except TimeoutError as late:
                is_mute = self._cseq == 1
                raise StreamFault("rtsp_silent", method, unreachable=is_mute) from late

    def _request(self, method: str, url: str, headers: str = "") -> bytes:
        self._cseq += 1
        lines = f"{method} {url} RTSP/1.0\r\nCSeq: {self._cseq}\r\nUser-Agent: Satukota\r\n{headers}"
        if self._session_id:
            lines += f"Session: {self._session_id}\r\n"
        if self._login is not None:
            lines += f"Authorization: {self._login.answer(method, url)}\r\n"
        return (lines + "\r\n").encode()

    def _must_be_ok(self, reply: Reply) -> None:
        if not 200 <= reply.code < 300:
            cause = _CAUSE_OF_CODE.get(reply.code, "rtsp_error")
            raise StreamFault(cause, self._said(f"{reply.code} {reply.reason}"))

    def _follow(self, reply: Reply) -> None:
        try:
            target = parse_address(reply.header("location"))
        except BadAddress as problem:
            raise StreamFault("rtsp_error", f"{reply.code}: alamat tujuan tidak sah") from problem
        if target.host != self._address.host:
            self._username = self._password = ""  # what belongs to one device is not told to another
        self._address, self._control = target, target.url
        self._login, self._is_known, self._cseq = None, False, 0
        self._wire.close()

    def _as_dialled(self, url: str) -> str:
        """With our host and port: behind NAT a camera calls itself by its inner address."""
        try:
            given = parse_address(url)
        except BadAddress:
            return self._address.url
        self._control = StreamAddress(self._address.host, self._address.port, given.path).url
        return self._control

    # -- the trail

    @contextmanager
    def _stage(self, step: str, *, only_failure: bool = False) -> Iterator[_Note]:
        started, note = time.monotonic(), _Note()
        try:
            yield note
        except StreamFault as fault:
            if not fault.is_told:  # the inner stage says it, not the outer one again
                self._add(step, False, started, fault.said or note.said)
                fault.is_told = True
            raise
        if not only_failure:
            self._add(step, True, started, note.said)

    def _add(self, step: str, ok: bool, started: float, said: str) -> None:
        self.stages.append(Stage(step, ok, round((time.monotonic() - started) * 1000), said))

    @contextmanager
    def _troubles(self, junk_cause: str) -> Iterator[None]:
        """What the wire raises, as StreamFault."""
        try:
            yield
        except NotRtsp as other:
            first = self._said(other.said.split("\n", 1)[0] or other.said)
            raise StreamFault(junk_cause, first) from None
        except Closed:
            raise StreamFault("closed_by_camera") from None
        except TooMuch:
            raise StreamFault("too_much_data") from None
        except KeyframeTooLarge:
            raise StreamFault("keyframe_too_large") from None

    def _said(self, text: str) -> str:
        clean = without_secrets(text, self._username, self._password)
        return "".join(c for c in clean if c.isprintable())[:_SAID_CHARS]


@asynccontextmanager
async def watching(
    url: str,
    username: str = "",
    password: str = "",
    *,
    resolve: Resolve,
    may_log_in: bool = True,
    limits: Limits | None = None,
    stages: list[Stage] | None = None,
    on_unit: OnUnit | None = None,
    span: replay.Span | None = None,
) -> AsyncIterator[Session]:
    """A playing session; ends with TEARDOWN however the block is left. Raises StreamFault.

    With `may_log_in=False` no password is sent, even when asked for: it was refused before. `stages` collects the
    trail, also of a failed look. With `on_unit` every picture is passed on, `span`: of a recording.
    """
    trail = stages if stages is not None else []
    try:
        address = parse_address(url)
    except BadAddress as bad:
        trail.append(Stage("address", False, 0))
        raise StreamFault(bad.code) from None
    session = Session(address, username, password, may_log_in=may_log_in, limits=limits or Limits())
    session.stages = trail
    if on_unit is not None:
        session.pass_on(on_unit)
    session.span = span
    try:
        await session.open(resolve)
        yield session
    finally:
        await session.close()


async def resolve_anywhere(host: str, port: int) -> list[str]:
    """Every address of the name, unguarded: for tests and benchmarks."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]
