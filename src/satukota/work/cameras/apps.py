from django.apps import AppConfig


class CamerasConfig(AppConfig):
    name = "satukota.work.cameras"
    label = "cameras"
    verbose_name = "Kamera"

    def ready(self) -> None:
        from satukota.shared.monitoring import registry

        from .probes import CameraProbe

        registry.register(CameraProbe())
