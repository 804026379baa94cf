"""The sample city's message catcher, until told to end. Refused outside the sample city."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from satukota.base.messages.catcher import Catcher


class Command(BaseCommand):
    help = "Take the sample city's e-mail, WhatsApp and SMS and keep them to look at; nothing leaves the machine."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SAMPLE:
            raise CommandError("The catcher is only for the sample city (SATUKOTA_SAMPLE=1).")
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_words: ended.set())
        port = settings.CATCHER_PORT
        with Catcher(settings.CATCHER_DIR, token=settings.CATCHER_TOKEN, smtp_port=port, http_port=port + 1):
            self.stdout.write(f"SMTP on 127.0.0.1:{port}, HTTP on 127.0.0.1:{port + 1}")
            ended.wait()
