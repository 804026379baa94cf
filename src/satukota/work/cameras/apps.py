from django.apps import AppConfig


class CamerasConfig(AppConfig):
    name = "satukota.work.cameras"
    label = "cameras"
    verbose_name = "Kamera"

    def ready(self) -> None:
        from satukota.shared.coverage import registry as coverage
        from satukota.shared.monitoring import registry

        from . import watchers
        from .probes import CameraProbe

        registry.register(CameraProbe())
        coverage.register_source(watchers.watchers, watchers.DOUBTFUL)
