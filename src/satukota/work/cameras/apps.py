from django.apps import AppConfig


class CamerasConfig(AppConfig):
    name = "satukota.work.cameras"
    label = "cameras"
    verbose_name = "Kamera"

    def ready(self) -> None:
        from satukota.base.keeping import retention
        from satukota.shared.coverage import registry as coverage
        from satukota.shared.monitoring import registry

        from . import watchers
        from .live import looks
        from .probes import CameraProbe

        registry.register(CameraProbe())
        retention.register(looks.RULE)
        coverage.register_source(watchers.watchers, watchers.DOUBTFUL)
