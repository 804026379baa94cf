"""How a field of any form is drawn: one template and one set of classes, through Django's own form renderer."""

from typing import Any

from django.forms import CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Widget
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates


class FrameField(BoundField):
    """A field whose widget wears the classes of the frame's style sheet, unless the form gave it others."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        if "class" not in widget.attrs and not widget.is_hidden:
            attrs.setdefault("class", _class_of(widget))
        return attrs


def _class_of(widget: Widget) -> str:
    if isinstance(widget, CheckboxInput | CheckboxSelectMultiple | RadioSelect):
        return "form-check-input"
    return "form-select" if isinstance(widget, Select) else "form-control"


class FrameRenderer(DjangoTemplates):
    """`{{ field.as_field_group }}` draws label, control, help and problems by `frame/field.html`."""

    field_template_name = "frame/field.html"
    bound_field_class = FrameField
