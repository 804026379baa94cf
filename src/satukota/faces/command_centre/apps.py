from django.apps import AppConfig


class CommandCentreConfig(AppConfig):
    name = "satukota.faces.command_centre"
    label = "command_centre"
    verbose_name = "Pusat komando"
