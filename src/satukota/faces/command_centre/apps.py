from django.apps import AppConfig


class CommandCentreConfig(AppConfig):
    name = "satukota.faces.command_centre"
    label = "command_centre"
    verbose_name = "Pusat komando"

    def ready(self) -> None:
        from satukota.base.messages import channels
        from satukota.base.page_frame import context

        from . import frame_part, queries

        context.add_part(frame_part.frame_part)
        channels.phones_come_from(queries.phone_of)
