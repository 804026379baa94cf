from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "satukota.base.documents"
    label = "documents"
    verbose_name = "Dokumen"
