"""The process behind an eye: reads questions from a socket, answers, ends when the prober is gone.

Run as `python -m satukota.work.cameras.eye.worker FD`. Loads no Django and knows no secrets.
"""

from __future__ import annotations

import resource
import socket
import sys

from .frames import HEAD, packed, sizes, unpacked
from .looking import Kept, look

MAX_ADDRESS_SPACE = 3 * 1024**3


def serve(line: socket.socket) -> None:
    kept = Kept()
    stream = line.makefile("rb")
    while head := stream.read(HEAD.size):
        text_size, parts_size = sizes(head)
        facts, parts = unpacked(stream.read(text_size + parts_size), text_size)
        answer, answer_parts = look(facts, parts, kept)
        line.sendall(b"".join(packed(answer, answer_parts)))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold pictures
    with socket.socket(fileno=int(sys.argv[1])) as line:
        serve(line)


if __name__ == "__main__":
    main()
