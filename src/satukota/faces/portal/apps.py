from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "satukota.faces.portal"
    label = "portal"
    verbose_name = "Portal warga"
