from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "satukota.shared.monitoring"
    label = "monitoring"
    verbose_name = "Pemantauan"

    def ready(self) -> None:
        from satukota.base.keeping import retention
        from satukota.city import actions as registers

        from . import feeders, gauges, readings, registry
        from .probes import FeederProbe, HttpProbe, TcpProbe

        for probe in (TcpProbe(), HttpProbe(), FeederProbe("link"), FeederProbe("power")):
            registry.register(probe)
        gauges.register()
        retention.register(readings.RULE)
        registers.on_feeder_saved(feeders.follow)
