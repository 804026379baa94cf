from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "satukota.base.audit"
    label = "audit"
    verbose_name = "Catatan audit"
