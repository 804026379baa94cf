"""Model fields for secrets. `row.phone` is a Sealed: masked as text, `.open()` gives the plain number."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import Exact, IsNull, Lookup
from django.db.models.query_utils import DeferredAttribute

from . import hashing, keyring, masks
from .sealed import Sealed

MASKS: dict[str, Callable[[str], str]] = {
    "hidden": masks.hidden, "phone": masks.phone, "nik": masks.nik, "contact": masks.contact,
}  # fmt: skip


class _SealedAttribute(DeferredAttribute):
    """Whatever is set becomes a Sealed at once, so that no plain text lies about in a row's attributes."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class SealedTextField(models.TextField):
    """Text that is encrypted in the database. `mask` is a key of MASKS.

    Cannot be searched, sorted or compared in SQL beyond “empty or not”; a SealedHashField beside it finds exact values.
    """

    descriptor_class = _SealedAttribute

    if TYPE_CHECKING:  # what a row's attribute gives and takes

        def __get__(self, row: models.Model | None, owner: type | None = None) -> Sealed: ...

        def __set__(self, row: models.Model, value: Sealed | str) -> None: ...

    def __init__(self, *args: Any, mask: str = "hidden", **kwargs: Any) -> None:
        self.mask = mask
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"mask": self.mask}

    def to_python(self, value: Any) -> Sealed | None:
        if value is None:
            return None
        if isinstance(value, Sealed):
            return value.masked_by(MASKS[self.mask])
        return Sealed(plain=str(value), mask=MASKS[self.mask])

    def from_db_value(self, value: str | None, *context: Any) -> Sealed | None:
        return None if value is None else Sealed(token=value, mask=MASKS[self.mask])

    def get_prep_value(self, value: Any) -> str | None:
        sealed = self.to_python(value)
        return None if sealed is None else sealed.token

    def value_to_string(self, row: models.Model) -> str:
        return str(self.value_from_object(row))  # the mask: a serialised row is read by others

    def get_lookup(self, lookup_name: str) -> Any:
        return {"exact": _SameToken, "isnull": IsNull, "sealed_by": _SealedBy}.get(lookup_name)


class SealedHashField(models.CharField):
    """The keyed hash of the sealed field `of`, kept with every save; `kind` is a key of hashing.NORMAL.

    Find rows by `.filter(phone_hash=keyed_hash("phone", "0812…"))`.
    """

    def __init__(self, *args: Any, of: str = "", kind: str = "", **kwargs: Any) -> None:
        self.of, self.kind = of, kind
        kwargs |= {"max_length": 64, "blank": True, "default": "", "editable": False, "db_index": True}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "blank", "default", "editable", "db_index"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs | {"of": self.of, "kind": self.kind}

    def pre_save(self, row: models.Model, add: bool) -> str:
        try:
            value = hashing.keyed_hash(self.kind, getattr(row, self.of).open())
        except keyring.Unsealable:
            return str(getattr(row, self.attname))  # as it was: the value did not change either
        setattr(row, self.attname, value)
        return value


class _SameToken(Exact):
    """Empty or not, or exactly the stored token; a plain text can never be found so, and is refused."""

    prepare_rhs = False

    def get_prep_lookup(self) -> str:
        if isinstance(self.rhs, Sealed):
            return self.rhs.stored
        if self.rhs == "":
            return ""
        raise FieldError("a sealed field is searched by its hash field")

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [value]


class _SealedBy(Lookup):
    """Rows sealed with the key of this id; the empty id finds those from before keys had ids."""

    lookup_name = "sealed_by"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        if self.rhs:
            return f"{column} LIKE %s", [*params, f"{keyring.MARK}{self.rhs}.%"]
        return f"({column} <> '' AND {column} NOT LIKE %s)", [*params, *params, f"{keyring.MARK}%"]
