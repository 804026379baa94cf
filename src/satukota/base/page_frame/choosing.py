"""The one field that chooses a row of a register."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _


class Choose(forms.ModelChoiceField):
    """Nothing chosen reads as a sentence, not as dashes."""

    def __init__(self, rows: QuerySet[Any], *, required: bool = True, **more: Any) -> None:
        more.setdefault("empty_label", _("Pilih …") if required else _("belum ditentukan"))
        super().__init__(rows, required=required, **more)
