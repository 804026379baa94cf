"""What every write of a row does: check it as the model says, store it, put the difference on the audit log."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import UserError

from .. import words


def facts_of(row: models.Model) -> dict[str, Any]:
    """The row's own columns by name, related rows by their names."""
    return {
        field.name: str(getattr(row, field.name)) if field.is_relation and getattr(row, field.attname) is not None
        else getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }  # fmt: skip


def store(
    row: models.Model, act: str, *, by: Any, at: datetime, opd_code: str = "", was: dict[str, Any] | None = None,
    why: str = "",
) -> bool:  # fmt: skip
    """Save the row with its audit line; False, and nothing written, when nothing differs from `was`.

    Raises UserError in words when the row breaks a rule of the model.
    """
    now = facts_of(row)
    changed = {name for name in now if was is None or was[name] != now[name]}
    if not changed:
        return False
    try:
        row.full_clean()
        with transaction.atomic():
            row.save()
    except ValidationError as problem:
        raise UserError(_sentence(row, problem), fix=_("Perbaiki isian itu lalu simpan lagi.")) from problem
    except IntegrityError as problem:
        raise UserError(
            _("Isian ini bertentangan dengan data yang sudah ada."), fix=_("Muat ulang halaman lalu periksa lagi.")
        ) from problem
    before = {name: was[name] for name in sorted(changed)} if was is not None else None
    after = {name: now[name] for name in sorted(changed) if was is not None or now[name] not in (None, "")}
    audit.record(act, on=row, by=by, at=at, opd_code=opd_code, before=before, after=after, why=why)
    return True


def _sentence(row: models.Model, problem: ValidationError) -> str:
    """The first complaint, with the name of its field where it has one."""
    name, complaints = next(iter(problem.error_dict.items()))
    label, first = str(words.LABELS.get(name, "")), complaints[0]
    if first.code == "unique":
        return _("%(label)s “%(value)s” sudah dipakai.") % {"label": label, "value": getattr(row, name)}
    return f"{label}: {first.messages[0]}" if label else str(first.messages[0])
