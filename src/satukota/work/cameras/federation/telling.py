"""What two installations tell each other, as shapes that are checked on arrival."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeVar

from django.utils.translation import gettext as _
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from satukota.rules.availability import read_week
from satukota.shared.monitoring.models import Verdict

from .asking import PeerSilent

Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x20/?#]+$")]
Words = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
Number = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]
MOST_LOANS, MOST_CAMERAS, MOST_LOOKS = 200, 5_000, 500


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class CameraTold(_Told):
    """A camera that is lent now, as its owner's register and last look say."""

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[^\x00]+$")]
    kind: Annotated[str, StringConstraints(max_length=5)] = "fixed"
    purpose: Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00]*$")] = ""
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    kelurahan: Annotated[str, StringConstraints(max_length=13, pattern=r"^[0-9.]*$")] = ""
    bearing_deg: Annotated[float, Field(ge=0, lt=360)] | None = None
    fov_deg: Annotated[float, Field(gt=0, le=360)] | None = None
    range_m: Annotated[float, Field(gt=0, le=100_000)] | None = None
    height_m: Annotated[float, Field(ge=0, le=1_000)] | None = None
    width: Annotated[int, Field(gt=0, le=100_000)] | None = None
    height: Annotated[int, Field(gt=0, le=100_000)] | None = None
    state: Annotated[str, StringConstraints(max_length=8)]
    cause: Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_]*$")] = ""
    looked_at: AwareDatetime | None = None

    @field_validator("state")
    @classmethod
    def _is_a_verdict(cls, state: str) -> str:
        if state not in Verdict.values:
            raise ValueError("no verdict")
        return state


class LoanTold(_Told):
    number: Number
    purposes: Annotated[list[Annotated[str, StringConstraints(max_length=30)]], Field(max_length=40)]
    hours: Annotated[list[tuple[str, str, str]], Field(max_length=100)]
    areas: Annotated[list[Annotated[str, StringConstraints(max_length=13)]], Field(max_length=1_000)]
    starts_on: date
    ends_on: date
    counts: bool
    revoked_at: AwareDatetime | None = None
    revoked_why: Words = ""
    cameras: Annotated[list[Code], Field(max_length=MOST_CAMERAS)]

    @field_validator("hours")
    @classmethod
    def _can_be_read(cls, hours: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        read_week([list(row) for row in hours])  # ValueError for what is no week
        return hours


class LendingTold(_Told):
    """Answer to GET /loans."""

    at: AwareDatetime
    time_zone: Annotated[str, StringConstraints(max_length=60)]
    loans: Annotated[list[LoanTold], Field(max_length=MOST_LOANS)]
    cameras: Annotated[list[CameraTold], Field(max_length=MOST_CAMERAS)]


class LookTold(_Told):
    """Somebody of ours looks at one of theirs. `person` is the same for the same person, and no name."""

    number: Annotated[int, Field(ge=1, lt=2**62)]
    camera: Code
    person: Annotated[str, StringConstraints(min_length=4, max_length=32, pattern=r"^[0-9a-f]+$")]
    role: Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00]*$")]
    office: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")]
    purpose: Annotated[str, StringConstraints(max_length=30, pattern=r"^[^\x00]*$")]
    opened_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    watched_s: Annotated[int, Field(ge=0, lt=2**31)] = 0
    times: Annotated[int, Field(ge=1, lt=2**31)] = 1


class LooksTold(_Told):
    """Body of POST /looks."""

    looks: Annotated[list[LookTold], Field(max_length=MOST_LOOKS)]


class StreamAsked(_Told):
    """Body of POST /streams."""

    camera: Code
    stream: Annotated[str, StringConstraints(max_length=4)] = "main"


class StreamTold(_Told):
    """Answer to it: where the hub is, and a ticket good once."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=300)]
    ticket: Annotated[str, StringConstraints(min_length=20, max_length=200)]


Shape = TypeVar("Shape", bound=_Told)


def read(shape: type[Shape], told: Any) -> Shape:
    """Raises PeerSilent for what is not of that shape."""
    try:
        return shape.model_validate(told)
    except ValidationError:
        raise PeerSilent(
            _("Jawaban instalasi itu tidak dapat dibaca."),
            fix=_("Periksa apakah kedua instalasi memakai versi yang sama."),
        ) from None


def plain(told: BaseModel) -> dict[str, Any]:
    """As JSON takes it."""
    return told.model_dump(mode="json")
