from django.apps import AppConfig


class BlindSpotsConfig(AppConfig):
    name = "satukota.work.blind_spots"
    label = "blind_spots"
    verbose_name = "Titik buta"

    def ready(self) -> None:
        from satukota.shared.monitoring import registry

        from . import doors

        registry.every(30, doors.watch_over)
        registry.every(60, doors.ask_when_due)
