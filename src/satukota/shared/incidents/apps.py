from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "satukota.shared.incidents"
    label = "incidents"
    verbose_name = "Insiden"

    def ready(self) -> None:
        from satukota.shared.monitoring import registry

        from . import from_status
        from .actions import escalate_overdue

        registry.on_status_change(from_status.follow)
        registry.every(30, from_status.catch_up)
        registry.every(30, escalate_overdue)
