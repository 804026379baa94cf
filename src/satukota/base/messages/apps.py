from functools import partial

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "satukota.base.messages"
    label = "base_messages"  # django.contrib.messages has the plain name
    verbose_name = "Pesan"

    def ready(self) -> None:
        from satukota.base.jobs import errands

        from . import channels, outbox

        for key in channels.OUTWARD:  # each on its own: one that is slow holds up no other
            errands.alongside(f"outbox-{key}", outbox.EVERY_S, partial(outbox.send_due, only=key))
