from django.apps import AppConfig


class ShiftsConfig(AppConfig):
    name = "satukota.shared.shifts"
    label = "shifts"
    verbose_name = "Giliran"
