"""Builders: a desk with two operators and a supervisor, and its shifts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from satukota.city.tests.make import make_city, make_user
from satukota.shared.shifts import actions
from satukota.shared.shifts.models import Rota, Shift

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12.00 WITA: the day shift runs
HANDING = datetime(2026, 11, 22, 11, 50, tzinfo=UTC)  # 19.50, ten minutes before its end


class Desk:
    """People by role, and the rota planned two weeks ahead."""

    def __init__(self, weeks: int = 2, **rota: Any) -> None:
        self.city = make_city()
        opd = self.city.diskominfo
        self.first, self.second, self.third = (
            make_user("operator", opd, name=name) for name in ("sari", "yusuf", "ani")
        )
        self.supervisor, self.auditor = make_user("supervisor", opd), make_user("auditor", opd)
        self.stranger = make_user("operator", self.city.dishub)
        self.rota = add_rota(self, **rota)
        if weeks:
            actions.plan_ahead(self.rota.pk, weeks=weeks, by=self.supervisor, at=NOW)

    @property
    def shifts(self) -> list[Shift]:
        return list(self.rota.shifts.order_by("starts_at"))


def add_rota(desk: Any, **more: Any) -> Rota:
    given = {
        "name": "Meja komando", "pattern": "two_12", "per_shift": 1, "alarm_budget": 6,
        "operators": [desk.first.person.pk, desk.second.person.pk, desk.third.person.pk],
        "supervisors": [desk.supervisor.person.pk],
    } | more  # fmt: skip
    return actions.add_rota(opd_id=desk.city.diskominfo.pk, by=desk.supervisor, at=NOW, **given)


def names(shift: Shift) -> list[str]:
    return sorted(shift.operators.values_list("user__username", flat=True))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
