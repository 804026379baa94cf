"""Turning a plain column into a sealed one, and back: for data migrations."""

from collections.abc import Callable
from typing import Any

from django.db import migrations
from django.db.models import Model

from . import hashing, keyring

BATCH = 500


def seal_column(app: str, model: str, name: str, *, hash_column: str = "", kind: str = "") -> migrations.RunPython:
    """Seal every plain value of a TextField, in batches, and fill its hash; the other way round when reversed.

    Stands between the operation that makes the column a TextField and the one that makes it a SealedTextField. A value
    that is sealed already stays, so a migration that was killed is simply run again.
    """

    def forwards(apps: Any, editor: Any) -> None:
        def sealed(value: str) -> dict[str, str]:
            if keyring.key_of(value):
                return {}
            of_hash = {hash_column: hashing.keyed_hash(kind, value)} if hash_column else {}
            return {name: keyring.seal_text(value)} | of_hash

        _rewrite(apps.get_model(app, model), editor.connection.alias, name, sealed)

    def backwards(apps: Any, editor: Any) -> None:
        _rewrite(apps.get_model(app, model), editor.connection.alias, name, lambda v: {name: keyring.unseal_text(v)})

    return migrations.RunPython(forwards, backwards)


def _rewrite(model: type[Model], alias: str, name: str, change: Callable[[str], dict[str, str]]) -> None:
    rows, last = model._base_manager.using(alias).exclude(**{name: ""}).order_by("pk"), 0
    while batch := list(rows.filter(pk__gt=last).values_list("pk", name)[:BATCH]):
        for pk, value in batch:
            changed = change(value)
            if changed:
                model._base_manager.using(alias).filter(pk=pk).update(**changed)
        last = batch[-1][0]
