from django.apps import AppConfig


class PageFrameConfig(AppConfig):
    name = "satukota.base.page_frame"
    label = "page_frame"
    verbose_name = "Kerangka halaman"
