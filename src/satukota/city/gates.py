"""The rule of a view, written above it: the declaration is the check, so the two cannot differ.

Every view of ours wears exactly one of `needs`, `needs_for`, `for_the_signed_in` and `for_everyone`; views that others
wrote (sign-in, API documentation) are named in the project's table of rules. `endpoints` lists them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeAlias

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import access
from .roles import PERMISSIONS

View: TypeAlias = Callable[..., HttpResponseBase]
Find: TypeAlias = Callable[[Any, Any, str], Any]  # (user, id from the address, permission) → the thing, else Missing


@dataclass(frozen=True)
class Rule:
    """Who gets past a view: everyone, the signed-in, or who may do `permission` (on the thing of `find`)."""

    permission: str = ""  # empty: no duty needed
    is_public: bool = False
    find: Find | None = None
    by: str = ""  # the part of the address that names the thing
    act_in: str = ""  # the part of the address that names the act, when each act has its own permission
    acts: Mapping[str, str] = field(default_factory=dict)  # act → permission
    why: str = ""  # why no duty is needed

    def permission_for(self, kwargs: Mapping[str, Any]) -> str:
        """Raises NotAllowed for an act that does not exist."""
        if not self.act_in:
            return self.permission
        if kwargs[self.act_in] not in self.acts:
            raise access.not_found()
        return self.acts[kwargs[self.act_in]]


def needs(permission: str, *, find: Find | None = None, by: str = "") -> Callable[[View], View]:
    """Signed in, with a hat that allows `permission`; else the sign-in page or the answer for a missing page.

    With `find`, the part `by` of the address is exchanged for the thing, which the view gets after the request.
    """
    return _gate(Rule(permission, find=find, by=by))


def needs_for(
    act_in: str, acts: Mapping[str, str], *, find: Find | None = None, by: str = ""
) -> Callable[[View], View]:
    """As `needs`, where the address names the act and each act has its own permission."""
    return _gate(Rule(find=find, by=by, act_in=act_in, acts=acts))


def for_the_signed_in(why: str) -> Callable[[View], View]:
    """Only the person's own things are behind this view."""
    return _gate(Rule(why=why))


def for_everyone(why: str) -> Callable[[View], View]:
    """No account needed: what stands here is public."""
    return _gate(Rule(is_public=True, why=why))


def _gate(rule: Rule) -> Callable[[View], View]:
    unknown = ({rule.permission, *rule.acts.values()} - {""}) - PERMISSIONS
    if unknown:
        raise ValueError(f"no role allows {sorted(unknown)}: are they spelled as in city.roles?")

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if rule.is_public:
                return view(request, *args, **kwargs)
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            permission = rule.permission_for(kwargs)
            if permission:
                access.require(request.user, permission)
            if rule.find is not None:
                args = (rule.find(request.user, kwargs.pop(rule.by), permission), *args)
            return view(request, *args, **kwargs)

        guarded.access_rule = rule  # type: ignore[attr-defined]
        return guarded

    return guard
