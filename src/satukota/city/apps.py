from django.apps import AppConfig


class CityConfig(AppConfig):
    name = "satukota.city"
    label = "city"
    verbose_name = "Kota"
