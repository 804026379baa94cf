from django.apps import AppConfig


class CamerasConfig(AppConfig):
    name = "satukota.work.cameras"
    label = "cameras"
    verbose_name = "Kamera"

    def ready(self) -> None:
        from satukota.base.jobs import errands
        from satukota.base.keeping import retention
        from satukota.shared.coverage import registry as coverage
        from satukota.shared.monitoring import registry

        from . import watchers
        from .federation import receiving, streams, trust
        from .federation.probe import PeerCameraProbe
        from .live import looks
        from .probes import CameraProbe
        from .recordings import clockwork, measuring

        registry.register(CameraProbe())
        registry.register(PeerCameraProbe())
        errands.alongside("federation", receiving.EVERY_S, receiving.sync_all)  # its silence must not hold up a chore
        registry.every(600, trust.forget_nonces)
        retention.register(looks.RULE)
        retention.register(streams.RULE)
        retention.register(measuring.RULE)
        errands.alongside("recordings", clockwork.EVERY_S, clockwork.turn)
        coverage.register_source(watchers.watchers, watchers.DOUBTFUL)
