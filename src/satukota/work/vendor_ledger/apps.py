from django.apps import AppConfig


class VendorLedgerConfig(AppConfig):
    name = "satukota.work.vendor_ledger"
    label = "vendor_ledger"
    verbose_name = "Buku kontrak"
