from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "satukota.faces.portal"
    label = "portal"
    verbose_name = "Portal warga"

    def ready(self) -> None:
        from satukota.base.page_frame import context

        from .frame_part import frame_part

        context.add_part(frame_part)
