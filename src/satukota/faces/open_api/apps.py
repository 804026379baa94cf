from django.apps import AppConfig


class OpenApiConfig(AppConfig):
    name = "satukota.faces.open_api"
    label = "open_api"
    verbose_name = "API terbuka"
