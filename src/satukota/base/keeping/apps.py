from django.apps import AppConfig


class KeepingConfig(AppConfig):
    name = "satukota.base.keeping"
    label = "keeping"
    verbose_name = "Penyimpanan"

    def ready(self) -> None:
        from . import rules

        rules.register_all()
