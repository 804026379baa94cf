from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "satukota.base.feed"
    label = "feed"
    verbose_name = "Kabar langsung"
