"""Foreign keys go downwards like imports: written as strings, they are invisible to the import contracts."""

import tomllib
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]


def layers_of(container: str) -> list[str]:
    """The layers of one import contract, highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return next(c["layers"] for c in settings["contracts"] if container in c.get("containers", []))


BANDS = layers_of("satukota")
SHARED = layers_of("satukota.shared")


def place(module: str) -> tuple[int, int, str]:
    """(band, layer inside shared, app): a greater number is lower in the house."""
    _, band, *rest = module.split(".")
    app = rest[0] if rest else ""
    inside = next((n for n, layer in enumerate(SHARED) if app in layer.split(" | ")), 0) if band == "shared" else 0
    return BANDS.index(band), inside, app


def points_up(source: str, target: str) -> bool:
    """Whether a foreign key from a model in module `source` to one in `target` breaks the bands."""
    band, inside, app = place(source)
    target_band, target_inside, target_app = place(target)
    if band != target_band:
        return band > target_band
    return BANDS[band] in {"work", "shared"} and app != target_app and inside >= target_inside


def test_no_foreign_key_points_upwards_or_from_one_work_to_another():
    wrong, seen = [], 0
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith("satukota."):
            continue
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and not field.auto_created else None
            if isinstance(target, type) and target.__module__.startswith("satukota."):
                seen += 1
                if points_up(model.__module__, target.__module__):
                    wrong.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert seen > 20
    assert wrong == []


def test_the_rule_tells_up_from_down():
    assert not points_up("satukota.work.cameras.models", "satukota.shared.monitoring.models")
    assert points_up("satukota.shared.monitoring.models", "satukota.work.cameras.models")
    assert points_up("satukota.base.audit.models", "satukota.city.models")
    assert not points_up("satukota.shared.incidents.models", "satukota.shared.monitoring.models")
    assert points_up("satukota.shared.monitoring.models", "satukota.shared.incidents.models")
    assert points_up("satukota.work.cameras.models", "satukota.work.public_wifi.models")
    assert not points_up("satukota.base.audit.models", "satukota.base.accounts.models")
