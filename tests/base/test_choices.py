"""What a choice is called on screen follows the reader's language, so no label is a bare text."""

import pytest
from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, override

from satukota.base.exports import Column, _csv

NAMES = {"WhatsApp", "SMS"}  # of products, the same in every language
OTHERWISE = {"Message.urgency"}  # shown to nobody


def labels() -> list[tuple[str, object]]:
    """Model.field of ours and each of its labels."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("satukota.")]
    fields = [field for model in ours for field in model._meta.concrete_fields if field.choices]
    return [(f"{field.model.__name__}.{field.name}", label) for field in fields for _value, label in field.flatchoices]


def test_every_label_of_a_choice_is_translated_when_it_is_read():
    found = labels()
    bare = [(where, label) for where, label in found if not isinstance(label, Promise) and label not in NAMES]
    assert len(found) > 40
    assert [each for each in bare if each[0] not in OTHERWISE] == []


@pytest.mark.parametrize(("language", "heading"), [("id", "Nama"), ("en", "Name")])
def test_a_lazy_heading_of_a_file_is_said_when_the_file_is_written(language, heading, monkeypatch):
    said = {"id": "Nama", "en": "Name"}
    monkeypatch.setattr("django.utils.translation._trans.gettext", lambda text: said[language])
    with override(language):
        assert next(_csv([Column("name", gettext_lazy("Nama"))], [])).strip("\ufeff\r\n") == heading
