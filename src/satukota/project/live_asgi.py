"""The process of live pictures: `satukota live`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "satukota.project.settings")
django.setup()

from django.conf import settings  # noqa: E402

from satukota.project.origins import origins  # noqa: E402
from satukota.work.cameras.live.gate import Gate  # noqa: E402
from satukota.work.cameras.live.peer_door import PeerDoor  # noqa: E402
from satukota.work.cameras.live.service import Hub  # noqa: E402
from satukota.work.cameras.live.service import application as application_of  # noqa: E402

hub = Hub(
    Gate(), recodes=settings.LIVE_RECODES, idle_s=settings.LIVE_IDLE_S,
    buffer=settings.BUFFER_DIR, buffer_bytes=settings.BUFFER_MB * 1_000_000,
)  # fmt: skip
hub.peers = PeerDoor(hub)
application = application_of(hub, origins())
