from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "satukota.base.jobs"
    label = "jobs"
    verbose_name = "Pekerjaan latar"
