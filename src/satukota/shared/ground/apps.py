from django.apps import AppConfig


class GroundConfig(AppConfig):
    name = "satukota.shared.ground"
    label = "ground"
    verbose_name = "Lahan"
