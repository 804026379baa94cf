from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "satukota.shared.monitoring"
    label = "monitoring"
    verbose_name = "Pemantauan"
