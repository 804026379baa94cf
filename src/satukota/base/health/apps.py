from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "satukota.base.health"
    label = "health"
    verbose_name = "kesehatan sistem"

    def ready(self) -> None:
        from . import own, parts

        own.register()
        parts.register()
