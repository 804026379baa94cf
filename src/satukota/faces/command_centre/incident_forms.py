"""What people type on incident pages. Filters live in the URL; a wrong value is said and left out."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from satukota.base import clock
from satukota.base.page_frame.choosing import Choose
from satukota.city.models import Kelurahan, Opd, Place
from satukota.shared.incidents import words
from satukota.shared.incidents.models import Incident
from satukota.shared.incidents.opening import LIVE, OPEN
from satukota.shared.monitoring import registry

STATES = {
    "": (_("Belum ditutup"), OPEN),
    "live": (_("Belum pulih"), LIVE),
    Incident.State.RECEIVED: (_("Diterima"), (Incident.State.RECEIVED,)),
    Incident.State.HANDLED: (_("Ditangani"), (Incident.State.HANDLED,)),
    Incident.State.RECOVERED: (_("Pulih"), (Incident.State.RECOVERED,)),
    Incident.State.CLOSED: (_("Ditutup"), (Incident.State.CLOSED,)),
    "all": (_("Semua"), tuple(Incident.State.values)),
}


class IncidentFilter(forms.Form):
    """The filter bar. `narrow` applies what was understood."""

    q = forms.CharField(required=False, max_length=80, strip=True)
    state = forms.ChoiceField(required=False, choices=[(key, name) for key, (name, _states) in STATES.items()])
    severity = forms.TypedChoiceField(
        required=False, coerce=int, choices=[("", _("Semua")), *reversed(Incident.Severity.choices)]
    )
    opd = forms.CharField(required=False, max_length=40)
    kelurahan = forms.CharField(required=False, max_length=13)
    kind = forms.CharField(required=False, max_length=20)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def narrow(self, rows: QuerySet[Incident]) -> QuerySet[Incident]:
        self.is_valid()  # what is wrong is shown beside the bar; the rest still counts
        wanted: dict[str, Any] = getattr(self, "cleaned_data", {})
        rows = rows.filter(state__in=STATES[wanted.get("state") or ""][1])
        exact = {
            "severity": wanted.get("severity"), "owner__code": wanted.get("opd"), "kind": wanted.get("kind"),
            "kelurahan__code": wanted.get("kelurahan"),
        }  # fmt: skip
        rows = rows.filter(**{field: value for field, value in exact.items() if value})
        if text := wanted.get("q"):
            rows = rows.filter(
                Q(number__icontains=text) | Q(title__icontains=text) | Q(place__name__icontains=text)
                | Q(closed_cause__icontains=text)
            )  # fmt: skip
        if since := wanted.get("since"):
            rows = rows.filter(opened_at__gte=datetime.combine(since, time.min, clock.local_zone()))
        if until := wanted.get("until"):
            rows = rows.filter(opened_at__lte=datetime.combine(until, time.max, clock.local_zone()))
        return rows

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    @property
    def has_more(self) -> bool:
        """Whether one of the filters that are folded away is in use."""
        return any(self.data.get(name) for name in ("kind", "opd", "kelurahan", "since", "until"))

    def kinds(self) -> list[tuple[str, str]]:
        known = [*registry.kinds(), "report"]
        return sorted(((kind, words.kind_words(kind)) for kind in known), key=lambda pair: pair[1])


class OpenForm(forms.Form):
    """An incident opened by a person; the action says the rest of what can be wrong."""

    title = forms.CharField(label=_("Apa yang terjadi, dalam satu kalimat"), max_length=200)
    severity = forms.TypedChoiceField(
        label=_("Tingkat"), coerce=int, choices=list(reversed(Incident.Severity.choices)), initial=2
    )
    target = forms.CharField(label=_("Kamera atau perangkat (kode)"), required=False, max_length=40)
    place = Choose(Place.objects.none(), label=_("Tempat"), required=False)
    kelurahan = Choose(Kelurahan.objects.none(), label=_("Kelurahan"), required=False)
    owner = Choose(
        Opd.objects.none(), label=_("OPD yang bertanggung jawab"), required=False,
        help_text=_("Kosongkan bila kode perangkat diisi."),
    )  # fmt: skip
    text = forms.CharField(label=_("Keterangan"), required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, owners: QuerySet[Opd], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = Place.objects.order_by("name")
        self.fields["kelurahan"].queryset = Kelurahan.objects.order_by("name")
        self.fields["owner"].queryset = owners
