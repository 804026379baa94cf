"""What a supervisor fills in about desks, shifts and leave."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from satukota.base.page_frame.choosing import Choose
from satukota.city import access
from satukota.city.forms import RegisterForm, day, text
from satukota.city.models import Opd, Person
from satukota.city.roles import ROLES
from satukota.shared.shifts.actions import WEEKS_MOST
from satukota.shared.shifts.models import Rota, RotaMember


def staff() -> Any:
    """People with an account whose duties let them read the plan: only they can sign."""
    roles = [role.key for role in ROLES.values() if "shifts.view" in role.allows]
    return Person.objects.filter(user__is_active=True, duties__role__in=roles).distinct()


def people(label: Any, *, required: bool) -> forms.ModelMultipleChoiceField:
    return forms.ModelMultipleChoiceField(Person.objects.none(), label=label, required=required,
                                          widget=forms.SelectMultiple(attrs={"size": 8}))  # fmt: skip


class RotaForm(RegisterForm):
    name = text(80)
    pattern = forms.ChoiceField(choices=Rota.Pattern.choices, label=_("Pola"))
    per_shift = forms.IntegerField(min_value=1, max_value=50, label=_("Operator tiap giliran"))
    alarm_budget = forms.FloatField(
        min_value=0.1, max_value=1000, label=_("Anggaran alarm per operator per jam"),
        help_text=_("EEMUA 191: rata-rata satu alarm tiap sepuluh menit, jadi 6 sejam."),
    )  # fmt: skip
    operators = people(_("Operator"), required=True)
    supervisors = people(_("Supervisor"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("operators", "supervisors"):
            self.fields[name].queryset = staff()

    def values(self) -> dict[str, Any]:
        lists = {name: [row.pk for row in self.cleaned_data[name]] for name in ("operators", "supervisors")}
        return super().values() | lists


class RotaNew(RotaForm):
    opd_id = Choose(Opd.objects.none(), label=_("OPD"))
    field_order = ["opd_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opd_id"].queryset = access.visible(Opd.objects.all(), self.user, "shifts.plan", owner="pk")


class LeaveForm(RegisterForm):
    person_id = Choose(Person.objects.none(), label=_("Petugas"))
    from_on = day()
    to_on = day()
    reason = text(200, label=_("Alasan"))

    def __init__(self, *args: Any, rotas: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = RotaMember.objects.filter(rota__in=rotas)
        self.fields["person_id"].queryset = Person.objects.filter(pk__in=members.values("person"))


class WeeksForm(forms.Form):
    weeks = forms.IntegerField(min_value=1, max_value=WEEKS_MOST)


class SeatForm(forms.Form):
    people = forms.ModelMultipleChoiceField(Person.objects.all(), required=False)
    why = forms.CharField(max_length=200)


class SwapForm(forms.Form):
    asked = forms.IntegerField()
    in_return = forms.IntegerField(required=False)
