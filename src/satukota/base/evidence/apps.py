from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "satukota.base.evidence"
    label = "evidence"
    verbose_name = "Bukti"
