from django.apps import AppConfig


class CoverageConfig(AppConfig):
    name = "satukota.shared.coverage"
    label = "coverage"
    verbose_name = "Liputan"

    def ready(self) -> None:
        from satukota.shared.monitoring import registry

        from . import doors

        registry.on_status_change(doors.follow)
        registry.every(5, doors.catch_up)
        registry.every(10, doors.ask_when_due)
        registry.every(60, doors.store_last_day)
        registry.every(900, doors.store_days)
