from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "satukota.base.accounts"
    label = "accounts"
    verbose_name = "Akun"
