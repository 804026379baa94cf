from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "satukota.shared.incidents"
    label = "incidents"
    verbose_name = "Insiden"

    def ready(self) -> None:
        from satukota.shared.monitoring import registry

        from . import from_status

        registry.on_status_change(from_status.follow)
