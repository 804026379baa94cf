from django.apps import AppConfig


class CityConfig(AppConfig):
    name = "satukota.city"
    label = "city"
    verbose_name = "Kota"

    def ready(self) -> None:
        from satukota.base.accounts import models as accounts
        from satukota.base.page_frame import context

        from . import gauges, hats

        gauges.register()
        accounts.name_hats_by(hats.words_of)
        context.add_part(hats.frame_part)
