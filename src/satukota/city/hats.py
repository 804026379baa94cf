"""Which duty a person acts under: chosen in the frame, remembered by the session, written on every audit row."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.middleware import get_user
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from satukota.base.audit import actions as audit
from satukota.base.errors import Missing

from . import access
from .models import Duty
from .words import duty_words

HAT = "hat"  # in the session: the id of the duty chosen
HAT_MAX = 120  # characters on an audit row


def dress(user: Any, session: Any) -> Any:
    """The account, wearing the hat its session remembers. Forgets what was known of it before."""
    user.hat_id = session.get(HAT)
    user._duties_held = None
    return user


class HatMiddleware:
    """After AuthenticationMiddleware: whoever asks for `request.user` gets them with their hat. No query of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: dress(get_user(request), request.session))
        return self.get_response(request)


def wear(request: HttpRequest, duty_id: int, at: datetime) -> Duty:
    """Act under this duty from now on. Raises Missing for a duty the person does not hold today."""
    before = access.hat_of(request.user)
    duty = next((duty for duty in access.duties_of(request.user) if duty.pk == duty_id), None)
    if duty is None:
        raise Missing(_("Tugas itu tidak Anda pegang hari ini."), fix=_("Pilih tugas dari daftar."))
    if before is not None and before.pk != duty.pk:
        audit.record(
            "city.hat_changed", on=duty, by=request.user, at=at, opd_code=duty.opd.code,
            before=duty_words(before), after=duty_words(duty),
        )  # fmt: skip
    request.session[HAT] = duty.pk
    dress(request.user, request.session)
    return duty


def words_of(user: Any) -> str:
    """Plt. Kepala OPD · Dishub: the hat worn, as the frame and the audit log name it."""
    hat = access.hat_of(user)
    return duty_words(hat)[:HAT_MAX] if hat else ""


def frame_part(request: HttpRequest) -> dict[str, Any]:
    """The hats a person can change to, for the menu beside their name; nothing for who has only one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}

    def choices() -> list[tuple[int, str, bool]]:
        held, worn = access.duties_of(user), access.hat_of(user)
        return [(duty.pk, duty_words(duty), duty == worn) for duty in held] if len(held) > 1 else []

    return {"hats": SimpleLazyObject(choices), "hats_url": reverse("city:wear")}
