"""Every address of the product with its rule, read from the code: pages from the URLconf, API operations from Ninja."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from ninja.operation import PathView

from .gates import Rule

PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Endpoint:
    path: str  # /pusat/kamera/<str:code>/
    name: str  # cameras:camera, empty when it has none
    view: str  # satukota.work.cameras.pages.camera.camera_page
    rule: Rule | None  # None: nobody said who may open it
    methods: tuple[str, ...]  # of an API operation; empty for a page, which says so itself
    takes: tuple[str, ...]  # names of the parts of the path
    is_foreign: bool = False  # others wrote the view; its rule stands in the project's table

    @property
    def is_api(self) -> bool:
        return bool(self.methods)


def endpoints(foreign: Mapping[str, Rule]) -> list[Endpoint]:
    """In the order they are tried. `foreign`: beginning of a view's module → the rule of views that others wrote."""
    return [one for pattern, path, space in _patterns(get_resolver().url_patterns) for one in _of(pattern, path, space,
            foreign)]  # fmt: skip


def _patterns(
    found: list[Any], path: str = "/", space: tuple[str, ...] = ()
) -> Iterator[tuple[URLPattern, str, tuple[str, ...]]]:
    for each in found:
        here = path + str(each.pattern).removeprefix("^")
        if isinstance(each, URLResolver):
            inner = (*space, each.namespace) if each.namespace else space
            yield from _patterns(each.url_patterns, here, inner)
        else:
            yield each, here, space


def _of(pattern: URLPattern, path: str, space: tuple[str, ...], foreign: Mapping[str, Rule]) -> Iterator[Endpoint]:
    name = ":".join((*space, pattern.name)) if pattern.name else ""
    takes = tuple(PART.findall(path))
    operations = _operations(pattern.callback)
    for view, methods in operations or [(pattern.callback, ())]:
        rule, where = getattr(view, "access_rule", None), _where(view)
        is_foreign = rule is None and not where.startswith("satukota.")
        if is_foreign:
            rule = next((one for start, one in foreign.items() if where.startswith(start)), None)
        yield Endpoint(path, name, where, rule, methods, takes, is_foreign)


def _operations(callback: Callable[..., Any]) -> list[tuple[Callable[..., Any], tuple[str, ...]]]:
    """The functions behind a Ninja path; Ninja keeps them in the closure of the view it made."""
    for cell in getattr(callback, "__closure__", None) or ():
        if isinstance(cell.cell_contents, PathView):
            return [(one.view_func, tuple(one.methods)) for one in cell.cell_contents.operations]
    return []


def _where(view: Any) -> str:
    view = view.func if isinstance(view, partial) else view
    made_by = getattr(view, "view_class", view)
    return f"{made_by.__module__}.{made_by.__qualname__}"
