from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "satukota.base.messages"
    label = "base_messages"  # django.contrib.messages has the plain name
    verbose_name = "Pesan"
