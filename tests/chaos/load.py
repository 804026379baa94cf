"""What people and cameras do while the city is under attack, and what of it was acknowledged."""

import contextlib
import itertools
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

TRY_AGAIN_S = 0.5
NOT_NOW = {429, 500, 502, 503, 504}


@dataclass
class Acknowledged:
    """What the city said yes to. Only what is in here may be claimed back."""

    notes: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)
    feed: list[int] = field(default_factory=list)
    feed_resets: int = 0
    retries: int = 0
    errors_500: int = 0


class Client:
    """One person at a browser that never gives up: an act without an answer is sent again under its key."""

    def __init__(self, base: str, cookie: str, said: Acknowledged, stop: threading.Event) -> None:
        self.base, self.cookie, self.said, self.stop = base, cookie, said, stop

    def post(self, path: str, fields: dict[str, str]) -> int:
        """Until there is an answer that is one; its status, 0 when the attack ended first."""
        token, key = "c" * 32, uuid.uuid4().hex
        headers = {"Idempotency-Key": key, "X-CSRFToken": token, "Referer": self.base}
        cookies = {"sessionid": self.cookie, "csrftoken": token}
        while True:
            try:
                answer = httpx.post(self.base + path, data=fields, headers=headers, cookies=cookies, timeout=25)
                if answer.status_code not in NOT_NOW:
                    return answer.status_code
                self.said.errors_500 += answer.status_code == 500
            except httpx.HTTPError:
                pass
            self.said.retries += 1
            if self.stop.wait(TRY_AGAIN_S):
                return 0

    def write_notes(self, numbers: list[str], seed: int) -> None:
        chance = random.Random(seed)
        while not self.stop.is_set():
            text = f"catatan {uuid.uuid4().hex}"
            if self.post(f"/pusat/insiden/{chance.choice(numbers)}/lakukan/catat", {"text": text}) == 302:
                self.said.notes.add(text)
            self.stop.wait(0.1)

    def take(self, numbers: list[str], every_s: float) -> None:
        for number in numbers:
            if self.stop.wait(every_s):
                return
            if self.post(f"/pusat/insiden/{number}/lakukan/ambil", {}) == 302:
                self.said.takes.add(number)

    def follow_feed(self, feed: str) -> None:
        """As the page does: reconnect with the last id seen, ignore nothing, note everything."""
        last = 0
        cookies = {"sessionid": self.cookie}
        while not self.stop.is_set():
            try:
                address = f"{feed}/kabar" + (f"?since={last}" if last else "")
                timeout = httpx.Timeout(5, read=20)
                with httpx.stream("GET", address, cookies=cookies, timeout=timeout) as answer:
                    last = self._hear(answer, last) if answer.status_code == 200 else last
            except httpx.HTTPError:
                pass
            self.stop.wait(0.2)

    def _hear(self, answer: httpx.Response, last: int) -> int:
        number = 0
        try:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("event: "):
                    last = self._note(line[7:], number)
                if self.stop.is_set():
                    return last
        except httpx.HTTPError:
            return max(last, self.said.feed[-1] if self.said.feed else last)
        return last

    def _note(self, topic: str, number: int) -> int:
        if topic == "reset":
            self.said.feed_resets += 1
        elif topic != "start":
            self.said.feed.append(number)
        return number


class Town:
    """TCP ports that listen, and now and then some that do not: real looks with real outcomes."""

    def __init__(self, size: int) -> None:
        self.doors: list[socket.socket | None] = [self._open(0) for _ in range(size)]
        self.ports = [door.getsockname()[1] for door in self.doors if door is not None]

    @staticmethod
    def _open(port: int) -> socket.socket:
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen(64)
        door.setblocking(False)
        return door

    def live(self, ended: threading.Event, seed: int, every_s: float, calm: threading.Event) -> None:
        """Until `ended`; from `calm` on every door is open again and stays so."""
        chance, turn_at = random.Random(seed), time.monotonic() + every_s
        while not ended.wait(0.05):
            for door in self.doors:
                with contextlib.suppress(BlockingIOError, OSError):
                    while door is not None:
                        door.accept()[0].close()
            if calm.is_set():
                for place in [place for place, door in enumerate(self.doors) if door is None]:
                    self._turn(place)
            elif time.monotonic() > turn_at:
                self._turn(chance.randrange(len(self.doors)))
                turn_at = time.monotonic() + every_s

    def _turn(self, place: int) -> None:
        door = self.doors[place]
        with contextlib.suppress(OSError):
            if door is None:
                self.doors[place] = self._open(self.ports[place])
            else:
                self.doors[place] = None
                door.close()

    def close(self) -> None:
        for door in filter(None, self.doors):
            door.close()


def enqueue_jobs(enqueue: Callable[[str], None], said: Acknowledged, stop: threading.Event) -> None:
    """Jobs by the hundred; one that could not be written is not one that was acknowledged."""
    for number in itertools.count():
        if stop.wait(0.8):
            return
        about = f"JOB-{number}"
        with contextlib.suppress(Exception):  # the database is down: the caller knows that it has no yes
            enqueue(about)
            said.jobs.add(about)
