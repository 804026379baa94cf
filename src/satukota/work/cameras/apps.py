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

        from . import doors, watchers
        from .federation import EVERY_S
        from .federation.probe import PeerCameraProbe
        from .live import looks
        from .probes import CameraProbe

        registry.register(CameraProbe())
        registry.register(PeerCameraProbe())
        errands.alongside("federation", EVERY_S, doors.ask_peers)  # its silence must not hold up a chore
        errands.alongside("recordings", doors.RECORDERS_EVERY_S, doors.turn_to_recorders)
        registry.every(600, doors.forget_nonces)
        for rule in (looks.RULE, *doors.KEPT):
            retention.register(rule)
        coverage.register_source(watchers.watchers, watchers.DOUBTFUL)
