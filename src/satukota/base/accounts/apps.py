from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "satukota.base.accounts"
    label = "accounts"
    verbose_name = "Akun"

    def ready(self) -> None:
        from . import signals

        signals.connect()
